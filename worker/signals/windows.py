"""Time windows that metrics are told over, and which rows lie in each.

`15m` holds what ended within the last 15 minutes, or the last 30 judged traces where that reaches further: a share of
four traces would page by chance. All others hold the traces that started within them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from assay.worker.records.history import microseconds
from assay.worker.signals.traffic import Bools, Integers

RECENT = "15m"
DAY = "24h"
WEEK = "7d"
MONTH = "30d"

SPANS: Mapping[str, timedelta] = {DAY: timedelta(hours=24), WEEK: timedelta(days=7), MONTH: timedelta(days=30)}
"""How far back a trace may have started."""

RECENT_SPAN = timedelta(minutes=15)
RECENT_TRACES = 30
"""Judged traces that `15m` has at least, as long as `RECENT_LOOK` has so many."""

RECENT_LOOK = timedelta(hours=24)
"""A trace that started before is in no `15m`, whenever it was judged: a backfill wakes nobody."""

AHEAD = timedelta(hours=1)
"""So far an application's clock may run ahead of ours before its traces are left out."""


def recent_rows(series: Integers, changed: Integers, judged: Bools, now: datetime) -> Bools:
    """Which rows of the last `RECENT_LOOK` are in `15m`.

    Args:
        series: number of each row's use case and rubric.
        changed: when each row ended, in microseconds.
        judged: rows that count towards the 30.
        now: the end of the window.
    """
    since = microseconds(now - RECENT_SPAN)
    rows = changed >= since
    for number in np.unique(series).tolist():
        own = series == number
        ended = changed[own & judged]
        if ended.size and int((ended >= since).sum()) < RECENT_TRACES:
            least = ended.min() if ended.size <= RECENT_TRACES else np.partition(ended, -RECENT_TRACES)[-RECENT_TRACES]
            rows |= own & (changed >= least)
    return rows
