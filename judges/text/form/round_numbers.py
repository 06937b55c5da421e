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

_MANY_WORDS = 8
"""Words of a clause after which a small number is a mark whatever else the text has in brackets."""

_MOST_SOURCES = 9
"""The largest number that is small."""

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
    """Numbers in round brackets that are marks: all after clauses, from 1 on, or each small and after a long clause."""
    marks = [_Candidate.of(match, clause) for match, clause in _with_clauses(text)]
    numbers = {number for mark in marks for number in mark.sources}
    places = {mark.start for mark in marks}
    others = any(match.start() not in places for match in _IN_SENTENCE.finditer(text))
    of_clauses = all(mark.words >= _FEWEST_WORDS and not mark.is_part for mark in marks) and not others
    are_sources = of_clauses and (all(mark.after_stop for mark in marks) or _count_up(numbers))
    for mark in marks:
        if list(mark.sources) == sorted(set(mark.sources)) and (are_sources or mark.is_beyond_doubt):
            yield RoundMark(mark.start, mark.end, mark.sources)


def _with_clauses(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Numbers in round brackets, each with what stands before it since the last one."""
    last = 0
    for match in _ROUND.finditer(text):
        yield match, text[max(last, match.start() - 300) : match.start()]
        last = match.end()


class _Candidate(NamedTuple):
    """What may be a mark, with the number of words before it."""

    start: int
    end: int
    sources: tuple[int, ...]
    words: int
    after_stop: bool
    is_part: bool

    @classmethod
    def of(cls, match: re.Match[str], clause: str) -> _Candidate:
        """Read the stretch before the number."""
        after_stop = _ENDED.search(clause) is not None
        before = clause if after_stop else _STOP.split(clause)[-1]
        sources = tuple(map(int, re.findall(r"\d+", match.group("numbers"))))
        return cls(*match.span(), sources, len(_CLAUSE.findall(before)), after_stop, bool(_OF_A_SECTION.search(clause)))

    @property
    def is_beyond_doubt(self) -> bool:
        """Whether a small number stands after a long clause: few sentences end with a count in brackets."""
        return not self.is_part and self.words >= _MANY_WORDS and max(self.sources) <= _MOST_SOURCES


def _count_up(numbers: set[int]) -> bool:
    """Whether these are numbers of sources: 1 is among them, and at most two are left out."""
    return min(numbers, default=0) == 1 and max(numbers) <= len(numbers) + 2
