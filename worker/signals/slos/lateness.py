"""Whether the fleet worked traces off in time, from when a sweep could first have taken each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.worker.signals.slos.aims import HOUR, Aims
from assay.worker.signals.slos.verdicts import Verdict, Verdicts
from assay.worker.signals.traffic import Bools, Integers

TURNED_UP_WITHIN = HOUR
"""A trace that a sweep found later than this, after it had looked through the trace's window, is not asked: it ran for
hours, arrived late, or a lost ledger had its day looked through again. All of that comes at once, and old."""


class Moments(NamedTuple):
    """When what happened to each row's trace, in microseconds."""

    started: Integers
    ended: Integers
    selected: Integers
    changed: Integers


def coverage_verdicts(moments: Moments, codes: Integers, aims: Aims, now: int, ran_since: int) -> Verdicts:
    """Whether each was done in time. The rows must be all of the period: they tell how far sweeps had come.

    Not asked is of what was over before the fleet ran, and of what a backfill asked for. Nor of a trace whose time is
    not over yet: only the quick are there by then.

    Args:
        moments: of each row.
        codes: the use case of each, by `Aims.codes`.
        aims: what is asked.
        now: the current moment, in microseconds.
        ran_since: when the fleet first selected anything.
    """
    _, ended, selected, changed = moments
    due, was_closed = _due(moments, aims)
    turned_up = was_closed | _was_passed(moments, aims)
    is_asked = (selected - ended <= aims.lookback_us) & (ended >= ran_since)
    is_asked &= ~turned_up | (selected - due <= TURNED_UP_WITHIN)
    due = np.where(turned_up, np.maximum(due, selected), due)
    within = aims.limit("coverage", codes) * _MINUTE
    is_asked &= due + within <= now
    verdicts = np.where(changed - due <= within, Verdict.GOOD, Verdict.BAD)
    return np.where(is_asked, verdicts, Verdict.NOT_ASKED).astype(np.int8)


_MINUTE = 60_000_000


def _due(moments: Moments, aims: Aims) -> tuple[Integers, Bools]:
    """When a sweep could first take each, and which ended only after their window: its first scan had no chance."""
    closed = (moments.started // aims.window_us + 1) * aims.window_us
    due: Integers = np.maximum(closed, moments.ended) + aims.quiet_us
    return due, moments.ended > closed


def _was_passed(moments: Moments, aims: Aims) -> Bools:
    """Which were selected after something of their window, or of a later one, had been.

    Sweeps go through windows in the order of time. So a trace of a window that they had passed was not to be seen then,
    or another rate held. After an outage no window was passed: there the fleet is late.
    """
    windows, at = np.unique(moments.started // aims.window_us, return_inverse=True)
    first = np.full(windows.size, np.iinfo(np.int64).max)
    np.minimum.at(first, at, moments.selected)
    of_later_too = np.minimum.accumulate(first[::-1])[::-1]
    passed: Bools = of_later_too[at] < moments.selected
    return passed
