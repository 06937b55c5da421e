"""Writing scores so that a person sees each once, however often and by however many it is written.

MLflow appends. So what a trace has is read first: a score that is there is changed in place, one that differs in what
MLflow never changes is made anew, and what is there twice is deleted but for the newest. Where two write at once, the
second is refused because the id is taken, and changes what the first one wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.stores.mlflow import assessments
from assay.worker.stores.mlflow.assessments import Assessment
from assay.worker.stores.mlflow.client import (
    API,
    MlflowClient,
    NotThere,
    ServerFailed,
    is_askable,
    is_there_already,
    listed_in,
)
from assay.worker.stores.mlflow.infos import Info, id_of

INFOS = f"{API}/traces/batchGetInfos"
MOST_INFOS = 100
"""Traces asked for in one request without their spans."""
AT_ONCE = 8
"""Scores that one process writes at a time: SQLite behind a server takes one write after the other."""
_CHANGED = ("feedback", "rationale", "metadata")
"""The fields that are sent with a change. With `assessment_name` among them MLflow changes nothing and answers 200."""

Read = Callable[[Iterable[str]], Awaitable[Mapping[str, Info]]]


async def read_infos(client: MlflowClient, trace_ids: Iterable[str]) -> dict[str, Info]:
    """What MLflow tells of traces, their assessments with it. Unknown ones are absent.

    Raises:
        StoreUnavailable, StoreRejected
    """
    wanted = [trace_id for trace_id in dict.fromkeys(trace_ids) if is_askable(trace_id)]
    infos: dict[str, Info] = {}
    for at in range(0, len(wanted), MOST_INFOS):
        answer = await client.send("POST", INFOS, {"trace_ids": wanted[at : at + MOST_INFOS]})
        infos |= {id_of(info): info for info in listed_in(answer, "trace_infos", INFOS)}
    return infos


class ScoreWriter:
    """Writes scores of many traces. Nothing is sent where one of them cannot be written."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._room = asyncio.Semaphore(AT_ONCE)

    async def write(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id.

        Raises:
            StoreUnavailable
            StoreRejected: a score that cannot be written, or a trace that MLflow does not have.
        """
        now = datetime.now(UTC)
        wanted = {score.id: assessments.assessment_of(score, now) for score in scores}
        there = await read_infos(self._client, (score.trace_id for score in scores))
        missing = sorted({score.trace_id for score in scores} - set(there))
        if missing:
            words = f"{len(missing)} of the scores' traces are not in MLflow, the first is {missing[0]!a}"
            raise StoreRejected(f"{self._client.base_url}: {words}")
        held = {trace_id: assessments.ours_in(info) for trace_id, info in there.items()}
        await self._all(self._write(held[body["trace_id"]].get(key, []), body) for key, body in wanted.items())

    async def _all(self, writes: Iterable[Awaitable[None]]) -> None:
        """Every write is tried, also where one fails: what is written need not be written again."""

        async def within(write: Awaitable[None]) -> None:
            async with self._room:
                await write

        outcomes = await asyncio.gather(*(within(write) for write in writes), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write(self, held: Sequence[Assessment], wanted: Assessment) -> None:
        newest = held[0] if held else None
        for older in held[1:]:
            await self._delete(older)
        if newest is None:
            await self._create(wanted)
        elif assessments.is_same(newest, wanted):
            return
        elif assessments.has_same_frame(newest, wanted):
            await self._change(str(newest["assessment_id"]), wanted)
        else:
            await self._delete(newest)
            await self._create(wanted)

    async def _create(self, wanted: Assessment) -> None:
        try:
            answer = await self._client.send("POST", _path(wanted["trace_id"]), {"assessment": wanted})
        except ServerFailed as exc:
            if not is_there_already(exc):
                raise
            await self._change(wanted["assessment_id"], wanted)
            return
        created = answer.get("assessment") if isinstance(answer, dict) else None
        if not isinstance(created, dict):
            raise StoreUnavailable(f"{_path(wanted['trace_id'])}: answered without `assessment`; is this MLflow?")
        if created.get("assessment_id") != wanted["assessment_id"]:
            await self._keep_newest(wanted)  # a server that gives ids of its own does not refuse the second

    async def _change(self, assessment_id: str, wanted: Assessment) -> None:
        """Change what is there. Where it is gone meanwhile, or did not change, it is made anew."""
        body = {"assessment": {key: wanted[key] for key in _CHANGED}, "update_mask": ",".join(_CHANGED)}
        try:
            answer = await self._client.send("PATCH", _path(wanted["trace_id"], assessment_id), body)
        except NotThere:
            await self._client.send("POST", _path(wanted["trace_id"]), {"assessment": wanted})
            return
        changed = answer.get("assessment") if isinstance(answer, dict) else None
        if not isinstance(changed, dict) or not assessments.is_same(changed, wanted):
            await self._delete({"trace_id": wanted["trace_id"], "assessment_id": assessment_id})
            await self._client.send("POST", _path(wanted["trace_id"]), {"assessment": wanted})

    async def _keep_newest(self, wanted: Assessment) -> None:
        trace_id = wanted["trace_id"]
        infos = await read_infos(self._client, [trace_id])
        same = assessments.ours_in(infos.get(trace_id, {})).get(wanted["metadata"][assessments.SCORE_ID], [])
        for older in same[1:]:
            await self._delete({**older, "trace_id": trace_id})

    async def _delete(self, assessment: Assessment) -> None:
        await self._client.send("DELETE", _path(assessment["trace_id"], str(assessment["assessment_id"])), {})


def _path(trace_id: str, assessment_id: str | None = None) -> str:
    path = f"{API}/traces/{quote(trace_id, safe='')}/assessments"
    return path if assessment_id is None else f"{path}/{quote(assessment_id, safe='')}"
