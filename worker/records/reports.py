"""Reports: what one piece of work came to, as counts that add up."""

from __future__ import annotations

from typing import Self

from assay.judges.schema import Record


class Report(Record):
    """Base of what use cases return: counts, flags and names of the configuration, never a trace's id or text.

    Every field has a default, which says that nothing of the kind happened.
    """

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return self == type(self)()

    def __add__(self, other: Self) -> Self:
        """Both together: counts and tuples are added, a flag is set if either is."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in type(self).model_fields}
        return type(self)(**{name: a or b if isinstance(a, bool) else a + b for name, (a, b) in pairs.items()})
