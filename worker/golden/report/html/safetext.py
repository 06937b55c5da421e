"""Hostile text on a page: escaped, and with the characters that cannot be seen made visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, islice

from markupsafe import Markup, escape

_JOINERS = "\u200c\u200d"
"""Zero-width joiners: Persian, Indic scripts and emoji need them, and they hide and turn nothing."""

_MOST_LABELS = 24
_MORE = Markup('<span class="hidden-char">and {} more</span>')
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    """Text for an attribute or a title, where no markup is: hidden characters become their code points."""
    return shown(text).striptags()


def shown(text: str) -> Markup:
    """Text as markup that shows what is there, by name where a character is invisible or turns the writing around.

    Control and format characters, direction overrides, tag characters and selectors beyond the sixteenth (both used to
    hide instructions in plain sight) become labels; white space stays as it is.
    """
    return Markup("").join(_parts(text))


def _parts(text: str) -> Iterator[Markup]:
    for hidden, group in groupby(text.replace("\r\n", "\n"), _is_hidden):
        if not hidden:
            yield escape("".join(group))
            continue
        chars = "".join(group)
        told = 0
        for char, same in islice(groupby(chars), _MOST_LABELS):
            times = sum(1 for _ in same)
            told += times
            yield _label(char, times)
        if told < len(chars):
            yield _MORE.format(len(chars) - told)


@lru_cache(maxsize=4096)
def _is_hidden(char: str) -> bool:
    if char in "\n\t" or char in _JOINERS:
        return False
    return unicodedata.category(char) in _HIDDEN or 0xE0100 <= ord(char) <= 0xE01EF


@lru_cache(maxsize=4096)
def _label(char: str, times: int) -> Markup:
    count = f" ×{times}" if times > 1 else ""
    name = unicodedata.name(char, "control or unassigned character")
    label = Markup('<span class="hidden-char" title="{}">U+{:04X}{}</span>')
    return label.format(name.lower(), ord(char), count)
