"""Which placeholder stands for which private value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.judges.redaction.own_patterns import placeholder_of
from assay.judges.redaction.private_value import PrivateValue

_PLACEHOLDER = re.compile(r"\[(?P<name>[A-Z][A-Z0-9_]{0,30})_(?P<number>\d{1,9})\]")
"""What looks like one of ours in a text that was redacted before, e.g. `[EMAIL_1]`."""

_FEWEST_DIGITS = 7
"""So many digits of two telephone numbers must be equal before one may be the other without its country's code."""


class Placeholders:
    """Gives each value its placeholder, in the order in which values are met. None is given that a text has already."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._numbers: dict[str, int] = {}
        self._given: dict[tuple[str, str], str] = {}
        self._phones: dict[str, list[str]] = {}
        for text in texts:
            for match in _PLACEHOLDER.finditer(text) if "[" in text else ():
                name = match.group("name").lower()
                self._numbers[name] = max(self._numbers.get(name, 0), int(match.group("number")))

    def of(self, value: PrivateValue) -> str:
        """The placeholder of a value."""
        key = (value.kind, self._same_phone(value.key) if value.kind == "phone" else value.key)
        if key not in self._given:
            self._numbers[value.kind] = self._numbers.get(value.kind, 0) + 1
            self._given[key] = placeholder_of(value.kind, self._numbers[value.kind])
        return self._given[key]

    def _same_phone(self, number: str) -> str:
        """The number itself, or how it was met first: with the code of its country, or without."""
        alike = self._phones.setdefault(number[-_FEWEST_DIGITS:], [])
        known = next((other for other in alike if is_same_phone(number, other)), None)
        if known is None:
            alike.append(number)
        return known or number


def is_same_phone(number: str, other: str) -> bool:
    """Whether two numbers are the same, e.g. `+49301234567` and `0301234567`."""
    if number == other:
        return True
    if number.startswith("+") == other.startswith("+"):
        return False
    whole, local = (number[1:], other) if number.startswith("+") else (other[1:], number)
    local = local.removeprefix("0")
    return len(local) >= _FEWEST_DIGITS and whole.endswith(local) and len(whole) - len(local) <= 3
