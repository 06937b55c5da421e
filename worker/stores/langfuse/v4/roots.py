"""Listing roots on an observation-first server: narrow fields, cursor paging, and less at once where it is too much.

Order is fixed (start time, latest first) and the cursor is a place in it; so when a query turns out too heavy, what
was read stays read, and only the rest of the range is asked for again in halves.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.stores.langfuse.client import LangfuseClient, QueryTooHeavy, TimedOut, TooLarge
from assay.worker.stores.langfuse.codec import iso, moment
from assay.worker.stores.langfuse.narrowing import MOST_TIME_OUTS, PATIENCE_S, PageSize, narrowed
from assay.worker.stores.langfuse.rows import root_of

PATH = "/api/public/v2/observations"
PAGE = 1000
SMALLEST_PAGE = 50
_MS = timedelta(milliseconds=1)
_A_DAY = timedelta(days=1)
_SLICES = (("", 1), ("7", 16), ("77", 256), ("777", 4096))
"""Ends of trace ids and what part of all ids they are one of; the end, since some tracers put a clock in front."""


class RootLister:
    """Pages of roots; remembers which page size the server can bear."""

    def __init__(self, client: LangfuseClient, *, metadata_keys: Sequence[str] = ()) -> None:
        self._client = client
        self._expanded = frozenset(metadata_keys)
        self._size = PageSize(limit=PAGE, smallest=SMALLEST_PAGE)

    async def pages(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, latest first; a root may come twice.

        Raises:
            StoreUnavailable, StoreRejected
        """
        pending, slow = [(start, end)], 0
        while pending:
            low, high = pending.pop()
            cursor: str | None = None
            while low < high:
                try:
                    answer = await self._ask(low, high, cursor)
                except (QueryTooHeavy, TimedOut, TooLarge) as exc:
                    slow += isinstance(exc, TimedOut)
                    if slow > MOST_TIME_OUTS:
                        raise
                    pending += narrowed(low, high, exc, self._size)  # the later half on top
                    break
                slow = 0
                rows = answer["data"]
                roots = await in_thread(self._roots, rows, start, end)
                if roots:
                    yield roots
                high = _reached(rows, high)
                cursor = answer["meta"].get("cursor")
                if cursor is None:
                    break

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have rows in a range, but no root within a day around it.

        Rows are looked at in one slice of trace ids by their last hexadecimal digits, thin enough for a page or two.

        Raises:
            StoreUnavailable, StoreRejected
        """
        for suffix, share in _SLICES:
            ids = await self._ids_of_children(start, end, suffix)
            if ids is not None:
                return round(len(await self._without_root(ids, start, end)) * share)
        return 0

    async def _ids_of_children(self, start: datetime, end: datetime, suffix: str) -> set[str] | None:
        """Trace ids of rows that are no roots; None if there are too many to look at."""
        conditions: list[dict[str, Any]] = [
            {"type": "boolean", "column": "isRootObservation", "operator": "=", "value": False}
        ]
        if suffix:
            conditions.append({"type": "string", "column": "traceId", "operator": "ends with", "value": suffix})
        query = [
            ("fields", "core"),
            ("fromStartTime", iso(start)),
            ("toStartTime", iso(end)),
            ("limit", str(PAGE)),
            ("filter", json.dumps(conditions, separators=(",", ":"))),
        ]
        try:
            answer = await self._client.get(PATH, query)
        except (QueryTooHeavy, TooLarge):
            return None
        return None if answer["meta"].get("cursor") else {row["traceId"] for row in answer["data"]}

    async def _without_root(self, ids: set[str], start: datetime, end: datetime) -> set[str]:
        rest = sorted(ids)
        left = set(rest)
        for at in range(0, len(rest), 100):
            condition = {
                "type": "stringOptions",
                "column": "traceId",
                "operator": "any of",
                "value": rest[at : at + 100],
            }
            query = [
                ("isRootObservation", "true"),
                ("fields", "core"),
                ("fromStartTime", iso(start - _A_DAY)),
                ("toStartTime", iso(end + _A_DAY)),
                ("limit", str(PAGE)),
                ("filter", json.dumps([condition], separators=(",", ":"))),
            ]
            left -= {row["traceId"] for row in (await self._client.get(PATH, query))["data"]}
        return left

    async def _ask(self, low: datetime, high: datetime, cursor: str | None) -> Any:
        fields = "core,basic,trace_context" + (",metadata" if self._expanded else "")
        query = [
            ("isRootObservation", "true"),
            ("fields", fields),
            ("fromStartTime", iso(low)),
            ("toStartTime", iso(_ceil(high))),
            ("limit", str(self._size.limit)),
        ]
        if self._expanded:
            query.append(("expandMetadata", ",".join(sorted(self._expanded))))
        if cursor is not None:
            query.append(("cursor", cursor))
        return await wait_for_budget(partial(self._client.get, PATH, query), patience_s=PATIENCE_S)

    def _roots(self, rows: Sequence[dict[str, Any]], start: datetime, end: datetime) -> list[TraceRoot]:
        roots = (root_of(row, expanded=self._expanded) for row in rows)
        return [r for r in roots if r is not None and start <= r.start < end and r.environment != OWN_ENVIRONMENT]


def _reached(rows: Sequence[dict[str, Any]], high: datetime) -> datetime:
    """Up to where the range is still to be read, if it must be asked for again."""
    last = moment(rows[-1].get("startTime")) if rows else None
    return high if last is None else min(high, last + _MS)


def _ceil(end: datetime) -> datetime:
    """The server compares milliseconds: an end within one must not lose the rows of that one."""
    rest = end.microsecond % 1000
    return end + timedelta(microseconds=1000 - rest) if rest else end
