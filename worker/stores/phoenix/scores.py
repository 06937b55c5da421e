"""Writing scores as annotations and reading them back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.scores import Score, ScoreKey, SessionScore
from assay.worker.store_clients.paging import Pages
from assay.worker.stores.phoenix.annotations import (
    Row,
    annotation_of,
    is_of_a_rubric,
    newest,
    score_of,
    session_annotation_of,
)
from assay.worker.stores.phoenix.client import PhoenixClient, Query, data_in, is_askable
from assay.worker.stores.phoenix.reading import iso
from assay.worker.stores.phoenix.refusals import NotThere

ON_TRACES, ON_SPANS, ON_SESSIONS = "trace_annotations", "span_annotations", "session_annotations"
MOST_AT_ONCE, MOST_BYTES = 100, 2_000_000
"""Annotations, and bytes of them, in one request."""
ASKED_AT_ONCE = 50
"""Scores or traces asked for in one request: each is named twice at most, which makes a line of 5 kB."""
PAGE, MOST_PAGES = 1000, 20
PATIENCE_S = 120.0
_AN_HOUR = timedelta(hours=1)


class Annotations:
    """The annotations of one project."""

    def __init__(self, client: PhoenixClient) -> None:
        self._client = client

    async def write(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores. A return means that Phoenix shows them: it is asked to answer when they are in.

        Raises:
            StoreRejected: a score that cannot be written, or a trace that Phoenix does not have.
            StoreUnavailable
        """
        last = {score.id: annotation_of(score) for score in scores}
        await self._post(ON_TRACES, [given for given in last.values() if "trace_id" in given])
        await self._post(ON_SPANS, [given for given in last.values() if "span_id" in given])

    async def write_sessions(self, scores: Sequence[SessionScore]) -> None:
        """Write or overwrite scores of sessions.

        Raises:
            StoreUnavailable, StoreRejected
        """
        last = {score.id: session_annotation_of(score) for score in scores}
        await self._post(ON_SESSIONS, list(last.values()))

    async def _post(self, kind: str, annotations: Sequence[dict[str, Any]]) -> None:
        for part in _parts(annotations):
            answer = await self._client.post(f"/v1/{kind}", {"data": part}, [("sync", "true")])
            written = data_in(answer, f"{self._client.base_url}: {kind}")
            if len(written) != len(part):
                raise StoreRejected(f"{self._client.base_url}: took {len(written)} of {len(part)} {kind}")

    async def read(self, keys: Sequence[ScoreKey]) -> dict[str, Score]:
        """The scores under these keys; missing ones are absent.

        Raises:
            StoreUnavailable, StoreRejected
        """
        scores: dict[str, Score] = {}
        keys = [key for key in keys if all(map(is_askable, (key.id, key.trace_id, key.observation_id or "")))]
        traces = {key.id: key.trace_id for key in keys}
        on_traces = [key for key in keys if not key.observation_id]
        on_spans = [key for key in keys if key.observation_id]
        for kind, named, part in (*_asked(ON_TRACES, on_traces), *_asked(ON_SPANS, on_spans)):
            targets = {key.observation_id or key.trace_id for key in part}
            about = [*((named, target) for target in sorted(targets)), *(("identifier", key.id) for key in part)]
            rows = newest([row async for row in self._rows(kind, about)])
            for key in part:
                score = score_of(rows[key.id], traces[key.id]) if key.id in rows else None
                if score is not None:
                    scores[key.id] = score
        return scores

    async def of_traces(
        self, trace_ids: Sequence[str], spans: Mapping[str, str], names: Sequence[str] | None
    ) -> dict[str, list[Score]]:
        """Scores of rubrics on these traces, and on these spans, given with their traces.

        Raises:
            StoreUnavailable, StoreRejected
        """
        scored: dict[str, dict[str, Score]] = {}
        narrowed = [("include_annotation_names", name) for name in names or ()]
        trace_ids = [trace_id for trace_id in trace_ids if is_askable(trace_id)]
        asked = [(ON_TRACES, "trace_ids", trace_ids), (ON_SPANS, "span_ids", list(spans))]
        for kind, named, ids in asked:
            for at in range(0, len(ids), ASKED_AT_ONCE):
                about = [*((named, target) for target in ids[at : at + ASKED_AT_ONCE]), *narrowed]
                rows = newest([row async for row in self._rows(kind, about) if is_of_a_rubric(row)])
                for row in rows.values():
                    score = score_of(row, spans.get(row.get("span_id") or ""))
                    if score is not None:
                        scored.setdefault(score.trace_id, {})[score.id] = score
        return {trace_id: list(of.values()) for trace_id, of in scored.items()}

    async def delete(self, identifier: str, name: str, now: datetime) -> None:
        """Delete one annotation of a trace that was written within the hour.

        Bounded by time although it is named: a server that does not know one of the filters would delete all else.

        Raises:
            StoreUnavailable, StoreRejected
        """
        query = [("identifier", identifier), ("name", name)]
        query += [("start_time", iso(now - _AN_HOUR)), ("end_time", iso(now + _AN_HOUR))]
        await self._client.delete(f"{self._client.project_path}/{ON_TRACES}", query)

    async def _rows(self, kind: str, about: Query) -> AsyncIterator[Row]:
        """Annotations, page by page. Where the server has none of what they may hang on, there are none."""
        path, cursor = f"{self._client.project_path}/{kind}", None
        pages = Pages(path)
        for _ in range(MOST_PAGES):
            query = [*about, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
            try:
                answer = await wait_for_budget(partial(self._client.get, path, query), patience_s=PATIENCE_S)
            except NotThere:
                return
            for row in data_in(answer, path):
                yield row
            cursor = answer.get("next_cursor")
            if cursor is None:
                return
            pages.turn(cursor)


def _asked(kind: str, keys: Sequence[ScoreKey]) -> Iterator[tuple[str, str, Sequence[ScoreKey]]]:
    named = "trace_ids" if kind == ON_TRACES else "span_ids"
    for at in range(0, len(keys), ASKED_AT_ONCE):
        yield kind, named, keys[at : at + ASKED_AT_ONCE]


def _parts(annotations: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many at once as one request should hold."""
    part: list[dict[str, Any]] = []
    size = 0
    for annotation in annotations:
        length = len(json.dumps(annotation))
        if part and (len(part) == MOST_AT_ONCE or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(annotation)
        size += length
    if part:
        yield part
