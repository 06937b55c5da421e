"""Values a text states (numbers, dates, money, names, …) and whether another text carries them."""

from judges.values.extract import Value, extract_values
from judges.values.index import ValueIndex, value_index

__all__ = ["Value", "ValueIndex", "extract_values", "value_index"]
