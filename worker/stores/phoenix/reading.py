"""Reading spans: roots of a time range page by page, and whole traces, in pages as large as the server's answers allow.

The order is that in which spans came in, latest first, and a cursor is a place in it. So what arrives meanwhile moves
no page: nothing is lost or doubled, and the next window's overlap finds the new ones.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.traces import is_own, root_of, trace_of
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, TraceTooLarge
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.spans import Span
from assay.worker.records.traces import TraceRoot
from assay.worker.store_clients.paging import Pages
from assay.worker.store_clients.rows import fetched, listed
from assay.worker.stores.phoenix.client import PhoenixClient, Sized, data_in, is_askable
from assay.worker.stores.phoenix.refusals import TooLarge
from assay.worker.stores.phoenix.spans import spans_in

ROOT_PAGE, SPAN_PAGE, SMALLEST_PAGE = 500, 1000, 1
MOST_ROOT_PAGES = 1_000_000
"""Of one window. Huge roots come one a page."""
TRACES_AT_ONCE = 40
"""Trace ids in one request line: 1.7 kB."""
MOST_SPANS, MOST_BYTES = 10_000, 64 * 1024 * 1024
"""Of the traces that are asked for at once. Where they are more, they are asked for one by one; a single one with more
is too large."""
PATIENCE_S = 120.0
_ROOTLESS = "not any(s.parent_id is None for s in spans)"
"""Phoenix's own words for traces without a root."""
_ROOTLESS_PAGE, _ROOTLESS_PAGES = 200, 20

Row = Mapping[str, Any]


class SpanReader:
    """Asks one project for spans; remembers how large a page of roots may be."""

    def __init__(self, client: PhoenixClient) -> None:
        self._client = client
        self._root_page = ROOT_PAGE

    async def roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`; a trace with several roots comes several times.

        Raises:
            StoreUnavailable, StoreRejected
        """
        query = [("parent_id", "null"), ("start_time", iso(start)), ("end_time", iso(end))]
        cursor: str | None = None
        pages = Pages(self._where, most=MOST_ROOT_PAGES)
        while True:
            try:
                ask = partial(self._page, query, self._root_page, cursor)
                answer = (await wait_for_budget(ask, patience_s=PATIENCE_S)).content
            except TooLarge:
                if self._root_page <= SMALLEST_PAGE:
                    raise
                self._root_page = max(SMALLEST_PAGE, self._root_page // 4)
                continue
            rows = data_in(answer, self._where)
            roots = await in_thread(_roots, rows)
            if roots:
                yield roots
            cursor = answer.get("next_cursor")
            if cursor is None:
                return
            pages.turn(cursor, _ids(rows))

    async def root_spans(self, trace_ids: Sequence[str]) -> dict[str, str]:
        """The traces of root spans, by the spans' ids.

        Raises:
            StoreUnavailable, StoreRejected
        """
        traces: dict[str, str] = {}
        for ids in _groups([trace_id for trace_id in trace_ids if is_askable(trace_id)], TRACES_AT_ONCE):
            for span in await self._spans(ids, [("parent_id", "null")]):
                traces[span.span_id] = span.trace_id
        return traces

    async def traces(self, trace_ids: Sequence[str]) -> dict[str, Fetched]:
        """Whole traces; what the server does not have is absent, and what is too large has its error.

        Raises:
            StoreUnavailable, StoreRejected: nothing could be read.
        """
        traces: dict[str, Fetched] = {}
        pending = list(_groups([trace_id for trace_id in trace_ids if is_askable(trace_id)], TRACES_AT_ONCE))
        while pending:
            ids = pending.pop()
            try:
                spans = await self._spans(ids)
            except TooLarge as exc:
                if len(ids) > 1:
                    pending += list(_groups(ids, max(1, len(ids) // 4)))
                else:
                    traces[ids[0]] = TraceTooLarge(str(exc))
                continue
            except StoreBusy as exc:
                if not traces:
                    raise
                traces |= dict.fromkeys(ids, exc)
                continue
            traces |= await in_thread(_traces, spans)
        return traces

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces that began in a range have spans, but none without a parent.

        Older servers do not know the filter and give every trace: then the spans that come along tell.

        Raises:
            StoreUnavailable, StoreRejected
        """
        query = [("start_time", iso(start)), ("end_time", iso(end)), ("filter", _ROOTLESS), ("include_spans", "true")]
        query.append(("limit", str(_ROOTLESS_PAGE)))
        count, cursor = 0, None
        path = f"{self._client.project_path}/traces"
        pages = Pages(path)
        for _ in range(_ROOTLESS_PAGES):
            answer = await self._client.get(path, [*query, *([("cursor", cursor)] if cursor else [])])
            count += sum(map(_is_rootless, data_in(answer, path)))
            cursor = answer.get("next_cursor")
            if cursor is None:
                break
            pages.turn(cursor)
        return count

    async def _spans(self, ids: Sequence[str], narrowed: Sequence[tuple[str, str]] = ()) -> list[Span]:
        """All spans of some traces.

        Raises:
            TooLarge: they are more than we hold at once.
        """
        query = [*(("trace_id", trace_id) for trace_id in ids), *narrowed]
        spans: list[Span] = []
        page, cursor, size = SPAN_PAGE, None, 0
        pages = Pages(self._where)
        while True:
            try:
                answer, read = await self._page(query, page, cursor)
            except TooLarge:
                if len(ids) > 1 or page <= SMALLEST_PAGE:
                    raise
                page = max(SMALLEST_PAGE, page // 8)
                continue
            rows = data_in(answer, self._where)
            spans += await in_thread(_spans, rows)
            size += read
            if len(spans) > MOST_SPANS or size > MOST_BYTES:
                raise TooLarge(f"trace {ids[0]}: more than {MOST_SPANS:,} spans or {MOST_BYTES:,} bytes")
            cursor = answer.get("next_cursor")
            if cursor is None:
                return spans
            pages.turn(cursor, _ids(rows))

    async def _page(self, query: Sequence[tuple[str, str]], size: int, cursor: str | None) -> Sized:
        paging = [("limit", str(size)), *([("cursor", cursor)] if cursor else [])]
        return await self._client.sized(self._where, [*query, *paging])

    @property
    def _where(self) -> str:
        return f"{self._client.project_path}/spans"


def iso(moment: datetime) -> str:
    """A moment in UTC with microseconds, the server's precision."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _roots(rows: Iterable[Row]) -> list[TraceRoot]:
    return listed(spans_in(rows), lambda span: None if is_own(span) else root_of(span))


def _spans(rows: Iterable[Row]) -> list[Span]:
    return list(spans_in(rows))


def _traces(spans: Iterable[Span]) -> dict[str, Fetched]:
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    traces = {trace_id: fetched(partial(trace_of, of_trace), trace_id) for trace_id, of_trace in by_trace.items()}
    return {trace_id: trace for trace_id, trace in traces.items() if trace is not None}


def _is_rootless(row: Row) -> bool:
    spans = [span for span in row.get("spans") or () if isinstance(span, dict)]
    return bool(spans) and all(span.get("parent_id") for span in spans)


def _ids(rows: Iterable[Row]) -> list[str]:
    """The server's own ids of rows, or else those of the spans."""
    return [str(row.get("id") or row.get("context")) for row in rows]


def _groups(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    for at in range(0, len(ids), size):
        yield list(ids[at : at + size])
