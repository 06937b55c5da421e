"""Helicone: the fake server. A test's ids of traces are written as UUIDs, which are the same 32 digits with dashes."""

from __future__ import annotations

import asyncio
import fcntl
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.helicone.client import HeliconeClient
from assay.worker.stores.helicone.store import HeliconeStore
from assay.worker.stores.helicone.traces import PATH, SESSION
from tests.contract.stores import Bench
from tests.servers.helicone import HeliconeServer

PROVIDER = "OPENAI"
_PATIENCE_S = 5.0


class FileLocks:
    """Locks that the processes of one test share, as the workers of a fleet do theirs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, Any] = {}

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        handle = (self._directory / f"{name}.lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self._held[name + owner] = handle
        return True

    async def release(self, name: str, *, owner: str) -> None:
        self._held.pop(name + owner).close()


class FilledHelicone(HeliconeStore):
    """Logs requests, and waits until what was written is shown."""

    def __init__(self, place: Mapping[str, str], directory: Path) -> None:
        client = HeliconeClient(
            place["url"], api_key=SecretStr(place["api_key"]), limits=MemoryLimits(), requests_per_minute=10_000_000
        )
        super().__init__(client, organization="tests", requests_per_minute=60, locks=FileLocks(directory))
        self._place = place
        self._mine: dict[str, Score] = {}

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        given = list(traces)
        key = {"Authorization": f"Bearer {self._place['api_key']}"}
        async with httpx.AsyncClient(timeout=60, headers=key) as http:
            answer = await http.post(f"{self._place['url']}/logged", json={"rows": [row_of(trace) for trace in given]})
        answer.raise_for_status()
        if given:
            last = given[-1]
            await _until(lambda: self._has(last))
        return len(given)

    async def _has(self, trace: Trace) -> bool:
        return bool(await super().fetch_traces([TraceKey(trace_id=_dashed(trace.id), start=trace.root.start)]))

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in super().list_roots(start, end):
            yield [_own_root(root) for root in page]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        fetched = await super().fetch_traces(_dashed_keys(keys))
        traces = (trace_in(fetched, trace_id) for trace_id in fetched)
        return {trace.root.trace_id: trace for given in traces if given and (trace := _own_trace(given))}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        try:
            await super().write_scores(
                [score.model_copy(update={"trace_id": _dashed(score.trace_id)}) for score in scores]
            )
        except StoreRejected as exc:
            raise StoreRejected(str(exc).replace("-", "")) from exc
        self._mine |= {score.id: score for score in scores}

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        wanted = [key._replace(trace_id=_dashed(key.trace_id)) for key in keys]
        mine = {key.id: self._mine[key.id] for key in wanted if key.id in self._mine}
        found: dict[str, Score] = {}

        async def read() -> bool:
            found.clear()
            found.update(await HeliconeStore.read_scores(self, wanted))
            return all(i in found and found[i].value == score.value for i, score in mine.items())

        await _until(read)
        return {i: score.model_copy(update={"trace_id": _plain(score.trace_id)}) for i, score in found.items()}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Sequence[Score]]:
        scored = await super().scored_traces(_dashed_keys(keys), names)
        return {_plain(trace_id): list(scores) for trace_id, scores in scored.items()}


def _dashed(trace_id: str) -> str:
    return str(uuid.UUID(trace_id))


def _plain(request_id: str) -> str:
    return request_id.replace("-", "")


def _dashed_keys(keys: Sequence[TraceKey]) -> list[TraceKey]:
    return [key.model_copy(update={"trace_id": _dashed(key.trace_id)}) for key in keys]


def _root_span(trace_id: str) -> str:
    """What `OwnData.span(number, 0)` is of a trace: Helicone's root is the request itself."""
    return f"{trace_id[:8]}{int(trace_id[16:], 16):07x}0"


def _own_root(root: TraceRoot) -> TraceRoot:
    trace_id = _plain(root.trace_id)
    return root.model_copy(update={"trace_id": trace_id, "observation_id": _root_span(trace_id)})


def _own_trace(trace: Trace) -> Trace:
    root = _own_root(trace.root)
    steps = [step.model_copy(update={"parent_id": root.observation_id}) for step in trace.observations]
    return trace.model_copy(update={"root": root, "observations": tuple(steps)})


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not await condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def row_of(trace: Trace) -> dict[str, Any]:
    """A logged request: the trace's own input and output, and what its answer took."""
    root, answer = trace.root, trace.observations[-1]
    tokens = answer.usage
    return {
        "request_id": _dashed(trace.id),
        "response_id": answer.id,
        "request_created_at": _written(root.start),
        "response_created_at": root.end and _written(root.end),
        "request_body": trace.input,
        "response_body": trace.output,
        "response_status": 500 if root.level == "ERROR" else 200,
        "request_user_id": root.user_id,
        "properties": properties_of(trace),
        "provider": PROVIDER,
        "request_model": answer.model,
        "prompt_tokens": tokens and tokens.input,
        "completion_tokens": tokens and tokens.output,
        "prompt_cache_read_tokens": tokens and tokens.cached,
        "prompt_cache_write_tokens": tokens and tokens.cache_write,
        "cost": answer.cost_usd,
        "time_to_first_token": answer.first_token and (answer.first_token - answer.start).total_seconds() * 1000,
    }


def properties_of(trace: Trace) -> dict[str, str]:
    """Custom properties as an application sets them: texts."""
    root = trace.root
    columns = {"environment": root.environment, "release": root.release, "version": root.version}
    columns |= {SESSION: root.session_id, PATH: root.name}
    metadata = {key: value if isinstance(value, str) else json.dumps(value) for key, value in root.metadata.items()}
    return metadata | {key: value for key, value in columns.items() if value}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trace_as_shown(trace: Trace) -> Trace:
    """Helicone has the model's call alone, no tags, no warnings, no count of reasoning, and texts as metadata."""
    root = trace.root.model_copy(update={"metadata": properties_of(trace), "tags": ()})
    answer = trace.observations[-1]
    call = Observation(
        id=answer.id,
        type="generation",
        name=PROVIDER,
        parent_id=root.observation_id,
        start=root.start,
        end=root.end,
        level=root.level,
        input=trace.input,
        output=trace.output,
        model=answer.model,
        usage=answer.usage and answer.usage.model_copy(update={"reasoning": None}),
        cost_usd=answer.cost_usd,
        first_token=answer.first_token,
        metadata={"provider": PROVIDER},
    )
    return trace.model_copy(update={"root": root, "observations": (call,)})


def served(*, inline: bool) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with HeliconeServer(lag_s=0.03, batch_s=0.05, inline=inline) as server:
            place = {"url": server.url, "api_key": server.api_key}
            (directory / "helicone.json").write_text(json.dumps(place))
            yield

    return serve


def open_in(directory: Path) -> FilledHelicone:
    return FilledHelicone(json.loads((directory / "helicone.json").read_text()), directory)


BENCHES = {
    "helicone": Bench(serve=served(inline=False), open=open_in, trace_as_shown=trace_as_shown),
    "helicone-inline": Bench(serve=served(inline=True), open=open_in, trace_as_shown=trace_as_shown, is_variant=True),
}
