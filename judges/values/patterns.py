"""Patterns of many words that cost little where none of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby


def one_of(listed: Iterable[str]) -> str:
    """A pattern of one of the words, the longest that fits. What follows it must keep it from ending inside a word.

    The words are grouped by their first letter: the engine tries the members of an alternative one by one, and most
    texts have another word there.
    """
    longest_first = sorted(set(listed), key=lambda word: (word[0], -len(word), word))
    groups = groupby(longest_first, key=lambda word: word[0])
    return f"(?:{'|'.join(_group(first, [word[1:] for word in words]) for first, words in groups)})"


def _group(first: str, rests: list[str]) -> str:
    return re.escape(first) + (re.escape(rests[0]) if len(rests) == 1 else f"(?:{'|'.join(map(re.escape, rests))})")
