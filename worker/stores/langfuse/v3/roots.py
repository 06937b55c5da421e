"""Listing roots on a server of the older generation, where a trace is an object: /traces, in numbered pages.

Pages are numbered, so traces that arrive meanwhile shift them: each page begins a new query at the last start time
seen. So when a query turns out too heavy, what was read stays read, and only the rest is asked for again, in halves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.stores.langfuse.client import LangfuseClient, QueryTooHeavy, TimedOut, TooLarge
from assay.worker.stores.langfuse.codec import iso
from assay.worker.stores.langfuse.narrowing import MOST_TIME_OUTS, PATIENCE_S, PageSize, narrowed
from assay.worker.stores.langfuse.v3.traces import PATH, root_of

PAGE, SMALLEST_PAGE = 100, 10
"""100 is the most that the server gives at once."""

_REST_OF_MS = timedelta(microseconds=999)
"""The server compares milliseconds: an end within one must not lose the traces of that one."""


class OlderRootLister:
    """Pages of roots; remembers which page size the server can bear."""

    def __init__(self, client: LangfuseClient, *, with_metadata: bool = False) -> None:
        self._client = client
        # Metadata comes with input and output only: heavy, so not without need.
        self._fields = "core,metrics,io" if with_metadata else "core,metrics"
        self._size = PageSize(limit=PAGE, smallest=SMALLEST_PAGE)

    async def pages(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, oldest first; a root may come twice.

        Raises:
            StoreUnavailable, StoreRejected
        """
        pending, slow = [(start, end)], 0
        while pending:
            since, until = pending.pop()
            page = 1
            while since < until:
                limit = self._size.limit
                try:
                    rows = await self._ask(since, until, page, limit)
                except (QueryTooHeavy, TooLarge, TimedOut) as exc:
                    slow += isinstance(exc, TimedOut)
                    if slow > MOST_TIME_OUTS:
                        raise
                    pending += reversed(narrowed(since, until, exc, self._size))  # the earlier half on top
                    break
                slow = 0
                roots = [root for root in map(root_of, rows) if root is not None]
                kept = [root for root in roots if start <= root.start < end and root.environment != OWN_ENVIRONMENT]
                if kept:
                    yield kept
                if len(rows) < limit:
                    break
                last = max((root.start for root in roots), default=since)
                page, since = (1, last) if last > since else (page + 1, since)

    async def _ask(self, since: datetime, until: datetime, page: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """One page, waiting for room in the request budget: a sweep that gave up would begin its window anew."""
        query = [
            ("page", str(page)),
            ("limit", str(limit)),
            ("fromTimestamp", iso(since)),
            ("toTimestamp", iso(until + _REST_OF_MS)),
            ("orderBy", "timestamp.asc"),
            ("fields", self._fields),
        ]
        answer = await wait_for_budget(partial(self._client.get, PATH, query), patience_s=PATIENCE_S)
        rows: Sequence[Mapping[str, Any]] = answer["data"]
        return rows
