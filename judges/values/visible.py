"""Text as a reader sees it: what hides or disguises a value is taken away, and every offset can be found again."""

from __future__ import annotations

import re
import unicodedata
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

_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_MAY_BE_ODD = re.compile(rf"[{INVISIBLE}\u200c\u200d\u0300-\u036f\u20d0-\u20f0＄％￡￥．，{_WORDS_WITHOUT_SPACES}]|\d")
"""A character without which nothing is odd. Most text beyond ASCII has only quotation marks, dashes and accents."""


class Visible(NamedTuple):
    """A text as a reader sees it; `origin[i]` is where its character `i` stands in the text it was made of."""

    text: str
    origin: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where the stretch from `start` to `end` stands in the text this was made of."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def visible(text: str) -> Visible:
    """The text without invisible characters, with ASCII digits, and a space between digits and scripts without spaces.

    `３０`, or 3 and 0 with a zero-width space between them, read as 30, and so does the number in `30天`; text without
    any of these is given as it is.
    """
    if text.isascii() or _MAY_BE_ODD.search("".join(_NON_ASCII.findall(text))) is None or _ODD.search(text) is None:
        return Visible(text, None)
    pieces: list[str] = []
    origin: list[int] = []
    position = 0
    for odd in _ODD.finditer(text):
        start, end = odd.span()
        shown = _shown(odd)
        pieces += (text[position:start], shown)
        origin.extend(range(position, start))
        origin.extend([start] * len(shown))
        position = end
    pieces.append(text[position:])
    origin.extend(range(position, len(text)))
    return Visible("".join(pieces), origin)


def _shown(odd: re.Match[str]) -> str:
    if odd.lastgroup == "digit":
        return str(unicodedata.decimal(odd.group()))
    if odd.lastgroup == "sign":
        return unicodedata.normalize("NFKC", odd.group())
    return " " if odd.lastgroup == "edge" else ""
