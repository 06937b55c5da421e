"""Provider batches in Redis: four Lua scripts.

Keys:
    batch:jobs               hash: tag → the batch (JSON)
    batch:call:KEY           hash: tag (whose it is), tries, answer, payer (who pays for it)
    batch:who:KEY            set of the subjects that wait for it: RUBRIC␟TRACE
    batch:rounds:RUBRIC␟TRACE  set of the tags that had calls of a subject
    batch:keys:TAG           set of the keys of a batch that have not come back
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.worker.ports.batch_jobs import ANSWER_S, GATHERED_S, MOST_ROUNDS, MOST_TRIES, SENT_S, Claim
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import SEPARATOR, chunks
from assay.worker.state.redis.entries import member

_JOBS_S = 14 * 24 * 3600
"""How long the list of batches lives after its last change."""

_MOST_JOBS = 500
"""Batches that are remembered. The oldest that have ended are forgotten."""

_MOST_CHANGES = 50
"""Tries to change a batch that others change at the same time."""


class RedisBatchJobs:
    """`assay.worker.ports.batch_jobs.BatchJobs`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def claim(self, key: str, tag: str, subject: Subject) -> Claim:
        """How a call stands. One that nobody has becomes the asking collector's."""
        args: list[str | float] = [self._redis.prefix, key, tag, member(subject.rubric, subject.trace_id)]
        limits = (GATHERED_S, SENT_S, MOST_TRIES, MOST_ROUNDS)
        owner, answer, is_paid = await self._redis.run("batch_claim", [], [*args, *limits])
        return Claim(owner.decode(), answer or None, bool(is_paid))

    async def intend(self, job: BatchJob, keys: Sequence[str]) -> Sequence[str]:
        """Note a batch before it is sent. Returns the keys that are still this collector's."""
        own: list[str] = []
        await self._note(job)
        for chunk in chunks(keys):
            own += await self._redis.pick("batch_intend", [self._redis.prefix, job.tag, SENT_S, *chunk], chunk)
        return own

    async def change(self, tag: str, changes: Mapping[str, object]) -> BatchJob | None:
        """Change some fields of a batch: again, where another one was quicker."""
        for _ in range(_MOST_CHANGES):
            async with self._redis.guard():
                document: Any = await self._redis.client.hget(self._redis.key("batch:jobs"), tag)
            if document is None:
                return None
            job = BatchJob.model_validate_json(document).changed(changes)
            args: list[Any] = [self._redis.prefix, tag, document, job.model_dump_json(), _JOBS_S]
            if await self._redis.run("batch_change", [], args):
                return job
        raise StateUnavailable(f"batch {tag}: others changed it all the time; it is changed later")

    async def _note(self, job: BatchJob) -> None:
        name = self._redis.key("batch:jobs")
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            pipe.hsetnx(name, job.tag, job.model_dump_json())
            pipe.expire(name, _JOBS_S)
            pipe.hlen(name)
            *_, count = await pipe.execute()
        if count > _MOST_JOBS:
            await self._forget()

    async def jobs(self) -> Sequence[BatchJob]:
        """The batches of the last days, the oldest first."""
        async with self._redis.guard():
            raw: Any = await self._redis.client.hgetall(self._redis.key("batch:jobs"))
        jobs = [BatchJob.model_validate_json(document) for document in raw.values()]
        return sorted(jobs, key=lambda job: (job.intended_at, job.tag))

    async def keys(self, tag: str) -> Sequence[str]:
        """The calls of a batch that have not come back."""
        async with self._redis.guard():
            members: Any = await self._redis.client.smembers(self._redis.key(f"batch:keys:{tag}"))
        return sorted(member.decode() for member in members)

    async def settle(self, tag: str, answers: Mapping[str, bytes], freed: Mapping[str, int]) -> Sequence[Subject]:
        """Calls came back. Returns who waited for them."""
        waited: set[Subject] = set()
        for chunk in chunks([*answers, *freed]):
            args: list[Any] = [self._redis.prefix, tag, ANSWER_S, SENT_S]
            for key in chunk:
                args += [key, answers.get(key, b""), freed.get(key, 0)]
            raw = await self._redis.run("batch_settle", [], args)
            waited |= {_subject(name.decode()) for name in raw}
        return sorted(waited, key=lambda subject: (subject.rubric, subject.trace_id))

    async def _forget(self) -> None:
        ended = [job.tag for job in await self.jobs() if not job.is_open]
        if ended:
            async with self._redis.guard():
                await self._redis.client.hdel(self._redis.key("batch:jobs"), *ended[: _MOST_JOBS // 5])


def _subject(name: str) -> Subject:
    rubric, _, trace_id = name.partition(SEPARATOR)
    return Subject(rubric=rubric, trace_id=trace_id)
