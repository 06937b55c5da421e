"""Which placeholder stands for which private value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.judges.redaction.own_patterns import placeholder_of
from assay.judges.redaction.phone_numbers import PhoneBook
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.text.bounded_marks import normalized

_PLACEHOLDER = re.compile(
    r"(?<![^\W_])(?P<name>[a-z][a-z0-9_]{0,30}?)[ \u00a0]?[_\-‐‑–]{1,2}[ \u00a0]?0*(?P<number>\d{1,9})(?!\d)",
    re.IGNORECASE,
)
"""What is read as one of ours, e.g. `[EMAIL_1]` of a text that was redacted before, and `email_1` or `［EMAIL＿０１］`
of somebody who wants theirs to be taken for ours."""

_ODD = re.compile(r"[^\x00-\x7f]|[\\&%]")
"""What may stand for something else, e.g. `\\` in `EMAIL\\_1`."""


def _as_read(text: str) -> str:
    """The text in plain letters, without what nobody can see, and with escapes as what they say."""
    from assay.judges.redaction.reading import reading  # loads a good deal, and most deployments redact nothing

    return normalized("NFKC", reading(text).text) if _ODD.search(text) else text


class Placeholders:
    """Gives each value its placeholder, in the order in which values are met. None is given that a text has already."""

    def __init__(self, texts: Iterable[str], phone_book: PhoneBook | None = None) -> None:
        self._numbers: dict[str, int] = {}
        self._given: dict[tuple[str, str], str] = {}
        self._phone_book = phone_book or PhoneBook()
        for text in texts:
            for match in _PLACEHOLDER.finditer(_as_read(text)):
                name = match.group("name").lower()
                self._numbers[name] = max(self._numbers.get(name, 0), int(match.group("number")))

    def of(self, value: PrivateValue) -> str:
        """The placeholder of a value."""
        key = (value.kind, self._same_phone(value.key) if value.kind == "phone" else value.key)
        if key not in self._given:
            self._numbers[value.kind] = self._numbers.get(value.kind, 0) + 1
            self._given[key] = placeholder_of(value.kind, self._numbers[value.kind])
        return self._given[key]

    def _same_phone(self, key: str) -> str:
        """The number as the sample knows it: with the code of its country where a text says it. An extension stays."""
        number, sign, extension = key.partition("x")
        return f"{self._phone_book.name(number)}{sign}{extension}"
