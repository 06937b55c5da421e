"""One value a text states."""

from __future__ import annotations

from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.schema import Span


class Value(NamedTuple):
    """One value a text states. Two spellings of the same value have the same `normal`.

    `normal` is `1000` for numbers, `5 %`, `1000 EUR`, `2021-03-05` (dashes for parts not stated), `T17:30` for a time
    of day (`T05:30~` where it may mean either half) and the text in lower case for names and identifiers. `unit` is
    the unit of measurement of a number, as `units.py` names it. Empty where it has none. `shared` is another
    normal form, with the magnitude at the end of the range it begins: `5-10 million` may begin at 5 or at 5 million.
    `falls` says that words beside it tell of a fall: `fell by 5 %` may be `-5 %`. Only `extract_values` looks for them.
    """

    kind: ValueKind
    text: str
    normal: str
    start: int
    unit: str = ""
    shared: str = ""
    falls: bool = False

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(start=self.start, end=self.end)


AMOUNTS = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT})
"""Kinds of values to calculate with."""
