"""Each trace once: it has a row for each rubric that judged it, and for each version of a rubric that judged it again.

What a trace says of itself, as its cost and its waiting time, must not count for each of them.
"""

from __future__ import annotations

import numpy as np

from assay.worker.ports.history import Block
from assay.worker.records.columns import rows_alike
from assay.worker.signals.traffic import Bools, Integers

TRACE = ("store", "project", "trace_id")
"""The columns that tell traces apart. The observation does not: a rubric may put its scores on it, another may not."""

_SPREAD = np.int64(0x9E37_79B9_7F4A_7C1)
"""An odd number by which places are spread over 64 bits, so that one id in two projects gives two numbers."""


def trace_numbers(block: Block) -> Integers:
    """A number of each row's trace, that holds in this process. The block's columns are those of `TRACE` and others."""
    *places, ids = (block[name] for name in TRACE)
    codes, known = rows_alike(places)
    spread = np.array([hash(place) for place in known], dtype=np.int64) * _SPREAD
    hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
    numbers: Integers = hashes ^ spread[codes]
    return numbers


def best_of_each(traces: Integers, *better: Integers | Bools) -> Bools:
    """Which rows stay where each trace has one: those with the largest of the first number, then of the next."""
    if np.unique(traces).size == traces.size:
        return np.ones(traces.size, dtype=np.bool_)
    order = np.lexsort((*reversed(better), traces))
    ordered = traces[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    chosen = np.zeros(traces.size, dtype=np.bool_)
    chosen[order[last]] = True
    return chosen


class EachOnce:
    """Chooses one row of each trace while blocks come. The rows of a trace are beside each other in the record."""

    def __init__(self) -> None:
        self._last: int | None = None

    def of(self, traces: Integers, *better: Integers | Bools) -> Bools:
        """Which of the next rows stay, as `best_of_each`. The last trace of the rows before them is over."""
        kept = best_of_each(traces, *better)
        if traces.size:
            kept &= traces != self._last if self._last is not None else True
            self._last = int(traces[-1])
        return kept
