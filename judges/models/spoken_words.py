"""The words of errors and of texts, made alike so that they can be compared."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

from assay.judges.text.bounded_marks import normalized

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Characters that nobody sees, e.g. `\\u200b`, with which a word would be no word."""

_QUOTES = re.compile(r"[`\"'\u2018\u2019\u201c\u201d*]")
"""Quotation marks of all kinds, e.g. `"`."""

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
"""A word, e.g. `model`. Of scripts that write no spaces each character is one."""

LINE_END = "\ue001"
"""Stands for the end of a line in marked words."""

SEPARATOR = re.compile(r"[\ue001:;.!?=|<>()\[\]{}\"\u201c\u201d\u00ab\u00bb\u3002\uff01\uff1f\uff1a]+")
"""What ends a sentence, a line or a label, e.g. `.`"""


def marked_words(text: str) -> str:
    """Lower case on one line, without escapes, but with quotation marks: `The "Model"` is `the "model"`."""
    text = unquote(text) if re.search(r"%[0-9A-Fa-f]{2}", text) else text
    text = html.unescape(text) if "&" in text else text
    text = _INVISIBLE.sub("", normalized("NFKC", text))
    text = re.sub(r"\\+([\"'])", r"\1", text)
    text = re.sub(r"\\+(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrt/])", " ", text)
    return " ".join(text.lower().split())


def unmarked(marked: str) -> str:
    """The same without quotes."""
    return " ".join(_QUOTES.sub("", marked).split())


def plain_words(text: str) -> str:
    """Lower case on one line, without escapes and quotes: `The 'max_tokens'` is `the max_tokens`."""
    return unmarked(marked_words(text))


def letters_of(text: str) -> str:
    """The letters and digits of a text, without case."""
    return re.sub(r"[\W_]+", "", text.casefold())


def word_places(marked: str) -> list[tuple[str, int, int]]:
    """The words of a text, and where each begins and ends."""
    return [(match.group(), match.start(), match.end()) for match in _WORD.finditer(marked)]


def words_of(marked: str) -> list[str]:
    """The words of a text alone."""
    return _WORD.findall(marked)
