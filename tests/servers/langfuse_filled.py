"""A Langfuse store that can also be filled, by OTLP as an application would, and that waits for what lags.

The same for the fake and for a real server: nothing here knows which it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Tokens, Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langfuse.client import LangfuseClient
from assay.worker.stores.langfuse.codec import iso
from assay.worker.stores.langfuse.quotas import PLANS, Plan
from assay.worker.stores.langfuse.store import LangfuseStore

UNLIMITED = Plan(general=10_000_000, ingestion=10_000_000, legacy=10_000_000)
_NOISE = ("scope.", "resourceAttributes.", "attributes.")


class Place(BaseModel):
    """Where a server is and how to get in."""

    url: str
    public_key: str
    secret_key: str
    patience_s: float = 5.0


def write_place(directory: Path, place: Place) -> None:
    """Leave a note for every process that works in a directory."""
    (directory / "langfuse.json").write_text(place.model_dump_json())


def langfuse_in(directory: Path) -> FilledLangfuse:
    """The store of the server noted in a directory."""
    return FilledLangfuse(Place.model_validate_json((directory / "langfuse.json").read_text()))


def _real() -> Place | None:
    names = ("LANGFUSE_BASE_URL", "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")
    url, public, secret = (os.environ.get(name, "") for name in names)  # noqa: TID251  # read before tests clean it
    wanted = os.environ.get("ASSAY_TEST_LANGFUSE") == "1"  # noqa: TID251  # so that nobody's project is filled unasked
    return Place(url=url, public_key=public, secret_key=secret, patience_s=90) if wanted else None


REAL = _real()
"""The server that `make test-langfuse` names."""


def client_of(place: Place, *, plan: Plan = UNLIMITED, **options: Any) -> LangfuseClient:
    """A client with a budget of its own."""
    secret = SecretStr(place.secret_key)
    options.setdefault("limits", MemoryLimits())
    return LangfuseClient(place.url, public_key=place.public_key, secret_key=secret, plan=plan, **options)


class FilledLangfuse(LangfuseStore):
    """Waits until what was written can be read; dates scores as they were given, if the server's day is right."""

    def __init__(self, place: Place) -> None:
        super().__init__(client_of(place, plan=UNLIMITED if place.patience_s < 10 else PLANS["self-hosted"]))
        self._place = place
        self._patience_s = place.patience_s
        self._written: dict[str, Score] = {}

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send traces as OTLP/JSON and wait until all can be read."""
        given = list(traces)
        for start in range(0, len(given), 50):
            spans = [span for trace in given[start : start + 50] for span in _spans(trace)]
            scope = {"scope": {"name": "langfuse-sdk"}, "spans": spans}
            await self._export({"resourceSpans": [{"scopeSpans": [scope]}]})
        await self._until(lambda: self._has(given))
        return len(given)

    async def _export(self, body: dict[str, Any]) -> None:
        # Without the header a server in migration shows the spans more than ten minutes later.
        headers = {"x-langfuse-ingestion-version": "4"}
        async with httpx.AsyncClient(auth=(self._place.public_key, self._place.secret_key), timeout=60) as http:
            answer = await http.post(f"{self._place.url}/api/public/otel/v1/traces", json=body, headers=headers)
        answer.raise_for_status()

    async def _has(self, traces: Sequence[Trace]) -> bool:
        found = 0
        for start in range(0, len(traces), 200):
            part = traces[start : start + 200]
            keys = [TraceKey(trace_id=trace.id, start=trace.root.start, end=trace.root.end) for trace in part]
            read = await super().fetch_traces(keys)
            found += sum(_is_whole(trace_in(read, one.id), one) for one in part)
        return found == len(traces)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        """Whole traces, without the metadata that the way of sending leaves."""
        fetched = await super().fetch_traces(keys)
        found = {trace_id: trace_in(fetched, trace_id) for trace_id in fetched}
        return {trace_id: _clean(trace) for trace_id, trace in found.items() if trace is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write, and remember what must be seen."""
        await super().write_scores(scores)
        self._written |= {score.id: score for score in scores}

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """What the server shows once it shows all that this instance wrote."""
        wanted = list(keys)
        found: dict[str, Score] = {}

        async def read() -> bool:
            found.clear()
            found.update({k: self._dated(v) for k, v in (await LangfuseStore.read_scores(self, wanted)).items()})
            mine = {key.id: self._written[key.id] for key in wanted if key.id in self._written}
            return all(i in found and found[i].value == score.value for i, score in mine.items())

        await self._until(read)
        return found

    def _dated(self, score: Score) -> Score:
        written = self._written.get(score.id)
        # Whether the list body of newer servers heeds `timestamp` was never seen; of events the envelope dates.
        dates_scores = self._server is not None and self._server.writes_scores == "events"
        if written is None:
            return score
        assert not dates_scores or score.timestamp.date() == written.timestamp.date()
        return score.model_copy(update={"timestamp": written.timestamp})

    async def _until(self, condition: Any) -> None:
        deadline = time.monotonic() + self._patience_s
        while not await condition() and time.monotonic() < deadline:
            await asyncio.sleep(0.05 if self._patience_s < 10 else 2)


def _is_whole(read: Trace | None, sent: Trace) -> bool:
    return read is not None and len(read.observations) >= len(sent.observations)


def _clean(trace: Trace) -> Trace:
    def without(metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in metadata.items() if not key.startswith(_NOISE)}

    root: TraceRoot = trace.root.model_copy(update={"metadata": without(trace.root.metadata)})
    steps = tuple(step.model_copy(update={"metadata": without(step.metadata)}) for step in trace.observations)
    return trace.model_copy(update={"root": root, "observations": steps})


def _spans(trace: Trace) -> Iterable[dict[str, Any]]:
    root = trace.root
    shared = {
        "langfuse.environment": root.environment,
        "langfuse.trace.name": root.name,
        "langfuse.release": root.release,
        "langfuse.version": root.version,
        "user.id": root.user_id,
        "session.id": root.session_id,
        "langfuse.trace.tags": list(root.tags) or None,
    }
    top = Observation(
        id=root.observation_id, type="span", name=root.name, start=root.start, end=root.end, level=root.level,
        input=trace.input, output=trace.output, metadata=root.metadata,
    )  # fmt: skip
    yield _span(trace.id, None, top, shared)
    for step in trace.observations:
        yield _span(trace.id, step.parent_id or root.observation_id, step, shared)


def _span(trace_id: str, parent: str | None, step: Observation, shared: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {
        **shared,
        "langfuse.observation.type": step.type.lower(),
        "langfuse.observation.level": step.level,
        "langfuse.observation.input": _text(step.input),
        "langfuse.observation.output": _text(step.output),
        "gen_ai.request.model": step.model,
        "langfuse.observation.usage_details": _usage(step.usage),
        "langfuse.observation.cost_details": None if step.cost_usd is None else json.dumps({"total": step.cost_usd}),
        "langfuse.observation.completion_start_time": step.first_token and json.dumps(iso(step.first_token)),
        **{f"langfuse.observation.metadata.{key}": _text(value) for key, value in step.metadata.items()},
    }
    return {
        "traceId": trace_id,
        "spanId": step.id,
        **({"parentSpanId": parent} if parent else {}),
        "name": step.name or "step",
        "kind": 1,
        "startTimeUnixNano": _nanos(step.start),
        "endTimeUnixNano": _nanos(step.end or step.start),
        "attributes": [{"key": key, "value": _value(value)} for key, value in attributes.items() if value is not None],
        "status": {},
    }


def _usage(tokens: Tokens | None) -> str | None:
    """Tokens as the server's SDK sends them: each kind apart."""
    if tokens is None:
        return None
    details = {
        "input": (tokens.input or 0) - (tokens.cached or 0) - (tokens.cache_write or 0),
        "output": (tokens.output or 0) - (tokens.reasoning or 0),
        "input_cached_tokens": tokens.cached,
        "input_cache_creation": tokens.cache_write,
        "output_reasoning_tokens": tokens.reasoning,
    }
    known = {key: count for key, count in details.items() if count is not None}
    return json.dumps(known | {"total": sum(known.values())})


def _value(value: Any) -> dict[str, Any]:
    return (
        {"arrayValue": {"values": [_value(one) for one in value]}}
        if isinstance(value, list)
        else {"stringValue": value}
    )


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _nanos(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000) * 1_000_000)
