"""Values a text states (numbers, dates, money, names, …) and whether another text carries or implies them."""

from assay.judges.values.arithmetic import is_derived, list_length
from assay.judges.values.extract import extract_amounts, extract_values
from assay.judges.values.index import ValueIndex, value_index
from assay.judges.values.operands import Operands
from assay.judges.values.relative_dates import meant_by, trace_date
from assay.judges.values.value import Value

__all__ = [
    "Operands",
    "Value",
    "ValueIndex",
    "extract_amounts",
    "extract_values",
    "is_derived",
    "list_length",
    "meant_by",
    "trace_date",
    "value_index",
]
