"""The evidence cut into passages, and the passage that bears most on a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from judges.schema import Evidence
from judges.sentences import split_sentences
from judges.words import STOP_WORDS, stem, words

PASSAGE_WORDS = 45
"""Longest passage; a longer sentence (a JSON record, a table row) is cut into several."""

MOST_POSTINGS = 200
"""A stem in more passages than this says nothing about which of them a sentence rests on."""


class Passage(NamedTuple):
    """One passage: where it lies, and the stems of its words in order."""

    where: Evidence
    stems: tuple[str, ...]


class Match(NamedTuple):
    """The passage that bears most on a sentence, and the share of the sentence's weight that it carries.

    `nearby` is the share carried together with the passages before and after it.
    """

    passage: int
    coverage: float
    nearby: float


def cut_passages(contexts: Sequence[str]) -> Iterator[Passage]:
    """Every word of every context, in passages of at most `PASSAGE_WORDS` words of one sentence."""
    for number, text in enumerate(contexts):
        for span in split_sentences(text):
            found = [(stem(word), start, end) for word, start, end in words(text[span.start : span.end])]
            for first in range(0, len(found), PASSAGE_WORDS):
                part = found[first : first + PASSAGE_WORDS]
                start = span.start if first == 0 else span.start + part[0][1]
                end = span.end if first + PASSAGE_WORDS >= len(found) else span.start + part[-1][2]
                yield Passage(Evidence(context=number, start=start, end=end), tuple(item[0] for item in part))


class PassageIndex:
    """Finds the passage that bears most on a sentence, in time that does not grow with the evidence."""

    def __init__(self, passages: Iterable[Passage], weights: Mapping[str, float] | None = None) -> None:
        """Index the passages; `weights` says how much a stem tells, 1 for each where it is None."""
        self.passages = list(passages)
        self._weights = weights
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(self.passages):
            for one in dict.fromkeys(passage.stems):
                if one not in STOP_WORDS:
                    self._postings[one].append(number)

    def best(self, stems: Iterable[str]) -> Match | None:
        """The passage that carries most of the weight of `stems`; the first of equals. None where none is shared."""
        gained: dict[int, float] = defaultdict(float)
        unique = sorted(set(stems))
        for one in unique:
            posted = self._postings.get(one, ())
            if len(posted) <= MOST_POSTINGS:
                weight = self._weight(one)
                for number in posted:
                    gained[number] += weight
        if not gained:
            return None
        passage = min(gained, key=lambda number: (-gained[number], number))
        total = sum(self._weight(one) for one in unique)
        around = {one for near in self.passages[max(0, passage - 1) : passage + 2] for one in near.stems}
        nearby = sum(self._weight(one) for one in unique if one in around)
        return Match(passage, gained[passage] / total, nearby / total)

    def _weight(self, one: str) -> float:
        return 1.0 if self._weights is None else self._weights[one]
