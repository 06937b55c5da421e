"""Numbers in round brackets: marks of sources where they count up from 1, else values: `Norway (16)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_AND = r"\s{0,2}(?:,|;|&|and|und|et|[-–—])\s{0,2}"

_ROUND = re.compile(
    rf"(?:(?<=[^\W_]{{2}})|(?<=[^\W_][\"”’'*%)\]\s])|(?<=[\"”’'*%)\]]\s)|(?<=[.!?])|(?<=[.!?]\s))"
    rf"(?<!\bis\s)(?<!\bare\s)(?<!\bwas\s)(?<!\boption\s)(?<!\banswer\s)"
    rf"\(\#?(?P<numbers>\d{{1,2}}(?:{_AND}\d{{1,2}}){{0,12}})\)"
    rf"(?:(?=\s{{0,2}}(?:[.!?;:,。\n]|$))"
    rf"|(?<=[.!?][^\s]{{3}})(?=\s+[^\W\d_a-z]))"
)
"""Numbers in round brackets after a word and before or after a stop, e.g. `2023 (1).`, `it.(2) It`."""

_OF_A_SECTION = re.compile(
    r"(?:§{1,2}|\b(?:section|sec|article|art|paragraph|para|clause|rule|act|law|chapter|abschnitt|abs|absatz|artikel"
    r"|article|artículo|articolo|artigo|verse)s?\b\.?)\s{0,2}[\divxIVX.]{1,8}[a-z]?\s{0,2}$",
    re.IGNORECASE,
)
"""What a number in brackets is a part of, e.g. `section 4 `."""

_CLAUSE = re.compile(r"[^\W_]+")
"""A word, e.g. `it`."""

_IN_SENTENCE = re.compile(r"(?<=[^\W_]\s)\(\d{1,4}\)")
"""A number in brackets anywhere in a sentence, e.g. `chess (2) and go`; beside one that is no mark, none is."""

_FEWEST_WORDS = 3
"""Words a sentence or a clause has before its mark; fewer are a list with values: `Norway (1), Germany (2)`."""

_ENDED = re.compile(r"(?:[^\W_]{3}|\d)[\"”’)]?[.!?][\"”’)]?\s?$")
"""The end of a sentence right before, e.g. `in 1932. `; `i.e. ` is none."""

_STOP = re.compile(r"[.!?]\s|\n")
"""The end of the sentence before, e.g. `. `."""


class RoundMark(NamedTuple):
    """A mark in round brackets, and the numbers of the sources it points to."""

    start: int
    end: int
    sources: tuple[int, ...]


def round_marks(text: str) -> Iterator[RoundMark]:
    """Numbers in round brackets that can be nothing but marks: each after a clause, and from 1 on."""
    marks = []
    last = 0
    for match in _ROUND.finditer(text):
        clause = text[max(last, match.start() - 300) : match.start()]
        after_stop = _ENDED.search(clause) is not None
        before = clause if after_stop else _STOP.split(clause)[-1]
        last = match.end()
        if len(_CLAUSE.findall(before)) < _FEWEST_WORDS or _OF_A_SECTION.search(clause):
            return
        marks.append((match, after_stop))
    places = {match.start() for match, _ in marks}
    if any(number.start() not in places for number in _IN_SENTENCE.finditer(text)):
        return
    sources = [tuple(map(int, re.findall(r"\d+", match.group("numbers")))) for match, _ in marks]
    if all(after_stop for _, after_stop in marks) or _count_up({number for each in sources for number in each}):
        for (match, _), numbers in zip(marks, sources, strict=True):
            if list(numbers) == sorted(set(numbers)):
                yield RoundMark(*match.span(), numbers)


def _count_up(numbers: set[int]) -> bool:
    """Whether these are numbers of sources: 1 is among them, and at most two are left out."""
    return min(numbers, default=0) == 1 and max(numbers) <= len(numbers) + 2
