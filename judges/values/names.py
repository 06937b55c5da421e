"""Names: capitalised words that no sentence start or heading explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.text.words import STOP_WORDS, WordTable, word_set

_CAPITAL = r"[^\W\d_a-zß-öø-ÿа-яёα-ω]"
_WORD = rf"{_CAPITAL}[\w’'&-]{{0,39}}"
_SEQUENCE = re.compile(
    rf"{_CAPITAL}(?<![\w’'@/#.&-].)[\w’'&-]{{0,39}}"
    rf"(?:(?:[ ]|[ ](?:of|the|de|la|van|von|der|du|al|bin)[ ]){_WORD}){{0,7}}"
)
"""Capitalised words in a row, small words of names between them: `Bank of England`.

The look-behind comes after the capital, over two characters, so that the engine can skip to capitals at once.
"""

_PART = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*")
"""One word of a name: `O'Neill`."""

_BEFORE_FIRST = re.compile(
    r"(?:^|[.!?:;…\n\r|>•*#\"“”(\[{'‘/\\-])[\s\"“‘*_#>(\[-]{0,8}(?:\d{1,3}[.)]\s{0,3})?[*_\"“]{0,3}$"
)
"""What stands before a word that begins a sentence, cell, item or quotation: `It rains. `."""

_GERMAN = word_set("der das und ist nicht ein eine einen einer mit von zu den dem für auf auch sich wird werden sind")
_IS_TELLING = WordTable(lambda word: word.lower() not in STOP_WORDS)

_MOSTLY_CAPITALS = 0.6
_LOOKBACK = 16
_LINE = 400


def names(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the names in `text`.

    A capitalised word at the start of a sentence, cell, list item or quotation is no evidence of a name and is left
    out. Lines in which nearly every word is capitalised (headings, labels) are left out altogether. So is text
    where capitals are the rule, as in German.
    """
    if _capitals_are_the_rule(text):
        return
    headings: dict[int, bool] = {}
    for match in _SEQUENCE.finditer(text):
        if text[match.start()].islower():
            continue
        start, end = _without_first(text, match.start(), match.end())
        parts = list(_PART.finditer(text, start, end))
        while parts and not _IS_TELLING[parts[0].group()]:
            parts.pop(0)
        if parts and _is_name(parts) and not _in_heading(text, match.start(), headings):
            yield parts[0].start(), parts[-1].end()


def _without_first(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop the first word where only its position made it a capital. An acronym stays."""
    before = _just_before(text, start)
    follows_a_word = before[-1:] == " " and before[-2:-1].isalpha()
    if follows_a_word or not _BEFORE_FIRST.search(before):
        return start, end
    first = _PART.match(text, start, end)
    if first is None or (len(first.group()) > 1 and first.group().isupper()):
        return start, end
    return first.end(), end


def _just_before(text: str, start: int) -> str:
    """What stands before a word, a long gap as one space: a mark of form that was blanked hides no sentence's end."""
    end = start
    while end and text[end - 1] == " ":
        end -= 1
    gap = " " if end < start else ""
    return text[max(0, end - _LOOKBACK) : end] + gap


def _is_name(parts: list[re.Match[str]]) -> bool:
    """Whether something is left that names: more than one letter, not a single pronoun or initial."""
    return any(len(word := part.group()) > 1 and _IS_TELLING[word] for part in parts)


def _in_heading(text: str, position: int, known: dict[int, bool]) -> bool:
    """Whether the line around `position` is in title case. `known` keeps the answer per line."""
    # A line without an end in sight is cut into stretches, so that each is counted once in a text of one line.
    line_start = text.rfind("\n", max(0, position - _LINE), position) + 1 or max(0, position - position % _LINE)
    if line_start not in known:
        line_end = text.find("\n", line_start, line_start + _LINE)
        counts = _count_words(text[line_start : line_end if line_end >= 0 else line_start + _LINE])
        known[line_start] = counts.telling > 2 and counts.telling_capitals > 0.8 * counts.telling
    return known[line_start]


def _capitals_are_the_rule(text: str) -> bool:
    """Whether capitals say nothing here: German nouns, shouting, title case throughout."""
    counts = _count_words(text[:4000])
    if counts.alphabetic <= 8:
        return False
    return counts.german > 0.1 * counts.alphabetic or counts.alphabetic_capitals > _MOSTLY_CAPITALS * counts.alphabetic


class _WordCounts(NamedTuple):
    """Words that are no stop words, words of letters alone, how many of each begin with a capital, and German ones."""

    telling: int = 0
    telling_capitals: int = 0
    alphabetic: int = 0
    alphabetic_capitals: int = 0
    german: int = 0


def _count_words(text: str) -> _WordCounts:
    # Piece by piece between spaces, beyond which no word goes on: the same ones come again and again.
    counts = list(map(_COUNTS_OF_PIECES.__getitem__, text.split()))
    return _WordCounts(*map(sum, zip(*counts, strict=True))) if counts else _WordCounts()


def _count_in_piece(piece: str) -> _WordCounts:
    words = _PART.findall(piece)
    telling = [word for word in words if _IS_TELLING[word]]
    alphabetic = [word for word in words if word.isalpha()]
    return _WordCounts(
        len(telling),
        sum(word[0].isupper() for word in telling),
        len(alphabetic),
        sum(word[0].isupper() for word in alphabetic),
        sum(word.lower() in _GERMAN for word in alphabetic),
    )


_COUNTS_OF_PIECES = WordTable(_count_in_piece)
