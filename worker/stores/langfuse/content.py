"""Whole traces from an observation-first server, many in one query: by trace ids, within time bounds.

Rows of one trace are not contiguous, so a batch is read to its last page before any trace is made. What a server
moves at once is bounded (5 MB an answer in the cloud, about 300 ids in a URL), so pages follow the size of the rows
seen so far, and ids are split by the length of the URL.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import structlog

from judges.offload import in_thread
from worker.flow.extraction.needs import cut_keys_needed
from worker.ports import StoreRejected
from worker.schema import Trace, TraceKey
from worker.stores.langfuse.client import LangfuseClient, QueryTooHeavy, TooLarge
from worker.stores.langfuse.roots import PATH
from worker.stores.langfuse.rows import Row, trace_of
from worker.stores.langfuse.values import iso, may_be_cut

FIELDS = "core,basic,time,io,metadata,model,trace_context"
EARLIER, LATER = timedelta(minutes=15), timedelta(hours=1)
"""How far outside its root's time a trace's rows are looked for: clocks differ, background steps run on."""

PAGE, LARGEST_PAGE = 200, 1000
TARGET_BYTES = 3_000_000
"""Aimed-at size of an answer, well under the cloud's 5 MB."""

MOST_BYTES = 48_000_000
"""A batch whose traces are larger together is read one by one; a single trace that large is left out."""

URL_ROOM, KEYS_ROOM = 8_500, 2_500
"""Characters for trace ids and for metadata keys, quoted. 200 ids of 32 digits take 8,200; a URL of 12,400 was seen
to be answered, one of 16,500 refused."""

log = structlog.get_logger(__name__)


class ContentReader:
    """Fetches traces; remembers how large rows are."""

    def __init__(self, client: LangfuseClient, *, metadata_keys: Iterable[str] = ()) -> None:
        self._client = client
        self._keys = frozenset(metadata_keys)
        self._row_bytes = TARGET_BYTES / PAGE

    async def fetch(self, keys: Sequence[TraceKey]) -> dict[str, Trace]:
        """Whole traces by id; what is not there, or too large to move, is absent.

        Raises:
            StoreUnavailable, StoreRejected
        """
        found: dict[str, Trace] = {}
        for batch in _batches(keys):
            found |= await self._fetch_or_split(batch)
        return found

    async def _fetch_or_split(self, keys: Sequence[TraceKey]) -> dict[str, Trace]:
        try:
            return await self._fetch(keys)
        except (TooLarge, QueryTooHeavy) as exc:
            if len(keys) == 1:
                if isinstance(exc, QueryTooHeavy):
                    raise
                log.warning("langfuse.trace_too_large", trace_id=keys[0].trace_id)
                return {}
        found: dict[str, Trace] = {}
        for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            found |= await self._fetch_or_split(half)
        return found

    async def _fetch(self, keys: Sequence[TraceKey]) -> dict[str, Trace]:
        rows = await self._rows(keys, FIELDS, self._keys)
        expanded = set(self._keys)
        for names in _key_groups(cut_keys_needed(_cut(rows)) - expanded):
            # Documents that plain OpenTelemetry leaves in metadata: asked for again, now that their keys are known.
            affected = {row["traceId"] for row in rows if names & set(row.get("metadata") or ())}
            again = await self._rows([key for key in keys if key.trace_id in affected], "core,metadata", names)
            _fill_in(rows, again, names)
            expanded |= names
        return await in_thread(_traces, rows, frozenset(expanded))

    async def _rows(self, keys: Sequence[TraceKey], fields: str, expanded: frozenset[str]) -> list[Row]:
        rows: list[Row] = []
        read = 0
        cursor: str | None = None
        limit = self._page()
        base = _query(keys, fields, expanded)
        while True:
            try:
                answer = await self._client.get(PATH, [*base, *_page_query(limit, cursor)])
            except TooLarge:
                if limit == 1:
                    raise
                limit = max(1, limit // 4)
                continue
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
            limit = self._page()

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


def _batches(keys: Sequence[TraceKey]) -> Iterator[list[TraceKey]]:
    """Keys in groups whose ids fit into one URL."""
    batch: list[TraceKey] = []
    taken = 0
    for key in {key.trace_id: key for key in keys}.values():
        length = len(quote_plus(json.dumps(key.trace_id))) + 3
        if length > URL_ROOM:
            raise StoreRejected(f"Langfuse: trace id of {len(key.trace_id)} characters does not fit into a request")
        if batch and taken + length > URL_ROOM:
            yield batch
            batch, taken = [], 0
        batch.append(key)
        taken += length
    if batch:
        yield batch


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
        found = whole.get((row["id"], row["startTime"]), {})
        held = row.get("metadata") or {}
        held.update({name: found[name] for name in names & held.keys() if name in found})


def _cut(rows: Iterable[Row]) -> set[str]:
    """Metadata keys whose value may have lost its end."""
    return {key for row in rows for key, value in (row.get("metadata") or {}).items() if may_be_cut(value)}


def _size(rows: Sequence[Mapping[str, Any]]) -> int:
    """About how many bytes these rows were in the answer."""
    return sum(
        600 + len(row.get("input") or "") + len(row.get("output") or "") + len(str(row.get("metadata") or ""))
        for row in rows
    )


def _traces(rows: Iterable[Row], expanded: frozenset[str]) -> dict[str, Trace]:
    by_trace: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_trace[row["traceId"]].append(row)
    made = {trace_id: trace_of(group, expanded=expanded) for trace_id, group in by_trace.items()}
    return {trace_id: trace for trace_id, trace in made.items() if trace is not None}
