"""Which values of a fact get slices of their own: all where they are few, else those with the most traces.

An application may name another release with every request. A report tells a few, and of the others how many there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.worker.records.columns import by_first
from assay.worker.signals.gathering import Gathered, Kind, Numbers
from assay.worker.signals.stacked import Columns
from assay.worker.signals.traffic import Bools, Integers, Shorts

MOST_SLICED = 1_000
"""Values that all get slices of their own."""

MOST_EACH = 50
"""Where there are more: so many of each use case, rubric and revision do."""

_DENSE = 1_000_000
"""Pairs up to so many are looked up in a table, e.g. 100 kinds with 1,000 values."""

_AT_ONCE = 200_000
"""Values of rows that are looked at together where what is computed of them is thrown away."""

RevisionKey = tuple[str, str, str | None]
"""Use case, rubric and evaluator revision."""


class ValuedKind(NamedTuple):
    """A kind of rows, and their value of the fact that slices are split by."""

    kind: Kind
    value: str | None


class Others(NamedTuple):
    """Scored traces of one revision whose values got no slice, and how many values that are, at most."""

    traces: int
    values: int


@dataclass
class ToldRows:
    """Rows that get slices, as columns, and with which values.

    Attributes:
        kinds: what is told of: kinds of rows with a value each.
        rows: the rows, some of them perhaps without a value that is told of.
        codes: for each value of each row that is told of, an index of `kinds`.
        at: which row each of these is of. None: each row has one, in their order.
        screened: what a cascade's first tier said of some rows.
        last: when the latest scored row of each kind ended, in microseconds, by its code, in the order of the first.
        boost: scored rows that count in no rate, by the code of their kind.
    """

    kinds: list[ValuedKind]
    rows: Columns
    codes: Shorts
    at: Shorts | None
    screened: Columns
    last: dict[int, int]
    boost: Counter[int]
    others: dict[RevisionKey, Others]


def told_rows(gathered: Gathered) -> ToldRows:
    """The rows that get slices. It may be done once: the rows are used up."""
    pairs = _Pairs(gathered)
    values, at = gathered.values_of_rows()
    rows, boost = gathered.rows(), gathered.boost()
    numbers = pairs.numbers(rows.pop("kind"), at, values)
    del values
    boosted = pairs.numbers(boost["kind"], None, boost["value"])
    is_scored = np.array([state == "scored" for state, _ in gathered.ends], dtype=np.bool_)[rows["ended"]]
    others: dict[RevisionKey, Others] = {}
    if pairs.width <= MOST_SLICED:
        pairs.choose(np.union1d(pairs.distinct(numbers), boosted))
    else:
        known, counts = np.unique(numbers[is_scored if at is None else is_scored[at]], return_counts=True)
        pairs.choose(pairs.with_values_of(np.union1d(pairs.distinct(numbers), boosted), pairs.most(known, counts)))
        others = pairs.others(known, counts)
    codes = pairs.codes(numbers)
    del numbers
    last = _last(codes, at, is_scored, rows.pop("changed_at"))
    counted = Counter(pairs.codes(boosted).tolist())
    del counted[_UNTOLD]
    is_told = codes != _UNTOLD
    if not is_told.all():
        at = np.flatnonzero(is_told).astype(np.int32) if at is None else at[is_told]
        codes = codes[is_told]
    return ToldRows(pairs.told(), rows, codes, at, gathered.screened(), last, counted, others)


def _last(codes: Shorts, at: Shorts | None, is_scored: Bools, changed: Integers) -> dict[int, int]:
    """When the latest scored row of each code ended. Some rows at a time: there may be many more values than rows."""
    last: dict[int, int] = {}
    for begin in range(0, codes.size, _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        row = some if at is None else at[some]
        scored = is_scored[row] & (codes[some] != _UNTOLD)
        own, moments = codes[some][scored], changed[row][scored]
        if own.size:
            first, number = by_first(own)
            latest = np.zeros(first.size, dtype=np.int64)
            np.maximum.at(latest, number, moments)
            for code, moment in zip(own[first].tolist(), latest.tolist(), strict=True):
                last[code] = max(last.get(code, 0), moment)
    return last


_UNTOLD = -1


class _Pairs:
    """Kinds and values that occur together, as one number each."""

    def __init__(self, gathered: Gathered) -> None:
        self.width = max(1, gathered.values.size)
        self._kinds = [Kind(*kind) for kind in gathered.kinds]
        self._names = {number: name for number, (name,) in gathered.values.named().items()} or {0: None}
        revisions = Numbers()
        self._revision_of = np.array([revisions[kind[:3]] for kind in self._kinds], dtype=np.int64)
        self._revisions: list[RevisionKey] = list(revisions)
        cases = Numbers()
        self._case_of = np.array([cases[kind[:2]] for kind in self._kinds], dtype=np.int64)
        self._chosen = np.empty(0, dtype=np.int64)

    def numbers(self, kind: Shorts, at: Shorts | None, value: Shorts | None) -> Integers:
        """The number of each pair.

        Args:
            kind: of each row.
            at: the rows of the values. None: each row has one.
            value: the values. None: all have the same.
        """
        numbers: Integers = (kind if at is None else kind[at]).astype(np.int64)
        numbers *= self.width
        if value is not None:
            numbers += value
        return numbers

    def distinct(self, numbers: Integers) -> Integers:
        """The pairs that occur, rising."""
        if len(self._kinds) * self.width <= _DENSE:
            return np.flatnonzero(np.bincount(numbers))
        return np.unique(numbers)

    def choose(self, numbers: Integers) -> None:
        """Give codes to these pairs. They rise."""
        self._chosen = numbers

    def codes(self, numbers: Integers) -> Shorts:
        """The code of each pair; -1: it is not told of."""
        size = len(self._kinds) * self.width
        if size <= _DENSE:
            table = np.full(size, _UNTOLD, dtype=np.int32)
            table[self._chosen] = np.arange(self._chosen.size)
            codes: Shorts = table[numbers]
            return codes
        at = np.minimum(np.searchsorted(self._chosen, numbers), max(0, self._chosen.size - 1))
        is_told = self._chosen[at] == numbers if self._chosen.size else np.zeros(numbers.size, dtype=np.bool_)
        return np.where(is_told, at, _UNTOLD).astype(np.int32)

    def told(self) -> list[ValuedKind]:
        """What each code stands for."""
        pairs = (divmod(number, self.width) for number in self._chosen.tolist())
        return [ValuedKind(self._kinds[kind], self._names[value]) for kind, value in pairs]

    def most(self, known: Integers, counts: Integers) -> Integers:
        """Those of some pairs whose values have the most traces of their revision, by how many each pair has."""
        kind, value = np.divmod(known, self.width)
        first, codes = by_first(self._revision_of[kind] * self.width + value)
        totals = np.bincount(codes, weights=counts, minlength=first.size)
        revision = self._revision_of[kind[first]]
        totals[~self._is_named(value[first])] = 0
        order = np.lexsort((first, -totals, revision))
        begins = np.searchsorted(revision[order], np.arange(len(self._revisions)))
        rank = np.arange(order.size) - begins[revision[order]]
        return known[first[order[(rank < MOST_EACH) & (totals[order] > 0)]]]

    def with_values_of(self, numbers: Integers, most: Integers) -> Integers:
        """Those of some pairs that share use case, rubric and value with these."""
        wanted = self._in_case(most)
        return numbers[np.isin(self._in_case(numbers), wanted)]

    def others(self, known: Integers, counts: Integers) -> dict[RevisionKey, Others]:
        """How many traces each revision has of pairs that are not told of."""
        untold = self.codes(known) == _UNTOLD
        kind, value = np.divmod(known[untold], self.width)
        revision = self._revision_of[kind]
        traces = np.bincount(revision, weights=counts[untold], minlength=len(self._revisions))
        values = np.bincount(np.unique(revision * self.width + value) // self.width, minlength=len(self._revisions))
        told = zip(self._revisions, traces.tolist(), values.tolist(), strict=True)
        return {key: Others(int(of_key), count) for key, of_key, count in told if count}

    def _is_named(self, value: Integers) -> Bools:
        is_named = np.zeros(self.width, dtype=np.bool_)
        is_named[list(self._names)] = True
        named: Bools = is_named[value]
        return named

    def _in_case(self, numbers: Integers) -> Integers:
        kind, value = np.divmod(numbers, self.width)
        cases: Integers = self._case_of[kind] * self.width + value
        return cases
