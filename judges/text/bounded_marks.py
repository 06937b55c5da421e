"""Unicode normal forms in time that grows with the text. All of Assay takes them from here.

Python puts the marks of one letter in order by comparing each with those before it. So a run of 40,000 marks takes over
a second, and one of 160,000 a minute, with every thread waiting. Unicode knows the problem: no language puts more than
a few marks on a letter, and its Stream-Safe Text Format (UAX #15, section 13) ends a run after 30.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

MOST_MARKS = 30
"""Marks in a row that are put in order together, as the Stream-Safe Text Format has it."""

_MARK = r"[^\w\s\x00-\x7f]|[\uff9e\uff9f]"
"""No letter, digit or blank, beyond ASCII, e.g. `\\u0301`: all marks, and signs, which no normal form moves.

The two letters are marks of voice in narrow Japanese script, and become marks.
"""

_NFC_MARK = r"[^\w\s\x00-\u02ff]"
"""What NFC may move, e.g. `\\u0301`, and signs."""

_RUN = re.compile(rf"(?:{_MARK}){{{MOST_MARKS}}}(?={_MARK})")
"""So many in a row, with another after them. Dashes do as well, e.g. `———————————————————————————————`."""

_LONG_RUN = re.compile(rf"{_NFC_MARK}{_NFC_MARK}{{{MOST_MARKS}}}")
"""More in a row than are put in order together, e.g. `———————————————————————————————`.

The first stands alone, as Python finds a class sooner than a run.
"""


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The normal form of a text. Nothing is lost: a run of marks is brought into order 30 at a time."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize(form, piece) for piece in _pieces(text))


def is_composed(text: str) -> bool:
    """Whether a text is in NFC already. For nearly every text one quick look at each character tells."""
    if text.isascii():
        return True
    pieces = _pieces(text) if _LONG_RUN.search(text) else (text,)
    return all(unicodedata.is_normalized("NFC", piece) for piece in pieces)


def _pieces(text: str) -> Iterator[str]:
    """The text cut where more marks follow each other than any language has."""
    start = 0
    for run in _RUN.finditer(text):
        yield text[start : run.end()]
        start = run.end()
    yield text[start:]
