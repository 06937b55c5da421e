"""Whether a text really holds what a model quotes from it: white space, case, quotation marks, Unicode forms and a few
typos aside, but never a digit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from assay.judges.schema import Span

TYPO_EVERY = 20
"""Characters of a quotation that allow one typo, an edit of one character. Shorter ones must stand as they are."""

MOST_TYPOS = 3
LONGEST_INEXACT = 600
"""A longer quotation is no few words any more: typos in it are not looked for."""

_MOST_ANCHORS = 40
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "`": "'"})
_OUTER = "\"' .…"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"


def find_quote(quote: str, text: str) -> Span | None:
    """Where `text` holds `quote`. None where it does not, or where nothing is quoted."""
    wanted = "".join(char for char, _ in _folded(quote)).strip(_OUTER)
    if not wanted:
        return None
    folded = list(_folded(text))
    held = "".join(char for char, _ in folded)
    start = held.find(wanted)
    end = start + len(wanted)
    if start < 0:
        stretch = _with_typos(wanted, held)
        if stretch is None:
            return None
        start, end = stretch
    return Span(start=folded[start][1], end=folded[end - 1][1] + 1)


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """The characters that count, in one form and case, each with its place in the text. White space is one blank."""
    blank = True
    for place, char in enumerate(text.translate(_QUOTES)):
        if char.isspace():
            if not blank:
                yield " ", place
            blank = True
            continue
        for part in unicodedata.normalize("NFKD", char).casefold():
            if part not in _INVISIBLE:
                blank = part == " "
                yield part, place


def _with_typos(wanted: str, held: str) -> tuple[int, int] | None:
    """The stretch that differs from `wanted` by the few edits allowed.

    Of k + 1 pieces of the quotation, k edits leave one whole: only around the places of such a piece is compared.
    """
    most = min(MOST_TYPOS, len(wanted) // TYPO_EVERY)
    if not most or len(wanted) > LONGEST_INEXACT:
        return None
    size = len(wanted) // (most + 1)
    for number in range(most + 1):
        first = number * size
        piece = wanted[first : first + size if number < most else None]
        for place in _places(piece, held):
            begin = max(0, place - first - most)
            window = held[begin : place - first + len(wanted) + most]
            end = _end_of_match(wanted, window, most)
            length = end and _end_of_match(wanted[::-1], window[:end][::-1], most)
            if end and length:
                return begin + end - length, begin + end
    return None


def _places(piece: str, held: str) -> Sequence[int]:
    places: list[int] = []
    place = held.find(piece)
    while place >= 0 and len(places) < _MOST_ANCHORS:
        places.append(place)
        place = held.find(piece, place + 1)
    return places


def _end_of_match(wanted: str, window: str, most: int) -> int | None:
    """End of a stretch of `window` within `most` edits of `wanted` (Sellers 1980). None where there is none.

    An edit that would touch a digit costs more than all that are allowed.
    """
    forbidden = most + 1
    cost = [forbidden if char.isdigit() else 1 for char in wanted]
    column = [0]
    for step in cost:
        column.append(column[-1] + step)
    ends: list[tuple[int, int]] = []
    for place, char in enumerate(window, start=1):
        extra = forbidden if char.isdigit() else 1
        above = [0]
        for i, expected in enumerate(wanted, start=1):
            swap = column[i - 1] + (0 if expected == char else max(cost[i - 1], extra))
            above.append(min(swap, column[i] + extra, above[i - 1] + cost[i - 1]))
        column = above
        ends.append((column[-1], place))
    edits, end = min(ends, default=(forbidden, 0))
    return end if edits <= most else None
