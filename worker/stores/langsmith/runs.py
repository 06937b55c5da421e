"""Queries for runs. There are two: the newer is asked first, and the older where a server has only that.

The older, `/runs/query`, is being taken away (after 31 January 2027); servers without the newer one are older than
self-hosted 0.16. Which one answers is found out by asking, and again when a route is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import structlog

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.traces import utc_iso
from assay.worker.store_clients.connection import AnswerTooLarge
from assay.worker.store_clients.paging import Pages
from assay.worker.stores.langsmith.connection import MISSING, LangSmithConnection, json_of
from assay.worker.stores.langsmith.quotas import RUNS_PER_QUERY

NEWER, OLDER = "/api/v2/runs/query", "/api/v1/runs/query"
Generation = Literal["newer", "older"]

ROOT_FIELDS = ("ID", "TRACE_ID", "NAME", "START_TIME", "END_TIME", "STATUS", "TAGS", "METADATA", "THREAD_ID")
CONTENT_FIELDS = (
    *(*ROOT_FIELDS, "RUN_TYPE", "PARENT_RUN_IDS", "INPUTS", "OUTPUTS", "EXTRA", "FIRST_TOKEN_TIME"),
    *("PROMPT_TOKENS", "COMPLETION_TOKENS", "PROMPT_TOKEN_DETAILS", "COMPLETION_TOKEN_DETAILS", "TOTAL_COST"),
)
_OLDER_NAMES = {"METADATA": "extra", "PARENT_RUN_IDS": "parent_run_id"}
"""Fields that the older query calls otherwise. Its metadata lie in `extra`."""

log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """Which runs are asked for.

    Attributes:
        start: no run that began earlier. Without bounds a server looks at the last day alone.
        end: nor one that began at this moment or later.
        fields: as the newer query names them.
        is_root: only roots, or only the runs below; None: both.
        run_ids: only these.
        trace_ids: only runs of these traces.
        size: in one page.
    """

    start: datetime
    end: datetime
    fields: tuple[str, ...]
    is_root: bool | None = None
    run_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    size: int = RUNS_PER_QUERY


class RunQueries:
    """Pages of runs of one project."""

    def __init__(self, connection: LangSmithConnection) -> None:
        self._connection = connection
        self.generation: Generation | None = None
        self._sizes: dict[tuple[str, ...], int] = {}

    async def pages(self, project: str, wanted: Wanted) -> AsyncIterator[Sequence[dict[str, Any]]]:
        """Pages of runs as the server gives them, newest first.

        Raises:
            StoreUnavailable, StoreRejected
        """
        watch = Pages(f"{self._connection.address}: runs")
        cursor: str | None = None
        while True:
            answer, generation = await self._sized(project, wanted, cursor)
            rows, cursor = _page(answer, generation)
            yield rows
            if not cursor:
                return
            watch.turn(cursor, {str(row.get("id")) for row in rows})

    async def _sized(self, project: str, wanted: Wanted, cursor: str | None) -> tuple[Any, Generation]:
        """One page, as large as the server gives it. What was read before is not read again."""
        size = min(wanted.size, 2 * self._sizes.get(wanted.fields, wanted.size))
        while True:
            sized = wanted._replace(size=size)
            try:
                answer = await (self._next(project, sized, cursor) if cursor else self._first(project, sized))
            except AnswerTooLarge:
                if size == 1:
                    raise
                size //= 2
            except StoreRejected:
                if size <= RUNS_PER_QUERY:
                    raise
                size = RUNS_PER_QUERY
            else:
                self._sizes[wanted.fields] = size
                return answer, self.generation or "newer"

    async def _next(self, project: str, wanted: Wanted, cursor: str) -> Any:
        generation = self.generation or "newer"
        answer = await self._ask(generation, body_of(generation, project, wanted) | {"cursor": cursor})
        if answer is None:
            self.generation = None
            raise StoreUnavailable(f"{self._connection.address}: the query for runs is gone in the middle of a list")
        return answer

    async def _first(self, project: str, wanted: Wanted) -> Any:
        """The first page, by whichever query this server has."""
        order: list[Generation] = ["older", "newer"] if self.generation == "older" else ["newer", "older"]
        for generation in order:
            answer = await self._ask(generation, body_of(generation, project, wanted))
            if answer is not None:
                if self.generation not in (None, generation):
                    log.warning("langsmith.query_changed", now=generation)
                self.generation = generation
                return answer
        self.generation = None
        raise StoreUnavailable(
            f"{self._connection.address}: serves neither {NEWER} nor {OLDER}; check LANGSMITH_ENDPOINT"
        )

    async def _ask(self, generation: Generation, body: dict[str, Any]) -> Any:
        """What the server answers; None where it has not this query."""
        answer = await self._connection.send("POST", NEWER if generation == "newer" else OLDER, body)
        return None if answer.status in MISSING else json_of(answer)


def body_of(generation: Generation, project: str, wanted: Wanted) -> dict[str, Any]:
    """The body of a query."""
    return _newer(project, wanted) if generation == "newer" else _older(project, wanted)


def _newer(project: str, wanted: Wanted) -> dict[str, Any]:
    body: dict[str, Any] = {
        "project_ids": [project],
        "min_start_time": utc_iso(wanted.start),
        "max_start_time": utc_iso(wanted.end),
        "selects": list(wanted.fields),
        "page_size": wanted.size,
    }
    return body | _narrowed(wanted, ids="ids", trace="trace_id")


def _older(project: str, wanted: Wanted) -> dict[str, Any]:
    fields = (_OLDER_NAMES.get(name, name.lower()) for name in wanted.fields)
    body: dict[str, Any] = {
        "session": [project],
        "start_time": utc_iso(wanted.start),
        # What `end_time` of the older query bounds is told nowhere; this is.
        "filter": f'lt(start_time, "{utc_iso(wanted.end)}")',
        "select": list(dict.fromkeys(fields)),
        "limit": min(wanted.size, RUNS_PER_QUERY),
    }
    return body | _narrowed(wanted, ids="id", trace="trace")


def _narrowed(wanted: Wanted, *, ids: str, trace: str) -> dict[str, Any]:
    narrowed: dict[str, Any] = {}
    if wanted.is_root is not None:
        narrowed["is_root"] = wanted.is_root
    if wanted.run_ids:
        narrowed[ids] = list(wanted.run_ids)
    if len(wanted.trace_ids) == 1:
        narrowed[trace] = wanted.trace_ids[0]
    elif wanted.trace_ids:
        # A trace's id is that of its root, and this filter looks at roots.
        narrowed["trace_filter"] = f"or({', '.join(f'eq(id, {chr(34)}{i}{chr(34)})' for i in wanted.trace_ids)})"
    return narrowed


def _page(answer: Any, generation: Generation) -> tuple[list[dict[str, Any]], str | None]:
    """The runs of a page, and where the next begins."""
    if not isinstance(answer, dict):
        raise StoreUnavailable("LangSmith: a list of runs that is none")
    if generation == "newer":
        rows, cursor = answer.get("items"), answer.get("next_cursor")
    else:
        cursors = answer.get("cursors")
        rows, cursor = answer.get("runs"), cursors.get("next") if isinstance(cursors, dict) else None
    if not isinstance(rows, list) or not isinstance(cursor, str | None):
        raise StoreUnavailable("LangSmith: an answer without a list of runs; is this LangSmith?")
    return [row for row in rows if isinstance(row, dict)], cursor or None
