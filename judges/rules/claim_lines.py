"""The lines a claim rests on: those it cites, or the passage that carries most of it, with their values read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from assay.judges.rules.value_conflicts import Line
from assay.judges.rules.value_segments import Parted, Told
from assay.judges.rules.value_slots import Slot, slots
from assay.judges.schema import Claim, Evidence, Sample
from assay.judges.text.passages import PassageIndex, passage_index
from assay.judges.text.restatements import content_stems
from assay.judges.values import Value, extract_values, value_index

ALIGNED = 0.5
"""Share of a claim's content words that a line must carry before its values are compared with the claim's."""

MOST_LINES = 8
"""Cited lines that are read as they are. A claim that cites more is held against the passage that carries most."""

VERBATIM = 0.9
"""Share for a claim and a line that are the same but for the values, both ways."""


class Aligned(NamedTuple):
    """A line a claim rests on: the share of the claim's content words it carries, and of its own that the claim has."""

    line: Line
    coverage: float
    mutual: float

    @property
    def is_verbatim(self) -> bool:
        """Whether the two say nearly the same in the same words."""
        return self.coverage >= VERBATIM and self.mutual >= VERBATIM


_Key = tuple[int, int, int]
"""Where a line stands: its context, start and end. Quicker to look up than the record."""


class ClaimLines:
    """The evidence of one response as its claims rest on it. What is costly is read when first asked for."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._lines: dict[_Key, Line] = {}
        self._told: dict[_Key, Told] = {}
        self._words: dict[_Key, frozenset[str]] = {}
        self._slots: dict[_Key, list[Slot]] = {}

    def aligned(self, claim: Claim, wanted: frozenset[str]) -> list[Aligned]:
        """The lines a claim rests on that say nearly the same.

        Args:
            claim: with the lines it cites.
            wanted: its content words, without its values.
        """
        if not wanted:
            return []
        cited = claim.evidence if len(claim.evidence) <= MOST_LINES else ()
        aligned = self._carrying(cited, wanted)
        if not aligned:
            match = self._passages.best(wanted)
            aligned = [] if match is None else self._carrying([self._passages.passages[match.passage].where], wanted)
        return aligned

    def near(self, lines: Sequence[Aligned], wanted: frozenset[str]) -> list[Told]:
        """These lines, and the passages that carry most of a claim, with their values."""
        keys = [_key(aligned.line.where) for aligned in lines]
        keys += [self._passages.passages[number][:3] for number in self._passages.most(wanted, MOST_LINES)]
        return [self._told_at(key) for key in dict.fromkeys(keys)]

    def slots(self, where: Evidence) -> list[Slot]:
        """The slots of a line's values."""
        key = _key(where)
        if key not in self._slots:
            text = self.text(where)
            self._slots[key] = slots(text, extract_values(text))
        return self._slots[key]

    def text(self, where: Evidence) -> str:
        """The text of a line."""
        return self._sample.contexts[where.context][where.start : where.end]

    def carry(self, lines: Sequence[Aligned], value: Value, before: str) -> bool:
        """Whether these lines have a value in some spelling."""
        return value_index(tuple(self.text(aligned.line.where) for aligned in lines)).carries(value, before)

    @cached_property
    def _passages(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _carrying(self, wheres: Iterable[Evidence], wanted: frozenset[str]) -> list[Aligned]:
        """The lines among these that say nearly the same. Those with too few of the words need not be read further."""
        near = [where for where in wheres if len(wanted & self._words_of(where)) >= ALIGNED * len(wanted)]
        return [line for where in near if (line := self._aligned(where, wanted)).coverage >= ALIGNED]

    def _aligned(self, where: Evidence, wanted: frozenset[str]) -> Aligned:
        line = self._line(where)
        values = frozenset(term for value in line.values for term in content_stems(value.text))
        stems = self._words_of(where) - values
        shared = len(wanted & stems)
        return Aligned(line, shared / len(wanted), shared / max(1, len(stems)))

    def _words_of(self, where: Evidence) -> frozenset[str]:
        key = _key(where)
        if key not in self._words:
            self._words[key] = content_stems(self.text(where))
        return self._words[key]

    def _line(self, where: Evidence) -> Line:
        key = _key(where)
        if key not in self._lines:
            self._lines[key] = Line(where, self.text(where))
        return self._lines[key]

    def _told_at(self, key: _Key) -> Told:
        if key not in self._told:
            context, start, end = key
            line = self._line(Evidence(context=context, start=start, end=end))
            self._told[key] = Told(line.where, Parted(line.text, lambda: line.values))
        return self._told[key]


def _key(where: Evidence) -> _Key:
    return where.context, where.start, where.end
