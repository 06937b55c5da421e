"""Words that follow each other: the pairs and triples of a response, and which of them the evidence has too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Pair = tuple[str, str]
Triple = tuple[str, str, str]


class Grams(NamedTuple):
    """Words of a sentence that follow each other, in order, as their stems.

    Attributes:
        pairs: of neighbouring words.
        gaps: of words with one word between them.
        triples: of three words in a row.
    """

    pairs: list[Pair]
    gaps: list[Pair]
    triples: list[Triple]


def grams(stems: Sequence[str]) -> Grams:
    """The grams of a sentence."""
    return Grams(list(_pairs(stems)), list(_gaps(stems)), list(_triples(stems)))


class KnownGrams:
    """The grams of a response that the evidence has too. The evidence's own are many, and none of them is kept.

    Attributes:
        pairs: of neighbouring words.
        gaps: of words with one word between them.
        triples: of three words in a row.
    """

    def __init__(self, response: Iterable[Grams]) -> None:
        sentences = list(response)
        self._pairs = {pair for sentence in sentences for pair in sentence.pairs}
        self._gaps = {gap for sentence in sentences for gap in sentence.gaps}
        self._triples = {triple for sentence in sentences for triple in sentence.triples}
        self._begins: set[Pair] = set()
        self._ends: set[Pair] = set()
        self.pairs: set[Pair] = set()
        self.gaps: set[Pair] = set()
        self.triples: set[Triple] = set()

    def add(self, stems: Sequence[str]) -> None:
        """Read a text of the evidence."""
        if len(stems) > 1:
            self._begins.add((stems[0], stems[1]))
            self._ends.add((stems[-2], stems[-1]))
        self.add_pairs(stems)
        self.gaps |= self._gaps.intersection(_gaps(stems))
        self.triples |= self._triples.intersection(_triples(stems))

    def add_joints(self) -> None:
        """Take any text for the continuation of any other: those of a cut document are, and nobody says which."""
        firsts, seconds = {begin[0] for begin in self._begins}, {begin[1] for begin in self._begins}
        lasts, before = {end[1] for end in self._ends}, {end[0] for end in self._ends}
        self.pairs |= {pair for pair in self._pairs if pair[0] in lasts and pair[1] in firsts}
        self.gaps |= {
            (left, right)
            for left, right in self._gaps
            if (left in before and right in firsts) or (left in lasts and right in seconds)
        }
        self.triples |= {
            triple
            for triple in self._triples
            if (triple[:2] in self._ends and triple[2] in firsts) or (triple[0] in lasts and triple[1:] in self._begins)
        }

    def add_pairs(self, stems: Sequence[str]) -> None:
        """Read words of which only neighbours belong together."""
        self.pairs |= self._pairs.intersection(_pairs(stems))


# Long evidence has hundreds of thousands. They are only iterated over, and a tuple that nobody keeps is filled anew.


def _pairs(stems: Sequence[str]) -> Iterator[Pair]:
    return pairwise(stems)


def _gaps(stems: Sequence[str]) -> Iterator[Pair]:
    return zip(stems, stems[2:], strict=False)


def _triples(stems: Sequence[str]) -> Iterator[Triple]:
    return zip(stems, stems[1:], stems[2:], strict=False)
