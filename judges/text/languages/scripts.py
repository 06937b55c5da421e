"""The script a text is written in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from assay.judges.text.words import words

UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, kana and the ideographs."""

EAST_ASIAN = "CJK"
"""The name under which ideographs and kana count: Japanese mixes them in one word."""

_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"})
_MOST_CHARS = 2000
_ASCII_LETTER = re.compile("[a-zA-Z]")
"""Any letter of a text that is ASCII, as the `m` of `30 m`. Every letter stands in a word."""


def script(text: str) -> str | None:
    """The script of most words. None where a word mixes two, as look-alike letters do, or where there are none."""
    text = text[:_MOST_CHARS]
    if text.isascii():
        return "LATIN" if _ASCII_LETTER.search(text) else None  # as below, and in a fiftieth of the time
    count: dict[str, int] = {}
    for word, _, _ in words(text):
        scripts = {_script_of(char) for char in word if char.isalpha()}
        if len(scripts) > 1 and not scripts <= _EAST_ASIAN:
            return None
        for name in {EAST_ASIAN if name in _EAST_ASIAN else name for name in scripts}:
            count[name] = count.get(name, 0) + 1
    return max(sorted(count), key=count.__getitem__) if count else None


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str:
    """The first word of the character's name, which for letters is the script's."""
    return unicodedata.name(char, "?").split()[0]
