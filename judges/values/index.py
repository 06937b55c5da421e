"""Whether a text carries a value: compares normal forms, tolerating spelling, rounding and partial dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from itertools import islice

from judges.rubric import ValueKind
from judges.values.dates import same_date
from judges.values.extract import Value, measured_values
from judges.values.names import names
from judges.words import STOP_WORDS, stem, words

_APPROXIMATE = re.compile(
    r"(?:about|around|approximately|approx\.?|roughly|nearly|almost|over|more than|less than|under|some|circa|close to"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
MOST_VALUES = 100_000
"""Values read from one set of texts; of what lies beyond, only the digits are known: enough to carry a number."""

_ROUNDING = Decimal("0.05")
_DIGIT_RUN = re.compile(r"\d{1,30}")


class ValueIndex:
    """The values of the texts that may carry what a response states."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        self._normals: set[str] = set()
        self._amounts: set[str] = set()
        self._dates: set[str] = set()
        self._measured: set[str] = set()
        self._date_known: dict[str, bool] = {}
        stated = (value for text in self._texts for value in measured_values(text))
        for value in islice(stated, MOST_VALUES):
            self._add(value)

    def _add(self, value: Value) -> None:
        self._normals.add(value.normal)
        if value.kind is ValueKind.DATE:
            self._dates.add(value.normal)
        elif value.kind is not ValueKind.IDENTIFIER:
            amount, _, unit = value.normal.partition(" ")
            self._amounts.add(amount)
            if unit:
                self._measured.add(amount)

    @cached_property
    def _words(self) -> set[str]:
        """All words, and their stems."""
        found = {word for text in self._texts for word, _, _ in words(text)}
        return found | {stem(word) for word in found}

    @cached_property
    def _digit_runs(self) -> set[str]:
        """All runs of digits, also inside codes and dates."""
        return {run for text in self._texts for run in _DIGIT_RUN.findall(text)}

    @cached_property
    def _folded(self) -> str:
        """All texts in one case, for what only a literal search finds."""
        return "\n".join(self._texts).casefold()

    @cached_property
    def _initials(self) -> set[str]:
        """Initials of the capitalised sequences, for acronyms the texts spell out."""
        found = (text[start:end].casefold().split() for text in self._texts for start, end in names(text))
        return {"".join(part[0] for part in parts if part not in STOP_WORDS) for parts in found}

    def carries(self, value: Value, before: str = "") -> bool:
        """Whether the indexed texts state `value`.

        Args:
            value: from the response.
            before: the response's text just before it; after `about` a rounded value is enough.
        """
        if value.normal in self._normals:
            return True
        if value.kind is ValueKind.NAME:
            return self._carries_name(value)
        if value.kind is ValueKind.IDENTIFIER:
            return value.normal in self._folded
        if value.kind is ValueKind.DATE:
            if value.normal not in self._date_known:
                self._date_known[value.normal] = self._carries_date(value.normal)
            return self._date_known[value.normal]
        return self._carries_amount(value, before)

    def _carries_name(self, value: Value) -> bool:
        """Each word of the name occurs somewhere, or the acronym's letters are a name's initials."""
        missing = [
            word
            for word, _, _ in words(value.text)
            if word not in STOP_WORDS and word not in self._words and stem(word) not in self._words
        ]
        if not missing:
            return True
        return all(word in self._initials or (len(word) > 3 and word in self._folded) for word in missing)

    def _carries_date(self, date: str) -> bool:
        """The date, or each of its parts somewhere: `March 2021` beside `the 3rd of March`, `2021` as a number."""
        if date[4:] == "------" and (date[:4] in self._digit_runs or date[:4] in self._amounts):
            return True
        if any(same_date(date, other) for other in self._dates):
            return True
        if "?" in date or "-" in (date[0], date[5]):
            return False
        year, rest = f"{date[:4]}------", f"-----{date[5:]}"
        return self._carries_date(year) and any(same_date(rest, other) for other in self._dates)

    def _carries_amount(self, value: Value, before: str) -> bool:
        """The same amount without a unit, the same digits anywhere, or near enough where the response says `about`."""
        amount, _, unit = value.normal.partition(" ")
        if amount in self._normals or (amount in self._amounts and not unit):
            return True
        if unit and amount in self._measured:
            return False  # the same amount, but of something else
        if amount in self._digit_runs or f"{amount}------" in self._dates:
            return True
        return bool(_APPROXIMATE.search(before[-20:])) and self._near(amount)

    def _near(self, amount: str) -> bool:
        """Whether an amount within 5 % is stated."""
        try:
            wanted = Decimal(amount)
            return any(abs(Decimal(other) - wanted) <= _ROUNDING * abs(wanted) for other in self._amounts)
        except InvalidOperation:
            return False


@lru_cache(maxsize=16)
def value_index(texts: tuple[str, ...]) -> ValueIndex:
    """The index of these texts; the last few are kept, as a judge and the rules after it ask for the same evidence."""
    return ValueIndex(texts)
