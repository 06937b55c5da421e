"""The evidence cut into passages, and the passage that bears most on a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress
from typing import NamedTuple

from assay.judges.schema import Evidence
from assay.judges.text.sentences import sentence_ranges
from assay.judges.text.words import STOP_WORDS, stems_between, word_ranges

PASSAGE_WORDS = 45
"""Longest passage. A longer sentence (a JSON record, a table row) is cut into several."""

MOST_POSTINGS = 200
"""A stem in more passages than this says nothing about which of them a sentence rests on."""


class Passage(NamedTuple):
    """One passage: offsets into a context, and the stems of its words in order."""

    context: int
    start: int
    end: int
    stems: tuple[str, ...]

    @property
    def where(self) -> Evidence:
        """The pointer a claim keeps."""
        return Evidence(context=self.context, start=self.start, end=self.end)


class PassageMatch(NamedTuple):
    """The passage that bears most on a sentence, and the share of the sentence's weight that it carries.

    `nearby` is the share carried together with the passages before and after it in the same context. `window` holds
    the stems of all of these.
    """

    passage: int
    coverage: float
    nearby: float
    window: frozenset[str]


class _Edge(NamedTuple):
    """Whether a context begins with a passage, and whether it ends with it."""

    begins: bool
    ends: bool


def cut_passages(contexts: Sequence[str]) -> Iterator[Passage]:
    """Every word of every context, in passages of at most `PASSAGE_WORDS` words of one sentence."""
    for number, text in enumerate(contexts):
        for start, end in sentence_ranges(text):
            stems = tuple(stems_between(text, start, end))
            if len(stems) <= PASSAGE_WORDS:
                yield Passage(number, start, end, stems)
            else:
                yield from _divided(Passage(number, start, end, stems), word_ranges(text, start, end))


def _divided(whole: Passage, ranges: Sequence[tuple[int, int]]) -> Iterator[Passage]:
    """A sentence of more words than a passage may have, in several. `ranges` are the offsets of its words."""
    for first in range(0, len(ranges), PASSAGE_WORDS):
        after = first + PASSAGE_WORDS
        start = ranges[first][0] if first else whole.start
        end = ranges[after - 1][1] if after < len(ranges) else whole.end
        yield Passage(whole.context, start, end, whole.stems[first:after])


class PassageIndex:
    """Finds the passage that bears most on a sentence, in time that does not grow with the evidence.

    What is found depends on the text of the passages, not on the order of the contexts.
    """

    def __init__(
        self,
        passages: Iterable[Passage],
        weights: Mapping[str, float] | None = None,
        asked: Iterable[str] | None = None,
        *,
        continued: bool = False,
    ) -> None:
        """Index the passages.

        Args:
            passages: to be found.
            weights: how much a stem tells, 1 for each where it is None.
            asked: the only stems that will be asked for. Any where it is None.
            continued: whether a context may go on in another, as the pieces of a cut document do. Nobody says in
                which, so at the edge of a context the edge of another that carries most counts as its neighbour.
        """
        self.passages = list(passages)
        self._weights = weights
        self._edges = self._edge_passages() if continued else {}
        postings: dict[str, list[int]] = defaultdict(list)
        telling = None if asked is None else frozenset(asked) - STOP_WORDS
        for number, passage in enumerate(self.passages):
            for stem in frozenset(passage.stems) if telling is None else telling.intersection(passage.stems):
                postings[stem].append(number)
        self._stems = frozenset(postings)
        self._postings = {
            stem: posted
            for stem, posted in postings.items()
            if len(posted) <= MOST_POSTINGS and (telling is not None or stem not in STOP_WORDS)
        }

    def best(self, stems: Iterable[str], among: frozenset[int] | None = None) -> PassageMatch | None:
        """The passage that carries most of the weight of `stems`. None where none is shared.

        Args:
            stems: of the sentence.
            among: the only passages to consider. None for all.
        """
        gained: dict[int, float] = defaultdict(float)
        unique = sorted(set(stems))
        weights = [1.0] * len(unique) if self._weights is None else list(map(self._weights.__getitem__, unique))
        for posted, weight in zip(map(self.holding, unique), weights, strict=True):
            for number in posted if among is None else among.intersection(posted):
                gained[number] += weight
        if not gained:
            return None
        passage = self._first(gained)
        total = sum(weights)
        near = [*self.around(passage), *self._beyond(passage, gained)]
        window = frozenset().union(*(self.passages[number].stems for number in near))
        nearby = sum(compress(weights, map(window.__contains__, unique)))
        return PassageMatch(passage, gained[passage] / total, nearby / total, window)

    def lacks(self, stems: frozenset[str]) -> int:
        """How many of these stems stand in no passage. Of an index for some stems only, those are meant."""
        return len(stems - self._stems)

    def most(self, stems: Iterable[str], limit: int) -> list[int]:
        """The passages that hold most of the stems, at most so many, the fullest first, equals by their text."""
        held = Counter(chain.from_iterable(map(self.holding, set(stems))))
        full: Iterable[int] = held
        if len(held) > limit:
            least = sorted(held.values(), reverse=True)[limit - 1]
            full = [number for number, count in held.items() if count >= least]
        elif len(held) <= 1:
            return list(held)
        return sorted(full, key=lambda number: (-held[number], self.passages[number].stems))[:limit]

    def holding(self, stem_: str) -> Sequence[int]:
        """The passages that hold the stem. None where so many do that it tells nothing."""
        return self._postings.get(stem_, ())

    def around(self, passage: int) -> range:
        """The passage with its neighbours in the same context."""
        context = self.passages[passage].context
        last = len(self.passages) - 1
        first = passage - 1 if passage and self.passages[passage - 1].context == context else passage
        end = passage + 1 if passage < last and self.passages[passage + 1].context == context else passage
        return range(first, end + 1)

    def _edge_passages(self) -> dict[int, _Edge]:
        """The passages at which a context begins or ends."""
        last = len(self.passages) - 1
        contexts = [passage.context for passage in self.passages]
        begins = [not number or contexts[number - 1] != context for number, context in enumerate(contexts)]
        edges = ((number, _Edge(begin, number == last or begins[number + 1])) for number, begin in enumerate(begins))
        return {number: edge for number, edge in edges if any(edge)}

    def _beyond(self, passage: int, gained: Mapping[int, float]) -> Iterator[int]:
        """Where the context may go on before a passage that begins it and after one that ends it."""
        edge = self._edges.get(passage)
        if edge is None:
            return
        own = self.passages[passage].context
        others = {
            number: gain
            for number, gain in gained.items()
            if number in self._edges and self.passages[number].context != own
        }
        for is_open, end in ((edge.begins, "ends"), (edge.ends, "begins")):
            meeting = {number: gain for number, gain in others.items() if getattr(self._edges[number], end)}
            if is_open and meeting:
                yield self._first(meeting)

    def _first(self, gained: Mapping[int, float]) -> int:
        """The passage with the greatest gain. Among equals the shortest wins, then the first by text."""
        most = max(gained.values())
        equals = [number for number, gain in gained.items() if gain == most]
        return min(equals, key=self._rank) if len(equals) > 1 else equals[0]

    def _rank(self, number: int) -> tuple[int, tuple[str, ...], list[tuple[str, ...]], int]:
        stems = self.passages[number].stems
        return len(stems), stems, [self.passages[near].stems for near in self.around(number)], number


@lru_cache(maxsize=8)
def passage_index(contexts: tuple[str, ...]) -> PassageIndex:
    """The index of these contexts with equal weights. It is kept: every rule asks the evidence of one sample."""
    return PassageIndex(cut_passages(contexts))
