"""Traces from a server of the older generation, where a trace is an object: /traces/{id}, one by one only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreError
from assay.worker.records.traces import Observation, Trace, TraceKey, TraceRoot
from assay.worker.stores.langfuse.client import LangfuseClient, NotThere
from assay.worker.stores.langfuse.codec import moment, prompt, text
from assay.worker.stores.langfuse.fetch_deadline import FETCH_S, meaning_for_one
from assay.worker.stores.langfuse.rows import LEAVES, UNKNOWN_ENVIRONMENT, Row, latest, under
from assay.worker.stores.langfuse.usage import cost_of, first_token_of, tokens_of

PATH = "/api/public/traces"
AT_ONCE = 4


async def fetch(client: LangfuseClient, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
    """Whole traces by id, or why one could not be read; what is not there is absent."""
    turns = asyncio.Semaphore(AT_ONCE)
    until = time.monotonic() + FETCH_S

    async def fetch_trace(trace_id: str) -> Fetched | None:
        async with turns:
            if time.monotonic() > until:
                return StoreBusy("Langfuse: no time was left to fetch this with the rest", retry_after_s=1.0)
            try:
                answer = await client.get(f"{PATH}/{quote(trace_id, safe='')}")
            except NotThere:
                return None
            except StoreError as exc:
                return meaning_for_one(exc)
        return await in_thread(trace_of, answer)

    ids = list(dict.fromkeys(key.trace_id for key in keys))
    results = await asyncio.gather(*(fetch_trace(trace_id) for trace_id in ids))
    return {trace_id: fetched for trace_id, fetched in zip(ids, results, strict=True) if fetched is not None}


def root_of(row: Mapping[str, Any]) -> TraceRoot | None:
    """The root that a trace object stands for; its end is known where its latency is."""
    trace_id, start = text(row.get("id")), moment(row.get("timestamp"))
    if trace_id is None or start is None:
        return None
    latency = row.get("latency")
    return TraceRoot(
        trace_id=trace_id,
        observation_id="",
        name=text(row.get("name")) or "",
        environment=text(row.get("environment")) or UNKNOWN_ENVIRONMENT,
        start=start,
        end=start + timedelta(seconds=latency) if isinstance(latency, int | float) and latency >= 0 else None,
        release=text(row.get("release")),
        version=text(row.get("version")),
        user_id=text(row.get("userId")),
        session_id=text(row.get("sessionId")),
        tags=tuple(tag for tag in row.get("tags") or () if isinstance(tag, str)),
        metadata=row.get("metadata") if isinstance(row.get("metadata"), dict) else {},
    )


def trace_of(row: Mapping[str, Any]) -> Trace | None:
    """A whole trace. Where one observation carries the trace's own input and output, it is the root: it gives id and
    level, is no step of its own, and only what lies under it counts. Else every observation is a step.
    """
    root = root_of(row)
    if root is None:
        return None
    rows = list(latest(o for o in row.get("observations") or () if isinstance(o, dict)).values())
    top = _top(row, rows)
    steps = rows
    if top is not None:
        root = root.model_copy(update={"observation_id": top["id"], "level": top.get("level") or "DEFAULT"})
        others = {other["id"] for other in _tops(rows)} - {top["id"]}
        steps = [*([top] if top.get("type") in LEAVES else []), *under(top["id"], rows, others=others)]
    return Trace(
        root=root,
        input=row.get("input"),
        output=row.get("output"),
        observations=tuple(sorted((_step(step, root.start) for step in steps), key=lambda step: (step.start, step.id))),
    )


def _top(row: Mapping[str, Any], rows: Sequence[Row]) -> Row | None:
    tops = sorted(_tops(rows), key=lambda top: str(top.get("startTime")))
    if len(tops) == 1:
        return tops[0]
    own = (row.get("input"), row.get("output"))
    same = [top for top in tops if own != (None, None) and (top.get("input"), top.get("output")) == own]
    return same[0] if same else None


def _tops(rows: Sequence[Row]) -> list[Row]:
    ids = {row["id"] for row in rows}
    return [row for row in rows if row.get("parentObservationId") not in ids]


def _step(row: Row, start: datetime) -> Observation:
    return Observation(
        id=str(row["id"]),
        type=str(row.get("type") or "span").lower(),
        name=text(row.get("name")) or "",
        parent_id=text(row.get("parentObservationId")),
        start=moment(row.get("startTime")) or start,
        end=moment(row.get("endTime")),
        level=text(row.get("level")) or "DEFAULT",
        input=row.get("input"),
        output=row.get("output"),
        model=text(row.get("model")),
        usage=tokens_of(row),
        cost_usd=cost_of(row),
        first_token=first_token_of(row),
        metadata=prompt(row) | (own if isinstance(own := row.get("metadata"), dict) else {}),
    )
