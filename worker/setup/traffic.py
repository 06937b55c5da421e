"""A first look at a store: which applications write to it, where, and how much."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.selection import is_excluded
from assay.worker.ports.source import RootSource
from assay.worker.records.traces import TraceRoot

LOOK_BACK_HOURS = (1, 24, 24 * 7)
ENOUGH, MOST = 200, 3000
"""Traces after which no longer look is taken, and after which one is ended: a page of roots is a request."""


class Stream(Record):
    """Traces of one name in one environment."""

    environment: str
    name: str
    traces: int


class Traffic(Record):
    """What was seen in so many hours, the largest stream first; evaluators' environments are left out."""

    streams: tuple[Stream, ...] = ()
    hours: float = 0.0
    newest: datetime | None = None

    @property
    def traces(self) -> int:
        """Traces seen."""
        return sum(stream.traces for stream in self.streams)

    def per_day(self, traces: int) -> int:
        """So many of the traces seen, as a daily volume."""
        return round(traces * 24 / self.hours) if self.hours else 0


async def look(source: RootSource, deployment: Deployment, now: datetime) -> Traffic:
    """The traffic of the last hour, or of the last day or week where that has little.

    Raises:
        StoreUnavailable, StoreRejected
    """
    roots: dict[str, TraceRoot] = {}
    hours = 0.0
    for hours in LOOK_BACK_HOURS:
        roots = {}
        async for page in source.list_roots(now - timedelta(hours=hours), now):
            roots |= {root.trace_id: root for root in page}
            if len(roots) >= MOST:
                break
        if len(roots) >= ENOUGH:
            break
    starts = [root.start for root in roots.values()]
    if len(roots) >= MOST:
        # Cut off, at whichever end the store lists last: what was seen covers only this much time.
        hours = max((max(starts) - min(starts)).total_seconds(), 1.0) / 3600
    judged = [root for root in roots.values() if not is_excluded(root, deployment)]
    counts = Counter((root.environment, root.name) for root in judged)
    streams = tuple(Stream(environment=e, name=n, traces=count) for (e, n), count in counts.most_common())
    return Traffic(streams=streams, hours=hours, newest=max(starts, default=None))
