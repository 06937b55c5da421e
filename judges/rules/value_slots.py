"""Another value in the same words: what is so of a claim that repeats a line but for a value.

`He was born in a territory since 147.` repeats `He was born in a territory since 1900.` The words beside a value, small
ones too, are its slot. Where claim and line say nearly the same, one slot has one value.
"""

from __future__ import annotations

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
    befores = [0, *(value.end for value in values[:-1])]
    ends = [*(value.start for value in values[1:]), len(text)]
    return [
        Slot(
            value,
            text[min(value.start, max(before, value.start - _REACH)) : max(value.end, min(value.end + _REACH, end))],
            tuple([word for word, _, stop in tokens if stop <= value.start][: -WIDTH - 1 : -1]),
            tuple([word for word, start, _ in tokens if start >= value.end][:WIDTH]),
        )
        for before, value, end in zip(befores, values, ends, strict=False)
        if value.kind in _KINDS
    ]


def is_same_slot(own: Slot, other: Slot) -> bool:
    """Whether the same words stand on both sides, as far as either text goes."""
    left, right = _shared(own.before, other.before), _shared(own.after, other.after)
    return left is not None and right is not None and left + right >= LEAST_SHARED


def _shared(own: Sequence[str], other: Sequence[str]) -> int | None:
    """The words of a side if they are the same up to where either text ends, else None."""
    length = min(len(own), len(other))
    return length if tuple(own[:length]) == tuple(other[:length]) else None
