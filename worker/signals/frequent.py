"""Numbers for things of which each row may have one of its own, e.g. a build's id as the version of a prompt."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from assay.worker.records.columns import Column, rows_alike
from assay.worker.signals.traffic import Integers

MOST_NAMED = 10_000
"""Things of which it is remembered what they are. Up to so many nothing is forgotten."""


class _Numbered(dict[Any, int]):
    """Gives each new thing the next number, which is never given again. Known ones take no line of Python."""

    given = 0

    def __missing__(self, thing: Hashable) -> int:
        self[thing] = number = self.given
        self.given += 1
        return number


class Frequent:
    """Gives each new thing the next number, from 0 on, and remembers the things that came most often.

    Whatever came in more than one row of `MOST_NAMED` is among them, and of equal ones the earlier are (Manku & Motwani
    2002). A thing that was forgotten gets another number when it comes again.

    """

    def __init__(self, most: int = MOST_NAMED) -> None:
        self._most = most
        self._numbers = _Numbered()
        self._counts = np.zeros(1_000, dtype=np.int64)

    @property
    def size(self) -> int:
        """How many numbers were given."""
        return self._numbers.given

    def of(self, columns: Sequence[Column]) -> Integers:
        """The number of each row's values in these columns."""
        codes, things = rows_alike(columns)
        numbers = np.fromiter(map(self._numbers.__getitem__, things), np.int64, len(things))
        if self.size > self._counts.size:
            self._counts = np.concatenate([self._counts, np.zeros(self.size, dtype=np.int64)])
        self._counts[numbers] += np.bincount(codes, minlength=len(things))
        if len(self._numbers) > 2 * self._most:
            self._forget()
        return numbers[codes]

    def named(self) -> dict[int, Any]:
        """The things that are remembered, by their numbers."""
        return {number: thing for thing, number in self._numbers.items()}

    def _forget(self) -> None:
        """Keep those that came most often, in their order."""
        known = np.fromiter(self._numbers.values(), np.int64, len(self._numbers))
        kept = set(known[np.argsort(-self._counts[known], kind="stable")[: self._most]].tolist())
        for thing in [thing for thing, number in self._numbers.items() if number not in kept]:
            del self._numbers[thing]
