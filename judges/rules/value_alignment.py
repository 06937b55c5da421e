"""The lines a claim rests on, and the value they have in the place of the claim's.

Compared are the lines the claim cites, or the passage that carries most of it, never a number anywhere in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.rules.value_conflicts import Conflict, Fit, Line, Place, amount, in_its_place, places
from assay.judges.rules.value_slots import Slot, is_same_slot, slots
from assay.judges.schema import Claim, Evidence, Sample
from assay.judges.text.passages import PassageIndex, passage_index
from assay.judges.text.restatements import content_stems
from assay.judges.values import Value, extract_values, value_index

ALIGNED = 0.5
"""Share of a claim's content words that a line must carry before its values are compared with the claim's."""

CLOSELY_ALIGNED = 0.75
"""The same where the claim's value stands elsewhere in the evidence."""

MOST_LINES = 8
"""Cited lines that are read as they are. A claim that cites more is held against the passage that carries most."""

VERBATIM = 0.9
"""The same for a claim and a line that are the same but for the values, both ways: then one word less must agree."""

PLACED = 3
"""Likeness of places from which a value that nobody gave the response is in conflict with another one."""

SURELY_PLACED = 4
"""The same for a value that the evidence states elsewhere: both nearest words, or one and all of the other side."""

CERTAINLY_PLACED = 5
"""The same where the line itself states the claim's value, too: both nearest words and a further one."""

LIKELY_BETTER = 2
"""By how much another value must fit the place better than the claim's own, which the evidence states elsewhere, before
the claim is in doubt. Of 1,500 sentences of RAGTruth that nobody marked that is so of 0.5 %, and of a fifth of those
with another number of the evidence (`python -m benchmarks.planted_errors`, 2026-11-29)."""

LEAST_WORDS = 4
"""Content words of a claim from which on it says nearly the same as a line by more than chance."""

_APPROXIMATE = re.compile(
    r"(?:about|around|approx\w*|roughly|nearly|almost|over|more than|less than|under|at least|at most|up to|some|circa"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is no exact one, e.g. `over `: another value beside it may still be right."""


class Aligned(NamedTuple):
    """A line a claim rests on: the share of the claim's content words it carries, and of its own that the claim has."""

    line: Line
    coverage: float
    mutual: float

    @property
    def is_verbatim(self) -> bool:
        """Whether the two say nearly the same in the same words."""
        return self.coverage >= VERBATIM and self.mutual >= VERBATIM


class Alignment:
    """Claims of one response beside the lines they rest on.

    Args:
        sample: the response with its evidence.
        read: the response without its form.
        is_foreign: whether nobody gave the response a value.
    """

    def __init__(self, sample: Sample, read: str, is_foreign: Callable[[Value], bool]) -> None:
        self._sample = sample
        self._read = read
        self._is_foreign = is_foreign
        self._lines: dict[Evidence, Line] = {}
        self._slots_of: dict[Evidence, list[Slot]] = {}

    def conflict(self, claim: Claim, own: Sequence[Value], stated: Sequence[Value]) -> Conflict | None:
        """The first value of the claim in whose place the lines it rests on have another one.

        Args:
            claim: with the lines it cites.
            own: its values to ask for.
            stated: all its values.
        """
        text = self._read[claim.span.start : claim.span.end]
        amounts = [value for value in stated if value.kind is not ValueKind.NAME]
        wanted = content_stems(text) - {term for value in amounts for term in content_stems(value.text)}
        lines = self._aligned(claim, wanted)
        if not lines or self._is_code(claim):
            return None
        moved = [value._replace(start=value.start - claim.span.start) for value in stated]
        claimed = dict(zip(stated, places(text, moved), strict=True))
        own_slots = {slot.value: slot for slot in slots(text, moved)}
        likely: Conflict | None = None
        for value in own:
            place = claimed[value]
            beside = [other for other in claimed.values() if other is not place]
            slot = own_slots.get(place.value)
            conflict = (
                self._proven_conflict(value, place, lines, beside)
                or (slot and len(wanted) >= LEAST_WORDS and self._slot_conflict(value, slot, lines))
                or self._likely_conflict(value, place, lines, beside)
            )
            if conflict and self._is_said(value, place, slot, beside, wanted):
                continue
            if conflict and conflict.is_proven:
                return conflict
            likely = likely or conflict
        return likely

    def _proven_conflict(
        self, value: Value, claimed: Place, lines: Sequence[Aligned], beside: Sequence[Place]
    ) -> Conflict | None:
        """Another value in the place of this one, where nothing speaks for the claim's own."""
        foreign = self._is_foreign(value)
        near = [line for line in lines if foreign or line.coverage >= CLOSELY_ALIGNED]
        fit = in_its_place(claimed, [aligned.line for aligned in near], beside)
        if fit.own_score < 0 and self._is_carried(value, near):
            return None
        return fit.conflict(value) if self._is_proven(value, fit, near, foreign=foreign) else None

    def _likely_conflict(
        self, value: Value, claimed: Place, lines: Sequence[Aligned], beside: Sequence[Place]
    ) -> Conflict | None:
        """A value that fits the place better than the claim's, which the evidence states, but elsewhere."""
        if self._is_foreign(value) or not self._is_stated(value):
            return None
        fit = in_its_place(claimed, [aligned.line for aligned in lines], beside)
        if fit.other is None or fit.line is None or fit.other_score < fit.own_score + LIKELY_BETTER:
            return None
        if self._is_approximate(fit.line.where, fit.other):
            return None
        if fit.own_score < 0 and self._is_carried(value, lines):
            return None
        return fit.conflict(value, is_proven=False)

    def _is_proven(self, value: Value, fit: Fit, near: Sequence[Aligned], *, foreign: bool) -> bool:
        if fit.line is None or fit.other is None or fit.own_score + 1 >= fit.other_score:
            return False
        is_verbatim = next(aligned.is_verbatim for aligned in near if aligned.line is fit.line)
        least = PLACED if foreign else SURELY_PLACED if fit.own_score < 0 else CERTAINLY_PLACED
        if fit.other_score < least - is_verbatim or (fit.own_score > 1 and not is_verbatim):
            return False
        if self._is_approximate(fit.line.where, fit.other):
            return False
        return foreign or value_index(self._sample.contexts).states(value) or amount(value) == amount(fit.other)

    def _slot_conflict(self, value: Value, own: Slot, lines: Sequence[Aligned]) -> Conflict | None:
        """Another value between the same words of a line that says nearly the same."""
        before = self._before(value)
        told = [(line.line.where, slot) for line in lines if line.is_verbatim for slot in self._slots(line.line.where)]
        told = [(where, slot) for where, slot in told if is_same_slot(own, slot)]
        if not told or any(slot.carries(value, before) for _, slot in told):
            return None
        where, slot = told[0]
        return Conflict(value, slot.value, where, is_proven=not self._is_approximate(where, slot.value))

    def _is_said(
        self, value: Value, claimed: Place, own: Slot | None, beside: Sequence[Place], wanted: frozenset[str]
    ) -> bool:
        """Whether another passage has the value in its place: two may tell two numbers."""
        near = [self._passages.passages[number].where for number in self._passages.most(wanted, MOST_LINES)]
        lines = [self._line(where, wanted) for where in near]
        before = self._before(value)
        if own and any(
            is_same_slot(own, slot) and slot.carries(value, before)
            for line in lines
            for slot in self._slots(line.line.where)
        ):
            return True
        fit = in_its_place(claimed, [line.line for line in lines], beside)
        return fit.own_score >= max(2, fit.other_score)

    def _slots(self, where: Evidence) -> list[Slot]:
        if where not in self._slots_of:
            text = self._text(where)
            self._slots_of[where] = slots(text, extract_values(text))
        return self._slots_of[where]

    def _before(self, value: Value) -> str:
        """What the response writes before a value."""
        return self._read[max(0, value.start - 20) : value.start]

    def _is_carried(self, value: Value, lines: Sequence[Aligned]) -> bool:
        """Whether these lines have the value in another spelling."""
        texts = tuple(self._text(aligned.line.where) for aligned in lines)
        return value_index(texts).carries(value, self._before(value))

    def _is_stated(self, value: Value) -> bool:
        """Whether the evidence states the value: what is worked out from it has no place there."""
        return value_index(self._sample.contexts).carries(value, self._before(value))

    def _is_code(self, claim: Claim) -> bool:
        """Whether a claim stands in a block of code, where values are often examples."""
        return self._sample.response.count("```", 0, claim.span.start) % 2 == 1

    def _is_approximate(self, where: Evidence, value: Value) -> bool:
        return _APPROXIMATE.search(self._text(where)[: value.start][-20:]) is not None

    def _aligned(self, claim: Claim, wanted: frozenset[str]) -> list[Aligned]:
        """The lines a claim rests on that say nearly the same, with the share of its words they carry."""
        if not wanted:
            return []
        cited = claim.evidence if len(claim.evidence) <= MOST_LINES else ()
        aligned = [self._line(where, wanted) for where in cited]
        if not any(line.coverage >= ALIGNED for line in aligned):
            match = self._passages.best(wanted)
            aligned = [] if match is None else [self._line(self._passages.passages[match.passage].where, wanted)]
        return [line for line in aligned if line.coverage >= ALIGNED]

    @cached_property
    def _passages(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _line(self, where: Evidence, wanted: frozenset[str]) -> Aligned:
        text = self._text(where)
        if where not in self._lines:
            self._lines[where] = Line.of(where, text)
        line = self._lines[where]
        amounts = [place.value for place in line.places if place.value.kind is not ValueKind.NAME]
        values = frozenset(term for value in amounts for term in content_stems(value.text))
        stems = content_stems(text) - values
        shared = len(wanted & stems)
        return Aligned(line, shared / len(wanted), shared / max(1, len(stems)))

    def _text(self, where: Evidence) -> str:
        return self._sample.contexts[where.context][where.start : where.end]
