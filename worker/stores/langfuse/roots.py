"""Listing roots on an observation-first server: narrow fields, cursor paging, and less at once where it is too much.

Order is fixed (start time, latest first) and the cursor is a place in it; so when a query turns out too heavy, what
was read stays read, and only the rest of the range is asked for again in halves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from judges.offload import in_thread
from worker.schema import OWN_ENVIRONMENT, TraceRoot
from worker.stores.langfuse.client import LangfuseClient, QueryTooHeavy, TooLarge
from worker.stores.langfuse.rows import root_of
from worker.stores.langfuse.values import iso, moment

PATH = "/api/public/v2/observations"
PAGE = 1000
SMALLEST_PAGE = 50
SHORTEST = timedelta(seconds=1)
_MS = timedelta(milliseconds=1)

log = structlog.get_logger(__name__)


class RootLister:
    """Pages of roots; remembers which page size the server can bear."""

    def __init__(self, client: LangfuseClient, *, metadata_keys: Sequence[str] = ()) -> None:
        self._client = client
        self._expanded = frozenset(metadata_keys)
        self._limit = PAGE

    async def pages(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, latest first; a root may come twice.

        Raises:
            StoreUnavailable, StoreRejected
        """
        pending = [(start, end)]
        while pending:
            low, high = pending.pop()
            cursor: str | None = None
            while low < high:
                try:
                    answer = await self._ask(low, high, cursor)
                except (QueryTooHeavy, TooLarge) as exc:
                    pending += self._smaller(low, high, exc)
                    break
                rows = answer["data"]
                roots = await in_thread(self._roots, rows, start, end)
                if roots:
                    yield roots
                high = _reached(rows, high)
                cursor = answer["meta"].get("cursor")
                if cursor is None:
                    break

    async def _ask(self, low: datetime, high: datetime, cursor: str | None) -> Any:
        fields = "core,basic,trace_context" + (",metadata" if self._expanded else "")
        query = [
            ("isRootObservation", "true"),
            ("fields", fields),
            ("fromStartTime", iso(low)),
            ("toStartTime", iso(_ceil(high))),
            ("limit", str(self._limit)),
        ]
        if self._expanded:
            query.append(("expandMetadata", ",".join(sorted(self._expanded))))
        if cursor is not None:
            query.append(("cursor", cursor))
        return await self._client.get(PATH, query)

    def _smaller(self, low: datetime, high: datetime, error: Exception) -> list[tuple[datetime, datetime]]:
        """The rest of the range in halves, the later on top; below a second, smaller pages instead."""
        if isinstance(error, QueryTooHeavy) and high - low > SHORTEST:
            middle = low + (high - low) / 2
            middle -= timedelta(microseconds=middle.microsecond % 1000)
            log.info("langfuse.window_halved", start=iso(low), end=iso(high))
            return [(low, middle), (middle, high)]
        if self._limit <= SMALLEST_PAGE:
            raise error
        self._limit = max(SMALLEST_PAGE, self._limit // 2)
        return [(low, high)]

    def _roots(self, rows: Sequence[dict[str, Any]], start: datetime, end: datetime) -> list[TraceRoot]:
        found = (root_of(row, expanded=self._expanded) for row in rows)
        return [r for r in found if r is not None and start <= r.start < end and r.environment != OWN_ENVIRONMENT]


def _reached(rows: Sequence[dict[str, Any]], high: datetime) -> datetime:
    """Up to where the range is still to be read, if it must be asked for again."""
    last = moment(rows[-1].get("startTime")) if rows else None
    return high if last is None else min(high, last + _MS)


def _ceil(end: datetime) -> datetime:
    """The server compares milliseconds: an end within one must not lose the rows of that one."""
    rest = end.microsecond % 1000
    return end + timedelta(microseconds=1000 - rest) if rest else end
