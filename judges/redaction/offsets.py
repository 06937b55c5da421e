"""Offsets of a redacted text, and of the text it was made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple


class Replaced(NamedTuple):
    """A placeholder in the redacted text, and the stretch that it stands for."""

    start: int
    end: int
    original_start: int
    original_end: int


class RedactedText(NamedTuple):
    """A text with placeholders, and where they are, in order."""

    text: str
    replaced: Sequence[Replaced] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of this text stands in the original. A placeholder counts as a whole."""
        if start >= end:
            here = self._place(start, is_end=False)
            return here, here
        return self._place(start, is_end=False), self._place(end, is_end=True)

    def _place(self, offset: int, *, is_end: bool) -> int:
        before = bisect_right(self.replaced, offset - is_end, key=lambda place: place.start)
        if not before:
            return offset
        place = self.replaced[before - 1]
        if offset - is_end < place.end:
            return place.original_end if is_end else place.original_start
        return offset + place.original_end - place.end
