"""Whole traces from an observation-first server, many in one query: by trace ids, within time bounds.

Rows of one trace are not contiguous, so a batch is read to its last page before any trace is made. What a server
moves at once is bounded (5 MB an answer in the cloud, about 300 ids in a URL), so pages follow the size of the rows
seen so far, and ids are split by the length of the URL.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from assay.judges.cpu_executor import in_thread
from assay.worker.extraction.needs import cut_keys_needed
from assay.worker.ports.batch_sizes import FETCH_LIMIT
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.stores.langfuse.client import (
    LangfuseClient,
    NotThere,
    Query,
    QueryTooHeavy,
    TimedOut,
    TooLarge,
    UrlTooLong,
)
from assay.worker.stores.langfuse.codec import iso, may_be_cut
from assay.worker.stores.langfuse.fetch_deadline import Patience, meaning_for_one
from assay.worker.stores.langfuse.rows import Row, trace_of
from assay.worker.stores.langfuse.v4.roots import PATH

FIELDS = "core,basic,time,io,metadata,model,usage,prompt,trace_context"
EARLIER, LATER = timedelta(minutes=15), timedelta(hours=1)
"""How far outside its root's time a trace's rows are looked for: clocks differ, background steps run on."""

PAGE, LARGEST_PAGE = 200, 1000
TARGET_BYTES = 3_000_000
"""Aimed-at size of an answer, well under the cloud's 5 MB."""

MOST_BYTES = 48_000_000
"""A batch whose traces are larger together is read in parts; a single trace that large is not read."""

PARTS = 16
"""Into so many a batch is split, all asked for at once: of a message of 16 traces the one that the server cannot give
in time costs the others one time-out, not one for each halving."""

MOST_KEYS = 100
"""Cut metadata keys that are asked for again where all are wanted."""

URL_ROOM, KEYS_ROOM = 8_500, 2_500
"""Characters for trace ids and for metadata keys, quoted. 200 ids of 32 digits take 8,200; a URL of 12,400 was seen
to be answered, one of 16,500 refused."""


class ContentReader:
    """Fetches traces; remembers how large rows are, and how many traces could be read in time.

    With `every_key` all metadata that was cut is asked for again, not only what evidence is kept under.
    """

    def __init__(self, client: LangfuseClient, *, metadata_keys: Iterable[str] = (), every_key: bool = False) -> None:
        self._client = client
        self._every_key = every_key
        self._keys = frozenset(metadata_keys)
        self._row_bytes = TARGET_BYTES / PAGE
        self._at_once = FETCH_LIMIT

    async def fetch(self, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        """Whole traces by id, or why one could not be read; what is not there is absent.

        Raises:
            NotThere: the server lacks the route.
        """
        patience = Patience(self._client)
        asked = {key.trace_id: key for key in keys}
        fetched: dict[str, Fetched] = {
            trace_id: StoreRejected(f"Langfuse: a trace id of {len(trace_id)} characters does not fit into a request")
            for trace_id in asked
            if _url_length(trace_id) > URL_ROOM
        }
        fitting = [key for trace_id, key in asked.items() if trace_id not in fetched]
        for batch in _batches(fitting, most=self._at_once):
            fetched |= await self._fetch_or_split(batch, patience)
        return fetched

    async def _fetch_or_split(self, keys: Sequence[TraceKey], patience: Patience) -> dict[str, Fetched]:
        try:
            traces = await self._fetch(keys, patience)
        except NotThere:
            raise
        except (StoreRejected, QueryTooHeavy, TimedOut) as exc:
            if len(keys) == 1:
                return {keys[0].trace_id: meaning_for_one(exc)}
            if patience.is_over:
                self._at_once = max(1, len(keys) // 4)
                late = StoreBusy(
                    f"Langfuse: {len(keys)} traces could not be read in time; fewer are next", retry_after_s=1.0
                )
                return dict.fromkeys((key.trace_id for key in keys), late)
        except StoreUnavailable as exc:
            return dict.fromkeys((key.trace_id for key in keys), exc)
        else:
            self._at_once = min(FETCH_LIMIT, 2 * self._at_once)
            return dict(traces)
        size = -(-len(keys) // PARTS)
        parts = [keys[at : at + size] for at in range(0, len(keys), size)]
        read = await asyncio.gather(*(self._fetch_or_split(part, patience) for part in parts))
        return {trace_id: fetched for part in read for trace_id, fetched in part.items()}

    async def _fetch(self, keys: Sequence[TraceKey], patience: Patience) -> dict[str, Trace]:
        rows = await self._rows(keys, FIELDS, self._keys, patience)
        expanded = set(self._keys)
        cut = _cut(rows)
        needed = frozenset(sorted(cut)[:MOST_KEYS]) if self._every_key else cut_keys_needed(cut)
        for names in _key_groups(needed - expanded):
            # Documents that plain OpenTelemetry leaves in metadata: asked for again, now that their keys are known.
            affected = {row["traceId"] for row in rows if names & set(row.get("metadata") or ())}
            again = [key for key in keys if key.trace_id in affected]
            _fill_in(rows, await self._rows(again, "core,metadata", names, patience), names)
            expanded |= names
        return await in_thread(_traces, rows, frozenset(expanded))

    async def _rows(
        self, keys: Sequence[TraceKey], fields: str, expanded: frozenset[str], patience: Patience
    ) -> list[Row]:
        rows: list[Row] = []
        read, most = 0, LARGEST_PAGE
        cursor: str | None = None
        query = _query(keys, fields, expanded)
        while True:
            try:
                answer, most = await self._ask(query, cursor, most, patience, is_alone=len(keys) == 1)
            except StoreBusy as exc:
                if not rows:
                    raise
                raise TimedOut(
                    f"Langfuse: {len(rows)} rows of {len(keys)} traces read, not all in time: {exc}"
                ) from exc
            page = answer["data"]
            rows += page
            size = await in_thread(_size, page)
            read += size
            if page:
                self._row_bytes = max(size / len(page), 0.8 * self._row_bytes)
            if read > MOST_BYTES:
                raise TooLarge(f"Langfuse: {len(keys)} traces hold over {MOST_BYTES:,} bytes")
            cursor = answer["meta"].get("cursor")
            if cursor is None:
                return rows

    async def _ask(
        self, query: Query, cursor: str | None, most: int, patience: Patience, *, is_alone: bool
    ) -> tuple[Any, int]:
        """A page of at most so many rows, fewer where that is too much, and how many the next may have."""
        limit = min(most, self._page())
        while True:
            try:
                return await patience.get(PATH, [*query, *_page_query(limit, cursor)]), most
            except UrlTooLong:
                raise
            except TooLarge as exc:
                limit = _smaller(limit, 4, exc)
            except (QueryTooHeavy, TimedOut) as exc:
                # Of several traces the heavy one is found first; each such answer takes the server half a minute.
                if not is_alone or patience.is_over:
                    raise
                limit = most = _smaller(limit, 20, exc)

    def _page(self) -> int:
        return max(1, min(LARGEST_PAGE, int(TARGET_BYTES / max(self._row_bytes, 1.0))))


def _query(keys: Sequence[TraceKey], fields: str, expanded: frozenset[str]) -> list[tuple[str, str]]:
    query = [
        ("fields", fields),
        ("fromStartTime", iso(min(key.start for key in keys) - EARLIER)),
        ("toStartTime", iso(max(key.end or key.start for key in keys) + LATER)),
        ("filter", _any_of([key.trace_id for key in keys])),
    ]
    return [*query, ("expandMetadata", ",".join(sorted(expanded)))] if expanded else query


def _page_query(limit: int, cursor: str | None) -> list[tuple[str, str]]:
    return [("limit", str(limit)), *([("cursor", cursor)] if cursor is not None else [])]


def _any_of(trace_ids: Sequence[str]) -> str:
    condition = {"type": "stringOptions", "column": "traceId", "operator": "any of", "value": trace_ids}
    return json.dumps([condition], separators=(",", ":"))


def _smaller(limit: int, times: int, error: TooLarge | StoreUnavailable) -> int:
    if limit == 1:
        raise error
    return max(1, limit // times)


def _batches(keys: Iterable[TraceKey], *, most: int) -> Iterator[list[TraceKey]]:
    """Keys in groups whose ids fit into one URL."""
    batch: list[TraceKey] = []
    taken = 0
    for key in keys:
        length = _url_length(key.trace_id)
        if batch and (taken + length > URL_ROOM or len(batch) == most):
            yield batch
            batch, taken = [], 0
        batch.append(key)
        taken += length
    if batch:
        yield batch


def _url_length(trace_id: str) -> int:
    """What an id takes up in the filter of a URL."""
    return len(quote_plus(json.dumps(trace_id))) + 3


def _key_groups(names: Iterable[str]) -> Iterator[frozenset[str]]:
    """Metadata keys in groups that fit into a URL beside the ids."""
    group: list[str] = []
    for name in sorted(names):
        if group and len(quote_plus(",".join([*group, name]))) > KEYS_ROOM:
            yield frozenset(group)
            group = []
        group.append(name)
    if group:
        yield frozenset(group)


def _fill_in(rows: Iterable[Row], again: Iterable[Row], names: frozenset[str]) -> None:
    """Put expanded metadata values in the place of cut ones."""
    whole = {(row["id"], row["startTime"]): row.get("metadata") or {} for row in again}
    for row in rows:
        values = whole.get((row["id"], row["startTime"]), {})
        held = row.get("metadata") or {}
        held.update({name: values[name] for name in names & held.keys() if name in values})


def _cut(rows: Iterable[Row]) -> set[str]:
    """Metadata keys whose value may have lost its end."""
    return {key for row in rows for key, value in (row.get("metadata") or {}).items() if may_be_cut(value)}


def _size(rows: Sequence[Row]) -> int:
    """About how many bytes these rows were in the answer."""
    return len(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _traces(rows: Iterable[Row], expanded: frozenset[str]) -> dict[str, Trace]:
    by_trace: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_trace[row["traceId"]].append(row)
    traces = {trace_id: trace_of(group, expanded=expanded) for trace_id, group in by_trace.items()}
    return {trace_id: trace for trace_id, trace in traces.items() if trace is not None}
