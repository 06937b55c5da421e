"""How many selected traces came to their end within a quarter of an hour, those that still have not among the others.

Nobody counts how long each trace in flight has waited. But of those in flight at most as many are younger than a
quarter of an hour as were promised since; the rest are late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import LedgerState
from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.window_columns import Rows, WindowColumns, known_moments
from assay.worker.statistics.intervals import Estimate, wilson

IN_TIME = timedelta(minutes=15)
BACKFILLED_AFTER = timedelta(days=1)
"""A trace that was selected so long after its end was asked for by a person: nobody was late."""

OPEN = (LedgerState.OPEN, LedgerState.JUDGED, LedgerState.POSTED)
REMEMBERED = timedelta(minutes=30)

_SECOND = 1_000_000


class Promised(Record):
    """How many promises had been made at a moment, by use case, of traces that started since a day."""

    at: AwareDatetime
    since: date
    by_use_case: Mapping[str, int]


class InFlight(NamedTuple):
    """What the ledger said now: promises ever made, and entries that have not ended, by use case."""

    promised: Promised
    open: Mapping[str, int]


async def look(ledger: LedgerReader, now: datetime) -> InFlight:
    """Ask the ledger.

    Raises:
        StateUnavailable
    """
    since, until = (now - timedelta(days=1)).date(), now.date()
    promised: dict[str, int] = {}
    for (use_case, _), count in (await ledger.promised(since, until)).items():
        promised[use_case] = promised.get(use_case, 0) + count
    in_flight: dict[str, int] = {}
    for (use_case, _, state, _), count in (await ledger.counts(since, until)).items():
        if state in OPEN:
            in_flight[use_case] = in_flight.get(use_case, 0) + count
    return InFlight(Promised(at=now, since=since, by_use_case=promised), in_flight)


def late_in_flight(now: InFlight, earlier: Sequence[Promised]) -> dict[str, int]:
    """At least so many of each use case are in flight for longer than `IN_TIME`. Nothing where nobody looked then."""
    then = max(
        (each for each in earlier if each.since == now.promised.since and now.promised.at - each.at >= IN_TIME),
        key=lambda each: each.at,
        default=None,
    )
    if then is None:
        return {}
    late = {}
    for use_case, count in now.open.items():
        since_then = now.promised.by_use_case.get(use_case, 0) - then.by_use_case.get(use_case, 0)
        if count > since_then:
            late[use_case] = count - max(0, since_then)
    return late


def remembered(now: InFlight, earlier: Sequence[Promised]) -> tuple[Promised, ...]:
    """What is to be known at the next look."""
    kept = [each for each in earlier if now.promised.at - each.at < REMEMBERED and each.at < now.promised.at]
    return (*kept, now.promised)


def in_time_samples(window: str, use_case: str, columns: WindowColumns, rows: Rows, late: int = 0) -> Iterator[Sample]:
    """The share of one use case, over all of its rubrics.

    Args:
        window: its name.
        use_case: whose.
        columns: how rows are numbered.
        rows: those of the window.
        late: how many are in flight for too long.
    """
    in_time, n = _counted(use_case, columns, rows)
    ends = wilson(in_time, n + late)
    yield from number(quality.IN_TIME_TRACES, n + late, use_case, window)
    if ends is not None:
        share = Estimate(value=in_time / (n + late), low=ends.low, high=ends.high, n=n + late)
        yield from estimate(quality.IN_TIME, share, use_case, window)


def _counted(use_case: str, columns: WindowColumns, rows: Rows) -> tuple[int, int]:
    """How many ended in time, and how many ended. What users' feedback added was selected late by its nature."""
    if not rows.size:
        return 0, 0
    numbers = [number for (name, _), number in columns.series.items() if name == use_case]
    end, changed, selected = rows["ended_at"], rows["changed_at"], rows["selected_at"]
    of = np.isin(rows["series"], numbers) & rows["counts"] & rows["ours"] & known_moments(end)
    of &= selected - end <= BACKFILLED_AFTER.total_seconds() * _SECOND
    in_time = of & (changed - end <= IN_TIME.total_seconds() * _SECOND)
    return int(in_time.sum()), int(of.sum())
