"""Opik: the fake server, filled as its SDK fills it. A test's ids are dressed as UUIDs of version 7 and undressed."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Tokens, Trace, TraceKey, TraceRoot, utc_iso
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.opik.client import OpikClient
from assay.worker.stores.opik.store import OpikStore
from tests.contract.stores import Bench
from tests.servers.opik import OpikServer

TYPES = {"generation": "llm", "tool": "tool"}
_PATIENCE_S = 5.0
_RANDOM_BITS, _NUMBER_BITS = 62, 58
_SPAN = 1 << 120


def dressed(own: str) -> str:
    """A test's id of a trace or a step as a UUIDv7. It holds the id itself, so that every process can undress it."""
    number = int(own, 16)
    bits = _SPAN | number if len(own) == 16 else (number >> 64) << _NUMBER_BITS | number & ((1 << _NUMBER_BITS) - 1)
    high, low = divmod(bits, 1 << _RANDOM_BITS)
    moment, middle = divmod(high, 1 << 12)
    return str(uuid.UUID(int=moment << 80 | 7 << 76 | middle << 64 | 2 << _RANDOM_BITS | low))


def undressed(given: str) -> str:
    """The id that `dressed` was given."""
    whole = uuid.UUID(given).int
    high = whole >> 80 << 12 | whole >> 64 & 0xFFF
    bits = high << _RANDOM_BITS | whole & ((1 << _RANDOM_BITS) - 1)
    if bits & _SPAN and bits >> 64 == _SPAN >> 64:
        return f"{bits & ((1 << 64) - 1):016x}"
    return f"{bits >> _NUMBER_BITS:016x}{bits & ((1 << _NUMBER_BITS) - 1):016x}"


def root_span(trace_id: str) -> str:
    """What `OwnData.span(number, 0)` is of a trace: Opik's root is the trace itself."""
    return f"{trace_id[:8]}{int(trace_id[16:], 16):07x}0"


class FilledOpik(OpikStore):
    """Sends traces as the SDK does, and waits until what was written is shown."""

    def __init__(self, place: Mapping[str, str]) -> None:
        client = OpikClient(
            place["url"],
            api_key=SecretStr(place["api_key"]),
            workspace=OpikServer.workspace,
            limits=MemoryLimits(),
            requests_per_minute=10_000_000,
        )
        super().__init__(client, project=OpikServer.project, requests_per_minute=600)
        self._written: dict[str, Score] = {}

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        given = list(traces)
        await self.client.post("v1/private/spans/batch", {"spans": [s for trace in given for s in span_rows(trace)]})
        await self.client.post("v1/private/traces/batch", {"traces": [trace_row(trace) for trace in given]})
        if given:
            last = dressed(given[-1].id)
            await _until(lambda: self._has(last))
        return len(given)

    async def _has(self, trace_id: str) -> bool:
        return bool(await super().fetch_traces([TraceKey(trace_id=trace_id, start=datetime.now().astimezone())]))

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in super().list_roots(start, end):
            yield [_own_root(root) for root in page]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        asked = [key.model_copy(update={"trace_id": dressed(key.trace_id)}) for key in keys]
        fetched = await super().fetch_traces(asked)
        traces = (trace_in(fetched, trace_id) for trace_id in fetched)
        return {trace.root.trace_id: trace for given in traces if given and (trace := _own_trace(given))}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        given = [_place(score, dressed(score.trace_id), self._target) for score in scores]
        try:
            await super().write_scores(given)
        except StoreRejected as exc:
            text = str(exc)
            for score in scores:
                text = text.replace(dressed(score.trace_id), score.trace_id)
            raise StoreRejected(text) from exc
        self._written |= {score.id: score for score in scores}

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        asked = list(keys)
        wanted = [
            key._replace(trace_id=dressed(key.trace_id), observation_id=self._target(key.trace_id, key.observation_id))
            for key in asked
        ]
        mine = {key.id: self._written[key.id] for key in asked if key.id in self._written}
        found: dict[str, Score] = {}

        async def read() -> bool:
            found.clear()
            found.update(await OpikStore.read_scores(self, wanted))
            return all(i in found and _is_near(found[i].value, score.value) for i, score in mine.items())

        await _until(read)
        return {i: _place(score, undressed(score.trace_id), _own_target) for i, score in found.items()}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Sequence[Score]]:
        asked = [key.model_copy(update={"trace_id": dressed(key.trace_id)}) for key in keys]
        scored = await super().scored_traces(asked, names)
        return {undressed(trace_id): list(scores) for trace_id, scores in scored.items()}

    @staticmethod
    def _target(trace_id: str, observation_id: str | None) -> str | None:
        if observation_id is None:
            return None
        return dressed(trace_id) if observation_id == root_span(trace_id) else dressed(observation_id)


def _place(score: Score, trace_id: str, target: Callable[[str, str | None], str | None]) -> Score:
    observation_id = target(score.trace_id, score.observation_id)
    return score.model_copy(update={"trace_id": trace_id, "observation_id": observation_id})


def _own_target(trace_id: str, observation_id: str | None) -> str | None:
    if observation_id is None:
        return None
    return root_span(undressed(trace_id)) if observation_id == trace_id else undressed(observation_id)


def _is_near(shown: float | str, written: float | str) -> bool:
    if isinstance(shown, str) or isinstance(written, str):
        return shown == written
    return abs(shown - written) <= 1e-9


def _own_root(root: TraceRoot) -> TraceRoot:
    trace_id = undressed(root.trace_id)
    return root.model_copy(update={"trace_id": trace_id, "observation_id": root_span(trace_id)})


def _own_trace(trace: Trace) -> Trace:
    root = _own_root(trace.root)
    steps = [
        step.model_copy(update={"id": undressed(step.id), "parent_id": _own_target(trace.id, step.parent_id)})
        for step in trace.observations
    ]
    return trace.model_copy(update={"root": root, "observations": tuple(steps)})


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not await condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def trace_row(trace: Trace) -> dict[str, Any]:
    """A trace as the SDK sends it."""
    root = trace.root
    return {
        "id": dressed(trace.id),
        "name": root.name,
        "start_time": utc_iso(root.start),
        "end_time": root.end and utc_iso(root.end),
        "input": trace.input,
        "output": trace.output,
        "metadata": _metadata(root),
        "tags": list(root.tags),
        "thread_id": root.session_id,
        "environment": root.environment,
        "source": "sdk",
        "error_info": {"exception_type": "ValueError", "traceback": "…"} if root.level == "ERROR" else None,
    }


def _metadata(root: TraceRoot) -> dict[str, Any]:
    columns = {"release": root.release, "version": root.version, "user_id": root.user_id}
    return {**root.metadata, **{key: value for key, value in columns.items() if value is not None}}


def span_rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """A trace's steps as the SDK sends them."""
    for step in trace.observations:
        above = None if step.parent_id == trace.root.observation_id else dressed(str(step.parent_id))
        yield {
            "id": dressed(step.id),
            "trace_id": dressed(trace.id),
            "parent_span_id": above,
            "name": step.name,
            "type": TYPES.get(step.type, "general"),
            "start_time": utc_iso(step.start),
            "end_time": step.end and utc_iso(step.end),
            "input": step.input,
            "output": step.output,
            "metadata": step.metadata,
            "model": step.model,
            "usage": usage_of(step.usage),
            "total_estimated_cost": step.cost_usd,
            "ttft": step.first_token and (step.first_token - step.start).total_seconds() * 1000,
        }


def usage_of(tokens: Tokens | None) -> dict[str, int] | None:
    """Tokens as the SDK counts them."""
    if tokens is None:
        return None
    counts = {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "original_usage.prompt_tokens_details.cached_tokens": tokens.cached,
        "original_usage.cache_creation_input_tokens": tokens.cache_write,
        "original_usage.completion_tokens_details.reasoning_tokens": tokens.reasoning,
    }
    return {key: count for key, count in counts.items() if count is not None}


def trace_as_shown(trace: Trace) -> Trace:
    """Opik has no warnings, no type for a retrieval, and keeps release, version and user among the metadata."""
    root = trace.root.model_copy(update={"metadata": _metadata(trace.root)})
    return trace.model_copy(update={"root": root, "observations": tuple(map(_step_as_shown, trace.observations))})


def _step_as_shown(step: Observation) -> Observation:
    level = "ERROR" if step.level == "ERROR" else "DEFAULT"
    kind = step.type if step.type in TYPES else "span"
    return step.model_copy(update={"level": level, "type": kind})


def score_as_shown(score: Score) -> Score:
    """Opik keeps nine decimals."""
    value = score.value if isinstance(score.value, str) else round(score.value, 9)
    return score.model_copy(update={"value": value})


@contextmanager
def serve(directory: Path) -> Iterator[None]:
    with OpikServer(lag_s=0.03) as server:
        place = {"url": server.url, "api_key": server.api_key}
        (directory / "opik.json").write_text(json.dumps(place))
        yield


def open_in(directory: Path) -> FilledOpik:
    return FilledOpik(json.loads((directory / "opik.json").read_text()))


BENCHES = {
    "opik": Bench(serve=serve, open=open_in, trace_as_shown=trace_as_shown, score_as_shown=score_as_shown),
}
