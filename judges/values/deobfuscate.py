"""Text as a reader sees it: what hides or disguises a value is taken away, and every offset can be found again."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
"""Inside of a character class: characters that show nothing. Joiners are not among them, scripts need them."""

_WORDS_WITHOUT_SPACES = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"

_ODD = re.compile(
    rf"(?P<gone>(?:[{INVISIBLE}]|(?<=\d)[\u200c\u200d]+(?=\d)|(?<=[\d{INVISIBLE}])[\u0300-\u036f\u20d0-\u20f0]+)+)"
    r"|(?P<digit>(?![0-9])\d)"
    r"|(?P<sign>[＄％￡￥．，](?=\d)|(?<=\d)[％．，])"
    rf"|(?P<edge>(?<=\d)(?=[{_WORDS_WITHOUT_SPACES}])|(?<=[{_WORDS_WITHOUT_SPACES}])(?=\d))"
)
"""What is not shown as it is written, as `３０`. The group says what is done about it.

`gone`: characters that show nothing, as the zero-width space in `3\\u200b0`. `digit`: digits of other scripts, `３`.
`sign`: wide signs beside a digit, `％` in `5％`. `edge`: where a number meets a script without spaces, as in `30天`.
"""

_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
"""A run of characters beyond ASCII: `é`."""

_MAY_BE_ODD = re.compile(rf"[{INVISIBLE}\u200c\u200d\u0300-\u036f\u20d0-\u20f0＄％￡￥．，{_WORDS_WITHOUT_SPACES}]|\d")
"""A character without which nothing is odd, as `３`.

Most text beyond ASCII has only quotation marks, dashes and accents.
"""


class Visible(NamedTuple):
    """A text as a reader sees it.

    `origin` says where its pieces stand in the text it was made of, as (start here, start there), in order. None where
    it is that text. Inside a piece offsets run on. What replaces a character is a piece of its own.
    """

    text: str
    origin: list[tuple[int, int]] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where the stretch from `start` to `end` stands in the text this was made of."""
        if self.origin is None or start >= end:
            return start, end
        return _original(self.origin, start), _original(self.origin, end - 1) + 1


def _original(origin: Sequence[tuple[int, int]], offset: int) -> int:
    here, there = origin[bisect_right(origin, offset, key=itemgetter(0)) - 1]
    return there + offset - here


def visible(text: str) -> Visible:
    """The text without invisible characters, with ASCII digits, and a space between digits and scripts without spaces.

    `３０`, or 3 and 0 with a zero-width space between them, read as 30, and so does the number in `30天`. Text without
    any of these is given as it is.
    """
    pieces: list[str] = []
    origin: list[tuple[int, int]] = []
    position = length = 0
    for odd in _odd(text):
        start, end = odd.span()
        shown = _shown(odd)
        origin += ((length, position), (length + start - position, start))
        pieces += (text[position:start], shown)
        length += start - position + len(shown)
        position = end
    if not pieces:
        return Visible(text, None)
    return Visible("".join((*pieces, text[position:])), [*origin, (length, position)])


def _odd(text: str) -> Iterator[re.Match[str]]:
    """What is not shown as it is written. It is not ASCII or touches what is not, so ASCII is not searched."""
    for run in () if text.isascii() else _NON_ASCII.finditer(text):
        if _MAY_BE_ODD.search(run.group()):
            yield from _ODD.finditer(text, run.start(), run.end() + 1)


def _shown(odd: re.Match[str]) -> str:
    if odd.lastgroup == "digit":
        return str(unicodedata.decimal(odd.group()))
    if odd.lastgroup == "sign":
        return unicodedata.normalize("NFKC", odd.group())
    return " " if odd.lastgroup == "edge" else ""
