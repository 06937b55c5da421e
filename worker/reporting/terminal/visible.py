"""Foreign text made harmless for a terminal, character by character. It imports nothing: even error lines need it."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories of characters without a look of their own, e.g. Cc: escape, Cf: right-to-left override."""

_IGNORABLE = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))
"""Code points that no terminal shows, assigned or not, e.g. the tags and selectors used to hide text in plain sight.

Other unassigned ones are shown as they are: this Python may be older than an emoji.
"""

_JOINERS = "\u200c\u200d"
"""Zero-width joiners. Persian, Indic scripts and emoji need them, and they hide and turn nothing."""


def is_hidden(char: str) -> bool:
    """Whether a terminal obeys a character, or does not show it. Line feeds and tabs are neither."""
    if char in "\n\t" or char in _JOINERS:
        return False
    return unicodedata.category(char) in _HIDDEN or any(ord(char) in block for block in _IGNORABLE)


def visible(text: str) -> str:
    """Text that cannot drive a terminal: characters it would obey, or not show, stand there by their number.

    Example: the escape character becomes `⟨U+001B⟩`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"⟨U+{ord(char):04X}⟩" if is_hidden(char) else char for char in text)
