"""Complete listings out of a search that wants a service's name and gives the first so many.

Every service is asked by itself. What a search's depth bounds differs by the storage behind the server: traces, or
spans of the service. So an answer counts as complete only where it is below the depth in both. Any other is asked for
again in halves, down to a millisecond, and then at a greater depth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from assay.worker.otlp.evaluation_names import SERVICE
from assay.worker.otlp.traces import is_own, root_of
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Span
from assay.worker.records.traces import TraceRoot
from assay.worker.store_clients.connection import AnswerTooLarge
from assay.worker.stores.jaeger.client import JaegerClient

DEPTH = 200
"""Traces in one answer, which has them whole."""
MOST_DEPTH = 10_000
"""More than this no storage gives at once: Elasticsearch's own limit."""
LONGEST_RANGE = timedelta(hours=24)
SHORTEST = timedelta(milliseconds=1)

log = structlog.get_logger(__name__)


class Complete(NamedTuple):
    """All traces in which a service began a span within a range."""

    service: str
    spans: list[Span]
    low: datetime
    high: datetime


class Listing:
    """Lists windows of time."""

    def __init__(self, client: JaegerClient, *, depth: int = DEPTH) -> None:
        """Keep the parts. `depth` is how many traces are asked for, to begin with."""
        self._client = client
        self._depth = depth

    async def roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of the roots that began within a range. Each is given by the service that it belongs to.

        Raises:
            StoreUnavailable
            StoreRejected: a service has more traces in one millisecond than the server gives.
        """
        async for answer in self._complete(start, end):
            page = [root_of(span) for span in _roots(answer) if answer.low <= span.start < answer.high]
            if page:
                yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces have steps in a range, but no root.

        Raises:
            StoreUnavailable, StoreRejected
        """
        lost: set[str] = set()
        async for answer in self._complete(start, end):
            lost |= {trace_id for trace_id, spans in _by_trace(answer.spans) if not any(map(_is_top, spans))}
        return len(lost)

    async def _complete(self, start: datetime, end: datetime) -> AsyncIterator[Complete]:
        if start >= end:
            return
        for service in await self._client.services():
            if service != SERVICE:
                async for answer in self._of_service(service, start, end):
                    yield answer

    async def _of_service(self, service: str, start: datetime, end: datetime) -> AsyncIterator[Complete]:
        remaining = _days(start, end)
        while remaining:
            low, high = remaining.pop()
            spans = await self._answer(service, low, high)
            if spans is not None:
                yield Complete(service, spans, low, high)
            else:
                middle = low + (high - low) / 2
                log.debug("search.window_halved", service=service, start=low.isoformat(), end=high.isoformat())
                remaining += [(middle, high), (low, middle)]

    async def _answer(self, service: str, low: datetime, high: datetime) -> list[Span] | None:
        """All spans of the traces of a range; None where the range is to be halved."""
        depth = self._depth
        while True:
            try:
                spans = await self._client.search(service, low, high, depth)
            except AnswerTooLarge:
                if high - low > SHORTEST:
                    return None
                raise
            if _is_complete(spans, service, low, high, depth):
                return spans
            if high - low > SHORTEST:
                return None
            if depth >= MOST_DEPTH:
                raise StoreRejected(
                    f"service {service[:100]!a} has more than {depth:,} traces or spans in the millisecond from "
                    f"{low.isoformat()}, and no more are given at once"
                )
            depth = min(MOST_DEPTH, depth * 4)


def _is_complete(spans: Sequence[Span], service: str, low: datetime, high: datetime, depth: int) -> bool:
    """Whether an answer is below the depth in whatever the storage counts."""
    traces = {span.trace_id for span in spans}
    begun = sum(1 for span in spans if _service_of(span) in {service, ""} and low <= span.start <= high)
    return len(traces) < depth and begun < depth


def _roots(answer: Complete) -> Iterator[Span]:
    """The roots of a service. A root whose process has no name is given by whichever service led to it."""
    for span in answer.spans:
        if span.parent_id is None and not is_own(span) and _service_of(span) in {answer.service, ""}:
            yield span


def _is_top(span: Span) -> bool:
    return span.parent_id is None and not is_own(span)


def _by_trace(spans: Sequence[Span]) -> Iterator[tuple[str, list[Span]]]:
    """The spans of each trace. Traces of ours alone are passed over."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    return ((trace_id, of) for trace_id, of in traces.items() if not all(map(is_own, of)))


def _service_of(span: Span) -> str:
    return str(span.resource.get("service.name") or "")


def _days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """A range in parts of a day at most, the earliest last."""
    parts = []
    at = start
    while at < end:
        parts.append((at, min(at + LONGEST_RANGE, end)))
        at = parts[-1][1]
    return parts[::-1]
