"""Complete listings out of a search that gives the first so many it finds, in no order and without pages.

An answer that is shorter than its limit is complete. One that is not says only that there is more: the window is
halved, down to a second. Where that would not help, since most of it are older traces that still run, the limit is
doubled. Where the server takes no higher limit, nothing is listed rather than a part: a sample of what was found first
would be biased.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.traces import TraceRoot
from assay.worker.store_clients.connection import AnswerTooLarge
from assay.worker.stores.tempo.client import LimitTooHigh, TempoClient
from assay.worker.stores.tempo.search import (
    HAS_NO_ROOT,
    IS_ROOT,
    process_names,
    roots_in,
    roots_query,
    trace_ids_in,
    traces_in,
)

LIMIT = 5_000
"""Traces in one answer. The server's own limit is 262,144 unless its operator set another."""
LONGEST_RANGE = timedelta(hours=24)
"""Servers refuse ranges of more than 168 hours by default; operators set less, seldom below a day."""
SHORTEST = timedelta(seconds=1)
"""The search's ranges are of whole seconds."""

log = structlog.get_logger(__name__)


class Complete(NamedTuple):
    """An answer that has all traces that were running in a range."""

    answer: Mapping[str, Any]
    low: datetime
    high: datetime


class Listing:
    """Lists windows of time."""

    def __init__(self, client: TempoClient, root_metadata: Collection[str] = (), *, limit: int = LIMIT) -> None:
        """Keep the parts.

        Args:
            client: asks.
            root_metadata: keys that selection looks at.
            limit: of one answer, to begin with.
        """
        self._client = client
        self._query = roots_query(root_metadata)
        self._of_process = process_names(root_metadata)
        self._limit = limit

    async def roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of the roots that began within a range.

        The search gives every trace that was running then, so a root may turn up in a window that it did not begin in.

        Raises:
            StoreUnavailable
            StoreRejected: more traces run in one second than the server gives at once.
        """
        async for answer, low, high in self._complete(self._query, start, end):
            first, last = max(low, start), min(high, end)
            page = [root for root in roots_in(answer, self._of_process) if first <= root.start < last]
            if page:
                yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces of a range have no root.

        A trace that was flushed in parts looks rootless in all of them but one. So those are counted that no search
        for roots finds.

        Raises:
            StoreUnavailable, StoreRejected
        """
        lost = {
            trace_id
            async for answer, _, _ in self._complete(HAS_NO_ROOT, start, end)
            for trace_id in trace_ids_in(answer)
        }
        if not lost:
            return 0
        async for answer, _, _ in self._complete(IS_ROOT, start, end):
            lost.difference_update(trace_ids_in(answer))
        return len(lost)

    async def _complete(self, query: str, start: datetime, end: datetime) -> AsyncIterator[Complete]:
        """Answers that together have all that was running in a range.

        Raises:
            StoreUnavailable
            StoreRejected: there is more in one second than the server gives at once.
        """
        remaining, limit, may_be_raised = _days(start, end), self._limit, True
        while remaining:
            low, high = remaining.pop()
            is_short = high - low <= SHORTEST
            try:
                answer = await self._client.search(query, low, high, limit)
            except AnswerTooLarge:
                if is_short:
                    raise
                remaining += _halves(low, high)
                continue
            except LimitTooHigh as exc:
                if limit == self._limit:
                    raise StoreRejected(f"{exc}; set search_limit in assay.yaml") from exc
                limit, may_be_raised = limit // 2, False
                remaining.append((low, high))
                continue
            if len(answer.get("traces") or ()) < limit:
                yield Complete(answer, low, high)
            elif may_be_raised and (is_short or _are_mostly_older(answer, low)):
                limit *= 2
                remaining.append((low, high))
            elif not is_short:
                remaining += _halves(low, high)
            else:
                raise StoreRejected(
                    f"more than {limit:,} traces run in the second from {low.isoformat()}, and the server gives no "
                    "more at once: raise query_frontend.search.max_result_limit"
                )


def _are_mostly_older(answer: Mapping[str, Any], low: datetime) -> bool:
    """Whether most of what was running in a range began before it: then a shorter range would hold hardly less."""
    traces = answer.get("traces") or ()
    first = int(low.timestamp()) * 10**9
    older = sum(1 for trace in traces_in(answer) if _nanos(trace.get("startTimeUnixNano")) < first)
    return older * 2 > len(traces)


def _nanos(told: Any) -> int:
    """A moment in nanoseconds as text or number; 0 where it is none."""
    try:
        return int(told or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _halves(low: datetime, high: datetime) -> list[tuple[datetime, datetime]]:
    """Two ranges of whole seconds, the earlier last."""
    log.debug("search.window_halved", start=low.isoformat(), end=high.isoformat())
    middle = low + timedelta(seconds=math.ceil((high - low).total_seconds() / 2))
    return [(middle, high), (low, middle)]


def _days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """A range in whole seconds, in parts that a server takes, the earliest last."""
    parts = []
    at = start.replace(microsecond=0)
    last = end if end.microsecond == 0 else end.replace(microsecond=0) + SHORTEST
    while at < last and start < end:
        parts.append((at, min(at + LONGEST_RANGE, last)))
        at = parts[-1][1]
    return parts[::-1]
