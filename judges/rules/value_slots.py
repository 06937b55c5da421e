"""Another value in the same words: what is so of a claim that repeats a line but for a value.

`He was born in a territory since 147.` repeats `He was born in a territory since 1900.` The words beside a value, small
ones too, are its slot. Where claim and line say nearly the same, one slot has one value.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.rules.value_conflicts import same
from assay.judges.text.words import words
from assay.judges.values import Value, value_index

WIDTH = 2
"""Words to either side of a value that make its slot."""

LEAST_SHARED = 2
"""Words of a slot that must be the same where a text begins or ends beside the value."""

_REACH = 16
"""Characters beside a value among which its unit or sign stands, as in `15 minutes`."""

_KINDS = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT, ValueKind.DATE})


class Slot(NamedTuple):
    """A value, the stretch it is written in without other values, and the words beside it, nearest first.

    There are fewer than `WIDTH` words where the text begins or ends.
    """

    value: Value
    written: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def carries(self, value: Value, before: str) -> bool:
        """Whether this is the value of a claim, spelt otherwise or rounded.

        Args:
            value: of the claim.
            before: what the claim writes before it. After `about` a rounded value is enough.
        """
        return same(value, self.value) or value_index((self.written,)).carries(value, before)


def slots(text: str, values: Sequence[Value]) -> list[Slot]:
    """The slot of each number, amount and date."""
    tokens = list(words(text))
    starts, stops = [start for _, start, _ in tokens], [stop for _, _, stop in tokens]
    befores = [0, *(value.end for value in values[:-1])]
    ends = [*(value.start for value in values[1:]), len(text)]
    listed = []
    for before, value, end in zip(befores, values, ends, strict=False):
        if value.kind not in _KINDS:
            continue
        first, last = bisect_right(stops, value.start), bisect_left(starts, value.end)
        left, right = tokens[max(0, first - WIDTH) : first][::-1], tokens[last : last + WIDTH]
        written = text[
            min(value.start, max(before, value.start - _REACH)) : max(value.end, min(value.end + _REACH, end))
        ]
        listed.append(Slot(value, written, tuple(word for word, *_ in left), tuple(word for word, *_ in right)))
    return listed


def is_same_slot(own: Slot, other: Slot) -> bool:
    """Whether the same words stand on both sides, as far as either text goes."""
    left, right = _shared(own.before, other.before), _shared(own.after, other.after)
    return left is not None and right is not None and left + right >= LEAST_SHARED


def _shared(own: Sequence[str], other: Sequence[str]) -> int | None:
    """The words of a side if they are the same up to where either text ends, else None."""
    length = min(len(own), len(other))
    return length if tuple(own[:length]) == tuple(other[:length]) else None
