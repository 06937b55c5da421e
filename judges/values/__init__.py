"""Values a text states (numbers, dates, money, names, …) and whether another text carries or implies them."""

from judges.values.derive import Operands, is_derived, list_length
from judges.values.extract import Value, extract_values
from judges.values.index import ValueIndex, value_index
from judges.values.relative import meant_by, trace_date

__all__ = [
    "Operands",
    "Value",
    "ValueIndex",
    "extract_values",
    "is_derived",
    "list_length",
    "meant_by",
    "trace_date",
    "value_index",
]
