"""Another value in the place of a claim's, in the lines the claim rests on: proven, or only likely.

Compared are the lines the claim cites, or the passage that carries most of it, never a number anywhere in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.rules.claim_lines import Aligned, ClaimLines
from assay.judges.rules.value_conflicts import Conflict, Fit, Place, amount, in_its_place, places
from assay.judges.rules.value_segments import Binding, Bound, Parted
from assay.judges.rules.value_slots import Slot, is_same_slot, slots
from assay.judges.rules.worked_out import may_be_worked_out
from assay.judges.schema import Claim, Evidence, Sample
from assay.judges.text.restatements import content_stems
from assay.judges.text.words import surface_words
from assay.judges.values import Value, value_index

CLOSELY_ALIGNED = 0.75
"""Share of a claim's words that a line must carry where the claim's value stands elsewhere in the evidence."""

PLACED = 3
"""Likeness of places from which a value that nobody gave the response is in conflict with another one."""

SURELY_PLACED = 4
"""The same for a value that the evidence states elsewhere: both nearest words, or one and all of the other side."""

LIKELY_BETTER = 2
"""By how much another value must fit the place better than the claim's own, which the evidence states elsewhere, before
the claim is in doubt. How many true and false sentences that strikes, `python -m benchmarks.planted_errors` prints."""

SENTENCE = 80
"""Characters beside a value in which the arithmetic it comes from is named."""

MOST_VALUES = 50
"""Values of a claim that are held against its lines. A sentence with more is a table, and costs time."""

LEAST_WORDS = 4
"""Content words of a claim from which on it says nearly the same as a line by more than chance."""

BEFORE = 40
"""Characters before a value that tell how it is meant, as `about ` does."""

_APPROXIMATE = re.compile(
    r"(?:about|around|approx\w*|roughly|nearly|almost|over|more than|less than|under|at least|at most|up to|some|circa"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is no exact one, e.g. `over `: another value beside it may still be right."""


class _ClaimText:
    """A claim's text with its values as they stand within it. Their slots are read when first asked for.

    Args:
        text: of the claim.
        values: of it, names aside where nobody asks for them.
        named: gives its values, names among them.
    """

    def __init__(self, text: str, values: Sequence[Value], named: Callable[[], Sequence[Value]]) -> None:
        self._text = text
        self._named = named
        self.values = values
        self.parted = Parted(text, lambda: values)

    @cached_property
    def slots(self) -> dict[Value, Slot]:
        """The slot of each value that has one."""
        return {slot.value: slot for slot in slots(self._text, self._all)}

    @cached_property
    def places(self) -> dict[Value, Place]:
        """The place of each value, names among them."""
        return {place.value: place for place in places(self._text, self._all)}

    @cached_property
    def _all(self) -> Sequence[Value]:
        return self._named()


class _Claimed(NamedTuple):
    """A value of a claim, and as it stands within the claim's text; and the words that go with it."""

    value: Value
    own: Value
    bound: Bound
    text: _ClaimText

    @property
    def place(self) -> Place:
        """The place of the value."""
        return self.text.places[self.own]

    @property
    def beside(self) -> list[Place]:
        """The places of the claim's other values."""
        return [place for value, place in self.text.places.items() if value != self.own]


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
        self._lines = ClaimLines(sample)

    def conflict(
        self, claim: Claim, own: Sequence[Value], stated: Sequence[Value], named: Callable[[], Sequence[Value]]
    ) -> Conflict | None:
        """The first value of the claim in whose place its lines have another one, the proven before the likely.

        Args:
            claim: with the lines it cites.
            own: its values to ask for.
            stated: all its values, names aside where they are not asked for: they go with no words.
            named: gives all its values, names among them. Which word a value stands beside, they do tell.
        """
        text = self._read[claim.span.start : claim.span.end]
        amounts = [value for value in stated if value.kind is not ValueKind.NAME]
        wanted = content_stems(text) - {term for value in amounts for term in content_stems(value.text)}
        lines = self._lines.aligned(claim, wanted)
        if not lines or self._is_code(claim):
            return None
        near = self._lines.near(lines, wanted)
        if len(stated) + len(surface_words(text)) > MOST_VALUES:
            stated = named()
        claimed = _claimed(text, own, stated, named, claim.span.start)
        likely: Conflict | None = None
        for value in own[:MOST_VALUES]:
            bounds = [other.bound for other in claimed.values() if other.value is not value]
            binding = Binding(claimed[value].bound, self._before(value), bounds, near)
            conflict = self._of_value(claimed[value], lines, binding, wanted)
            if conflict and conflict.is_proven:
                return conflict
            likely = likely or conflict
        return likely

    def _of_value(
        self, own: _Claimed, lines: Sequence[Aligned], binding: Binding, wanted: frozenset[str]
    ) -> Conflict | None:
        """The conflict of one value: by the words beside it, by the line it repeats, or by what it is said of."""
        placed = self._placed(own, lines)
        if placed and binding.speaks_for_itself(placed):
            placed = None
        if placed and placed.is_proven:
            return placed
        repeated = self._repeated(own, lines) if len(wanted) >= LEAST_WORDS else None
        if repeated and binding.stands_in_another(repeated.evidence):
            repeated = None
        return repeated or placed or binding.conflict()

    def _placed(self, own: _Claimed, lines: Sequence[Aligned]) -> Conflict | None:
        """Another value in the place of this one, which the lines do not have: proven, or only likely."""
        # Nothing else in these lines may be in its place, as in most: that the evidence is read no further.
        if not any(aligned.line.has_another(own.value) for aligned in lines):
            return None
        foreign = self._is_foreign(own.value)
        near = [line for line in lines if foreign or line.coverage >= CLOSELY_ALIGNED]
        # Where a line has the value too, `Binding` tells what each of its values goes with.
        if any(aligned.line.has(own.value) for aligned in near):
            return None
        fit = in_its_place(own.place, [aligned.line for aligned in near], own.beside)
        if self._is_proven(own.value, fit, near) and not self._carry(near, own.value):
            return fit.conflict(own.value)
        # A value nobody stated is doubted anyway.
        return None if foreign else self._likely_placed(own, lines)

    def _likely_placed(self, own: _Claimed, lines: Sequence[Aligned]) -> Conflict | None:
        """The likely conflict of a value that the evidence states elsewhere."""
        fit = in_its_place(own.place, [aligned.line for aligned in lines], own.beside)
        is_better = fit.own_score < 0 and fit.other_score >= fit.own_score + LIKELY_BETTER
        if not is_better or self._is_approximate(fit) or self._carry(lines, own.value):
            return None
        # One that was worked out has no place of its own.
        return fit.conflict(own.value, is_proven=False) if self._is_stated(own.value) else None

    def _is_proven(self, value: Value, fit: Fit, near: Sequence[Aligned]) -> bool:
        foreign = self._is_foreign(value)
        if fit.line is None or fit.other is None or self._is_approximate(fit):
            return False
        is_verbatim = next(aligned.is_verbatim for aligned in near if aligned.line is fit.line)
        if fit.other_score < (PLACED if foreign else SURELY_PLACED) - is_verbatim:
            return False
        sentence = self._read[max(0, value.start - SENTENCE) : value.end + SENTENCE]
        if foreign:
            return not may_be_worked_out(sentence, self._lines.text(fit.line.where), fit.other.start)
        return value_index(self._sample.contexts).states(value) or amount(value) == amount(fit.other)

    def _repeated(self, own: _Claimed, lines: Sequence[Aligned]) -> Conflict | None:
        """Another value between the same words of a line that says nearly the same."""
        verbatim = [line.line.where for line in lines if line.is_verbatim]
        slot = own.text.slots.get(own.own) if verbatim else None
        if slot is None:
            return None
        before = self._before(own.value)
        told = [(where, other) for where in verbatim for other in self._lines.slots(where) if is_same_slot(slot, other)]
        if not told or any(other.carries(own.value, before) for _, other in told):
            return None
        where, other = told[0]
        return Conflict(own.value, other.value, where, is_proven=not self._follows_approximation(where, other.value))

    def _before(self, value: Value) -> str:
        """What the response writes before a value."""
        return self._read[max(0, value.start - BEFORE) : value.start]

    def _carry(self, lines: Sequence[Aligned], value: Value) -> bool:
        return self._lines.carry(lines, value, self._before(value))

    def _is_stated(self, value: Value) -> bool:
        return value_index(self._sample.contexts).carries(value, self._before(value))

    def _is_code(self, claim: Claim) -> bool:
        """Whether a claim stands in a block of code, where values are often examples."""
        return self._sample.response.count("```", 0, claim.span.start) % 2 == 1

    def _is_approximate(self, fit: Fit) -> bool:
        return fit.line is not None and fit.other is not None and self._follows_approximation(fit.line.where, fit.other)

    def _follows_approximation(self, where: Evidence, value: Value) -> bool:
        return _APPROXIMATE.search(self._lines.text(where)[: value.start][-20:]) is not None


def _claimed(
    text: str, own: Sequence[Value], stated: Sequence[Value], named: Callable[[], Sequence[Value]], start: int
) -> dict[Value, _Claimed]:
    """The values of a claim, read within its text, which starts there."""

    def first(values: Sequence[Value]) -> list[Value]:
        return list(dict.fromkeys((*own[:MOST_VALUES], *values[:MOST_VALUES])))

    def within(values: Sequence[Value]) -> list[Value]:
        return [value._replace(start=value.start - start) for value in first(values)]

    claim = _ClaimText(text, within(stated), lambda: within(named()))
    return {
        value: _Claimed(value, inside, Bound(value, inside, claim.parted), claim)
        for value, inside in zip(first(stated), claim.values, strict=True)
    }
