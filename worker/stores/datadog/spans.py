"""Searches for spans. Without bounds Datadog looks at the last 15 minutes alone, so bounds are always sent.

A search in words (`query`) finds several traces at once, and roots alone. How attributes are written in it is told in
two ways, with `@` before them and without, so both are asked for. Where words find nothing and plain filters do, this
server does not take our words, and is asked by plain filters from then on: one trace a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.store_clients.paging import Pages
from assay.worker.stores.datadog.connection import DatadogConnection

SEARCH = "/api/v2/llm-obs/v1/spans/events/search"
NO_PARENT = "undefined"
"""The parent of a root."""
_JSON_API = "application/vnd.api+json"

log = structlog.get_logger(__name__)
Span = dict[str, Any]
Filter = Mapping[str, Any]


class Wanted(NamedTuple):
    """Which spans are asked for.

    Attributes:
        start: the earliest moment.
        end: the latest.
        size: spans in a page.
        with_content: whether texts over 25 KB come whole.
    """

    start: datetime
    end: datetime
    size: int
    with_content: bool = False


class SpanSearch:
    """Pages of spans of one application."""

    def __init__(self, connection: DatadogConnection, ml_app: str) -> None:
        self._connection = connection
        self._ml_app = ml_app
        self._takes: dict[str, bool] = {}

    async def roots(self, wanted: Wanted) -> AsyncIterator[Sequence[Span]]:
        """Pages of root spans.

        Raises:
            StoreUnavailable, StoreRejected
        """
        words = f"ml_app:{_quoted(self._ml_app)} {_any_of('parent_id', [NO_PARENT])}"
        async for page in self._pages("roots", words, [{"ml_app": self._ml_app}], wanted):
            yield [span for span in page if is_root(span) and self._is_mine(span)]

    async def all_spans(self, wanted: Wanted) -> AsyncIterator[Sequence[Span]]:
        """Pages of spans of any kind.

        Raises:
            StoreUnavailable, StoreRejected
        """
        async for page in self._plain({"ml_app": self._ml_app}, wanted):
            yield [span for span in page if self._is_mine(span)]

    async def of_traces(
        self, trace_ids: Sequence[str], wanted: Wanted, *, only: Sequence[str] | None = None
    ) -> AsyncIterator[Sequence[Span]]:
        """Pages of the spans of some traces.

        Args:
            trace_ids: of the traces.
            wanted: bounds and sizes.
            only: only roots, and the spans of these ids. None: all spans.

        Raises:
            StoreUnavailable, StoreRejected
        """
        asked = set(trace_ids)
        words = _any_of("trace_id", trace_ids)
        if only is not None:
            below = [_any_of("span_id", only)] if only else []
            words = f"{words} ({' OR '.join([_any_of('parent_id', [NO_PARENT]), *below])})"
        kind, plain = "traces" if only is None else "targets", [{"trace_id": trace_id} for trace_id in trace_ids]
        async for page in self._pages(kind, words, plain, wanted):
            yield [
                span
                for span in page
                if str(span.get("trace_id")) in asked and (only is None or is_root(span) or span.get("span_id") in only)
            ]

    def _is_mine(self, span: Span) -> bool:
        return str(span.get("ml_app") or self._ml_app) == self._ml_app

    @property
    def takes_words(self) -> bool:
        """Whether no kind of search in words was seen to fail."""
        return False not in self._takes.values()

    async def _pages(
        self, kind: str, words: str, plain: Sequence[Filter], wanted: Wanted
    ) -> AsyncIterator[Sequence[Span]]:
        """What words find; what plain filters find, where words of this kind are not taken."""
        if self._takes.get(kind) is not False:
            async for page in self._by_words(kind, words, wanted):
                yield page
            if self._takes.get(kind):
                return
        is_any = False
        for given in plain:
            async for page in self._plain(given, wanted):
                is_any = is_any or bool(page)
                yield page
        if is_any and kind not in self._takes:
            # Asked again: what was found may have come to be shown in between.
            async for page in self._by_words(kind, words, wanted):
                if page:
                    return
            self._takes[kind] = False
            log.warning("datadog.words_not_taken", kind=kind)

    async def _by_words(self, kind: str, words: str, wanted: Wanted) -> AsyncIterator[Sequence[Span]]:
        try:
            async for page in self._plain({"query": words}, wanted):
                if page:
                    self._takes[kind] = True
                yield page
        except StoreRejected:
            if self._takes.get(kind):
                raise

    async def _plain(self, given: Filter, wanted: Wanted) -> AsyncIterator[Sequence[Span]]:
        bounds = {"from": _bound(wanted.start), "to": _bound(wanted.end + timedelta(milliseconds=1))}
        cursor: str | None = None
        watch = Pages(f"{self._connection.address}{SEARCH}")
        while True:
            page = {"limit": wanted.size} | ({"cursor": cursor} if cursor else {})
            attributes = {
                "filter": {**bounds, **given},
                "page": page,
                "options": {"include_attachments": wanted.with_content},
                "sort": "timestamp",
            }
            answer = await self._connection.ask(
                SEARCH, {"data": {"type": "spans", "attributes": attributes}}, content_type=_JSON_API
            )
            rows, after = self._read(answer)
            yield rows
            if not after:
                return
            watch.turn(after, {str(span.get("span_id")) for span in rows})
            cursor = after

    def _read(self, answer: Any) -> tuple[list[Span], str | None]:
        """The spans of a page, and where the next begins. A search out of time gives a part as if it were all."""
        rows = answer.get("data") if isinstance(answer, dict) else None
        meta = _part(answer, "meta") if isinstance(answer, dict) else {}
        if not isinstance(rows, list):
            raise StoreUnavailable(f"{self._connection.address}{SEARCH}: a list of spans that is none")
        if meta.get("status") == "timeout":
            raise StoreUnavailable(f"{self._connection.address}{SEARCH}: the search ran out of time")
        spans = [row["attributes"] for row in rows if isinstance(row, dict) and isinstance(row.get("attributes"), dict)]
        after = _part(meta, "page").get("after")
        return spans, str(after) if after else None


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}


def is_root(span: Span) -> bool:
    """Whether a span has none above it."""
    return span.get("parent_id") in (None, "", NO_PARENT, "0")


def _any_of(name: str, values: Sequence[str]) -> str:
    """Spans with one of these values: `(@trace_id:("a" OR "b") OR trace_id:("a" OR "b"))`."""
    listed = f"({' OR '.join(map(_quoted, values))})"
    return f"(@{name}:{listed} OR {name}:{listed})"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _bound(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
