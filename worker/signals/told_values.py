"""Which values of a fact get slices of their own: all where they are few, else those with the most traces.

An application may name another release with every request. A report tells a few, and of the others how many there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.worker.records.columns import Codes, by_first
from assay.worker.signals.gathering import Columns, Gathered, Kind, Numbers
from assay.worker.signals.traffic import Bools, Integers

MOST_SLICED = 1_000
"""Values that all get slices of their own."""

MOST_EACH = 50
"""Where there are more: so many of each use case, rubric and revision do."""

_DENSE = 1_000_000
"""Pairs up to so many are looked up in a table, e.g. 100 kinds with 1,000 values."""

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
    """Rows that get slices, as columns with a code for `kind`: an index of `kinds`.

    Attributes:
        last: when the latest scored row of each kind ended, in microseconds, by its code.
        boost: scored rows that count in no rate, by the code of their kind.
    """

    kinds: list[ValuedKind]
    rows: Columns
    screened: Columns
    last: dict[int, int]
    boost: Counter[int]
    others: dict[RevisionKey, Others]


def told_rows(gathered: Gathered) -> ToldRows:
    """The rows that get slices. It may be done once: the rows are used up."""
    pairs = _Pairs(gathered)
    rows, screened, latest, boost = gathered.rows(), gathered.screened(), gathered.latest(), gathered.boost()
    numbers, boosted = pairs.numbers(rows), pairs.numbers(boost)
    others: dict[RevisionKey, Others] = {}
    if pairs.width <= MOST_SLICED:
        pairs.choose(np.union1d(_distinct(numbers), boosted))
    else:
        is_scored = np.array([state == "scored" for state, _ in gathered.ends], dtype=np.bool_)
        known, counts = np.unique(numbers[is_scored[rows["ended"]]], return_counts=True)
        pairs.choose(pairs.with_values_of(np.union1d(_distinct(numbers), boosted), pairs.most(known, counts)))
        others = pairs.others(known, counts)
    last: dict[int, int] = {}
    codes = pairs.codes(pairs.numbers(latest))
    for code, changed in zip(codes.tolist(), latest["changed_at"].tolist(), strict=True):
        last[code] = max(last.get(code, 0), changed)
    last.pop(_UNTOLD, None)
    counted = Counter(pairs.codes(boosted).tolist())
    del counted[_UNTOLD]
    rows, screened = pairs.only_told(rows, numbers), pairs.only_told(screened, pairs.numbers(screened))
    return ToldRows(pairs.told(), rows, screened, last, counted, others)


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

    def numbers(self, columns: Columns) -> Integers:
        """The number of each row, whose columns `kind` and `value` are used up."""
        kind, value = (columns.pop(name).astype(np.int64) for name in ("kind", "value"))
        return kind * self.width + value

    def choose(self, numbers: Integers) -> None:
        """Give codes to these pairs. They rise."""
        self._chosen = numbers

    def codes(self, numbers: Integers) -> Codes:
        """The code of each pair; -1: it is not told of."""
        size = len(self._kinds) * self.width
        if size <= _DENSE:
            table = np.full(size, _UNTOLD, dtype=np.int64)
            table[self._chosen] = np.arange(self._chosen.size)
            return table[numbers]
        at = np.minimum(np.searchsorted(self._chosen, numbers), max(0, self._chosen.size - 1))
        is_told = self._chosen[at] == numbers if self._chosen.size else np.zeros(numbers.size, dtype=np.bool_)
        return np.where(is_told, at, _UNTOLD)

    def told(self) -> list[ValuedKind]:
        """What each code stands for."""
        pairs = (divmod(number, self.width) for number in self._chosen.tolist())
        return [ValuedKind(self._kinds[kind], self._names[value]) for kind, value in pairs]

    def only_told(self, columns: Columns, numbers: Integers) -> Columns:
        """Rows that are told of, with their codes, one column after the other so that no two copies of all are held."""
        codes = self.codes(numbers)
        is_told = codes != _UNTOLD
        if is_told.all():
            return {**columns, "kind": codes}
        return {**{name: columns.pop(name)[is_told] for name in list(columns)}, "kind": codes[is_told]}

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


def _distinct(numbers: Integers) -> Integers:
    return numbers[by_first(numbers)[0]]
