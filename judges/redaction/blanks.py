"""A text with blank lines over values that were found."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.redaction.private_value import PrivateValue


def without(text: str, values: Iterable[PrivateValue]) -> str:
    """The text with blank lines over values: nothing else is found in them, or across them. All offsets stay."""
    pieces: list[str] = []
    position = 0
    for value in sorted(values, key=lambda value: value.start):
        if value.start >= position:
            pieces += (text[position : value.start], "\n" * (value.end - value.start))
            position = value.end
    return "".join((*pieces, text[position:])) if pieces else text
