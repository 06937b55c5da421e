"""Whole traces by id, several in one request. One that cannot be given takes no other with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreError, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.store_clients.rows import fetched
from assay.worker.stores.mlflow.client import (
    API,
    MlflowClient,
    ServerFailed,
    TooLarge,
    is_askable,
    is_kept_elsewhere,
    listed_in,
)
from assay.worker.stores.mlflow.infos import Info, id_of
from assay.worker.stores.mlflow.spans import spans_of_file, trace_in
from assay.worker.stores.mlflow.writing import read_infos

BATCH = f"{API}/traces/batchGet"
FILE = "/ajax-api/3.0/mlflow/get-trace-artifact"
"""Where the spans of a trace are given that lie in a file, as older clients left them."""
_PLACE, _IN_DATABASE = "mlflow.trace.spansLocation", "TRACKING_STORE"
"""The tag that tells where spans lie, and what it says where `batchGet` gives them."""
PER_REQUEST = 20
"""Traces in one request: their ids fit into its first line, and their spans into memory."""
AT_ONCE = 4
MOST_FAILED = 3
"""Traces of one request that the server may fail at before it is taken to be down."""


async def fetch(client: MlflowClient, trace_ids: Sequence[str]) -> dict[str, Fetched]:
    """Whole traces by id. What MLflow does not have, and what has no root, is absent.

    Raises:
        StoreUnavailable, StoreRejected: nothing could be read.
    """
    room = asyncio.Semaphore(AT_ONCE)
    trace_ids = [trace_id for trace_id in trace_ids if is_askable(trace_id)]

    async def part(ids: Sequence[str]) -> dict[str, Fetched]:
        async with room:
            return await _batch(client, ids)

    parts = [trace_ids[at : at + PER_REQUEST] for at in range(0, len(trace_ids), PER_REQUEST)]
    read = await asyncio.gather(*(part(ids) for ids in parts))
    return {trace_id: fetched for of in read for trace_id, fetched in of.items()}


async def _batch(client: MlflowClient, ids: Sequence[str], failed: list[str] | None = None) -> dict[str, Fetched]:
    """Traces of one request, or of as many as it takes. `failed` are those that the server failed at alone."""
    if not ids:
        return {}
    failed = [] if failed is None else failed
    try:
        answer = await client.get(BATCH, [("trace_ids", trace_id) for trace_id in ids])
    except ServerFailed as exc:
        return await (_with_files if is_kept_elsewhere(exc) else _halves)(client, ids, exc, failed)
    except TooLarge as exc:
        return await _halves(client, ids, TraceTooLarge(str(exc)), failed)
    return await in_thread(_traces, listed_in(answer, "traces", BATCH))


async def _halves(client: MlflowClient, ids: Sequence[str], error: StoreError, failed: list[str]) -> dict[str, Fetched]:
    """The same in halves, down to the one that is at fault."""
    if len(ids) > 1:
        middle = len(ids) // 2
        first = await _batch(client, ids[:middle], failed)
        return {**first, **await _batch(client, ids[middle:], failed)}
    if isinstance(error, ServerFailed):
        failed.append(ids[0])
        if len(failed) > MOST_FAILED:
            raise error
    return {ids[0]: error}


async def _with_files(
    client: MlflowClient, ids: Sequence[str], error: StoreError, failed: list[str]
) -> dict[str, Fetched]:
    """The same where spans of some lie in files: these one by one, and the others together."""
    infos = await read_infos(client, ids)
    in_files = [trace_id for trace_id, info in infos.items() if (info.get("tags") or {}).get(_PLACE) != _IN_DATABASE]
    if not in_files:
        return await _halves(client, ids, error, failed)
    others = [trace_id for trace_id in ids if trace_id in infos and trace_id not in in_files]
    read = await _batch(client, others, failed)
    for trace_id in in_files:
        read |= await _from_file(client, infos[trace_id])
    return read


async def _from_file(client: MlflowClient, info: Info) -> dict[str, Fetched]:
    try:
        content = await client.get(FILE, [("request_id", id_of(info))])
    except TooLarge as exc:
        return {id_of(info): TraceTooLarge(str(exc))}
    except (StoreUnavailable, StoreRejected) as exc:
        return {id_of(info): exc}
    return await in_thread(_traces, [{"trace_info": info, "spans": spans_of_file(content)}])


def _traces(listed: Sequence[Mapping[str, Any]]) -> dict[str, Fetched]:
    traces: dict[str, Fetched] = {}
    for whole in listed:
        info = whole.get("trace_info")
        if not isinstance(info, Mapping):
            continue
        trace = fetched(partial(trace_in, info, whole.get("spans") or []), id_of(info))
        if trace is not None:
            traces[id_of(info)] = trace
    return traces
