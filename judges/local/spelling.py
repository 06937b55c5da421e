"""Values that the evidence has in another spelling: their words are not new, though no text holds them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from assay.judges.local.ngrams import Grams, KnownGrams
from assay.judges.rubric import ValueKind
from assay.judges.text.words import word_ranges
from assay.judges.values import Value


class SharedGrams(NamedTuple):
    """For each gram of a sentence whether the evidence has it, those left out that say nothing."""

    pairs: list[bool]
    gaps: list[bool]
    triples: list[bool]


class Spelling(NamedTuple):
    """Words of a sentence that only spell a value of the evidence otherwise.

    Attributes:
        stems: of those that no text of the evidence holds, as `march` beside `2025-03-04`.
        places: of all words of carried values in the sentence, by number, names that are spelt the same left out.
        others: of those the words of values that hold a new word.
    """

    stems: AbstractSet[str] = frozenset()
    places: AbstractSet[int] = frozenset()
    others: AbstractSet[int] = frozenset()

    def shared(self, sentence: Grams, known: KnownGrams) -> SharedGrams:
        """Which grams of the sentence the evidence has.

        One that holds a word of another spelling says nothing of what is new, nor does one inside of a carried value.
        """
        return SharedGrams(
            self._kept([pair in known.pairs for pair in sentence.pairs], (0, 1)),
            self._kept([gap in known.gaps for gap in sentence.gaps], (0, 2)),
            self._kept([triple in known.triples for triple in sentence.triples], (0, 1, 2)),
        )

    def _kept(self, known: list[bool], offsets: Sequence[int]) -> list[bool]:
        if not self.places:
            return known
        return [is_known for start, is_known in enumerate(known) if is_known or not self._silent(start, offsets)]

    def _silent(self, start: int, offsets: Sequence[int]) -> bool:
        numbers = [start + offset for offset in offsets]
        return any(number in self.others for number in numbers) or all(number in self.places for number in numbers)


_AS_WRITTEN = Spelling()


def spelt_otherwise(
    carried: Sequence[Value],
    written: str,
    offset: int,
    stems: Sequence[str],
    known: AbstractSet[str],
) -> Spelling:
    """Find the words of carried values that the evidence spells otherwise.

    Args:
        carried: values of the sentence that the evidence states.
        written: the sentence, as its values were read.
        offset: where it begins in the response.
        stems: of its words.
        known: stems of the evidence.
    """
    if not carried or (known >= set(stems) and all(value.kind is ValueKind.NAME for value in carried)):
        return _AS_WRITTEN
    ranges = word_ranges(written, 0, len(written))
    starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
    places: set[int] = set()
    others: set[int] = set()
    for value in carried:
        own = range(bisect_left(starts, value.start - offset), bisect_right(ends, value.end - offset))
        if any(stems[number] not in known for number in own):
            others.update(own)
        if value.kind is not ValueKind.NAME:
            places.update(own)
    new = frozenset(stems[number] for number in others if stems[number] not in known)
    return Spelling(new, places | others, others)
