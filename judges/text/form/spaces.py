"""Spaces over a stretch of text, so that what is left keeps its offsets and its lines."""

from __future__ import annotations

LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
"""Characters that end a line, as `str.splitlines` has them."""


def blank(shown: list[str], start: int, end: int) -> None:
    """Put spaces over a stretch. Line ends stay, so that lines are still lines."""
    for place in range(start, end):
        if shown[place] not in LINE_ENDS:
            shown[place] = " "
