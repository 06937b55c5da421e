"""Looking after batches: what has ended is collected, what was never begun is free again, and who waited is woken."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import structlog

from assay.judges.errors import EvaluationError
from assay.judges.models.batches.port import BatchApi, BatchState
from assay.worker.flow.batch_calls.answers import BatchAnswers, BatchReport, Waker
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.flow.batch_calls.recognising import Recognition, may_pass, recognise
from assay.worker.flow.batch_calls.submitting import OpenApi
from assay.worker.ports.batch_jobs import FAILED_TRY, MOST_TRIES, ONE_TRY, BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.batch_jobs import BatchJob

UNSURE = timedelta(minutes=15)
"""How long a batch may be on its way: longer than its upload and its creation may take together."""

OVERDUE = timedelta(hours=24)
"""Azure does not end what takes longer (learn.microsoft.com, Azure OpenAI batch deployments)."""

GIVEN_UP = timedelta(days=3)
"""A batch that the provider no longer shows, or never did, is given up after so long."""

PATIENCE = timedelta(days=13)
"""A provider that cannot be asked, or lets nobody in, is waited for: what is paid is kept there for four weeks, and
here it is known for two weeks whose calls are whose."""

_ALL_ANSWERED = frozenset({"completed", "ended"})
"""Words of providers for a batch that has a line for each request, e.g. `completed`."""

_LONGEST_TROUBLE = 240
"""Letters of an error that are kept with a batch."""

log = structlog.get_logger(__name__)


class CancelWish(NamedTuple):
    """Somebody wants the end of a batch, and why the provider was not asked for it at once. Empty: it was."""

    job: BatchJob
    delay: str = ""


@dataclass(frozen=True)
class BatchCollector:
    """Looks after the batches of all processes."""

    jobs: BatchJobs
    money: BatchMoney
    open_api: OpenApi
    waker: Waker
    clock: Clock

    async def tick(self) -> BatchReport:
        """Look at every batch that is open. One that cannot be looked at changes nothing for the others.

        Raises:
            StateUnavailable
        """
        report = BatchReport()
        jobs = [job for job in await self.jobs.jobs() if job.is_open]
        for job in sorted(jobs, key=lambda job: bool(job.trouble)):  # one that hangs is the last
            try:
                report += await self._look(job)
            except StateUnavailable:
                raise
            except EvaluationError as exc:
                report += await self._in_trouble(job, exc)
        return report

    async def _in_trouble(self, job: BatchJob, error: EvaluationError) -> BatchReport:
        """It could not be looked at. It is waited for, and says so, until it is given up."""
        log.warning("batch.not_looked_at", tag=job.tag, endpoint=job.endpoint, error=str(error)[:300])
        is_certain = not may_pass(error)
        patience = GIVEN_UP if is_certain else PATIENCE
        if self._age(job) > patience or (job.cancelled and is_certain):
            return await self._drop(job, tries=ONE_TRY)
        await self.jobs.change(job.tag, {"trouble": str(error)[:_LONGEST_TROUBLE]})
        await self._hold_on(job)
        return BatchReport(failed=1)

    async def cancel(self, tag: str) -> CancelWish | None:
        """Ask for the end of a batch. Its answers are collected as ever, the rest is judged at once. None: no such.

        The wish is noted first. Where the provider cannot be asked yet, `tick` asks it.

        Raises:
            StateUnavailable
        """
        if not any(job.tag == tag and job.is_open for job in await self.jobs.jobs()):
            return None
        job = await self.jobs.change(tag, {"cancelled": True})
        if job is None or not job.is_open:
            return None
        if job.batch_id is None:
            return CancelWish(job, "the provider has not named it yet")
        try:
            await self.open_api(job.endpoint, job.model).cancel(job.batch_id)
        except EvaluationError as exc:
            return CancelWish(job, str(exc)[:300])
        return CancelWish(job)

    async def _look(self, job: BatchJob) -> BatchReport:
        api = self.open_api(job.endpoint, job.model)
        if job.batch_id is not None:
            return await self._look_at_sent(api, job, job.batch_id)
        if self._age(job) < UNSURE:
            return BatchReport()
        return await self._look_for(api, job)

    async def _look_for(self, api: BatchApi, job: BatchJob) -> BatchReport:
        """Find the batch whose creation was not answered. It is nobody's whose id is known."""
        recognition = await self._recognise(api, job)
        if recognition.batch_id is not None:
            sent = await self.jobs.change(job.tag, {"state": "sent", "batch_id": recognition.batch_id})
            return await self._look_at_sent(api, sent or job, recognition.batch_id)
        if not recognition.undecided:
            return await self._drop(job, tries=0, api=api)
        if self._age(job) > GIVEN_UP:
            return await self._drop(job, tries=ONE_TRY)
        word = f"looked for: {len(recognition.undecided)} at the provider may be it"
        await self.jobs.change(
            job.tag, {"word": word, "trouble": "", "not_ours": (*job.not_ours, *recognition.not_ours)}
        )
        await self._hold_on(job)
        return BatchReport()

    async def _recognise(self, api: BatchApi, job: BatchJob) -> Recognition:
        keys = await self.jobs.keys(job.tag)
        if not keys:
            return Recognition(None)
        others = {other.batch_id for other in await self.jobs.jobs()} | set(job.not_ours)
        candidates = await api.find(job.tag, since=job.intended_at, total=job.total)
        return await recognise(api, [each for each in candidates if each.batch_id not in others], set(keys))

    async def _look_at_sent(self, api: BatchApi, job: BatchJob, batch_id: str) -> BatchReport:
        is_awaited = bool(await self.jobs.keys(job.tag))
        try:
            state = await api.state(batch_id)
        except EvaluationError as exc:
            if is_awaited or may_pass(exc):
                raise
            await self.jobs.change(job.tag, {"state": "ended"})  # all came back, and it is deleted
            return BatchReport(ended=1)
        if state.is_ended:
            return await self._collect(api, job, batch_id, state)
        waits_long = self._age(job) > OVERDUE
        trouble = f"the provider has not ended it after {self._age(job).days} days" if waits_long else ""
        job = await self.jobs.change(job.tag, {"word": state.word, "trouble": trouble}) or job
        if self._age(job) > PATIENCE:
            return await self._drop(job, tries=ONE_TRY)
        if (job.cancelled or not is_awaited) and not state.is_ending:
            await self._end_early(api, job, batch_id)
        await self._hold_on(job)
        return BatchReport()

    async def _end_early(self, api: BatchApi, job: BatchJob, batch_id: str) -> None:
        """Ask the provider for its end: somebody wants it, or nobody waits for it any more."""
        try:
            await api.cancel(batch_id)
        except EvaluationError as exc:  # it has just ended, or is asked again at the next look
            log.warning("batch.not_cancelled", tag=job.tag, endpoint=job.endpoint, error=str(exc)[:300])

    async def _hold_on(self, job: BatchJob) -> None:
        """The calls of a batch that takes long stay its own for longer."""
        if self._age(job) > OVERDUE:
            await self.jobs.intend(job, await self.jobs.keys(job.tag))

    async def _collect(self, api: BatchApi, job: BatchJob, batch_id: str, state: BatchState) -> BatchReport:
        """Take in the answers, a hundred at a time. Cut off anywhere, it is done again and changes nothing."""
        job = await self.jobs.change(job.tag, {"word": state.word, "trouble": ""}) or job
        answers = BatchAnswers(self.jobs, self.money, self.waker, job)
        if await self.jobs.keys(job.tag):  # else all came back, and whoever took it in died before saying so
            async with aclosing(api.results(batch_id, state)) as lines:
                async for line in lines:
                    await answers.add(line)
            await answers.keep()
        if state.is_failed and not job.cancelled:
            # What made it fail may take a while to pass: the traces come again by themselves.
            log.error("batch.failed", tag=job.tag, endpoint=job.endpoint, word=state.word, requests=job.total)
            await answers.free_rest(tries=FAILED_TRY, told=f"the last batch {state.word}; another one follows")
        else:
            await answers.free_rest(are_paid=state.word in _ALL_ANSWERED)
        job = await self.jobs.change(job.tag, {"answered": max(job.answered, answers.seen)}) or job
        if not await self._is_forgotten(job, api.forget(batch_id, state)):
            return answers.report + BatchReport(failed=1)
        await self.jobs.change(job.tag, {"state": "ended"})
        report = answers.report + BatchReport(ended=1)
        log.info("batch.ended", tag=job.tag, word=state.word, total=job.total, **report.model_dump())
        return report

    async def _is_forgotten(self, job: BatchJob, deletion: Awaitable[None]) -> bool:
        """Delete what the provider keeps of it. False: that is tried again at the next look, for three days."""
        try:
            await deletion
        except EvaluationError as exc:
            log.warning("batch.not_deleted", tag=job.tag, endpoint=job.endpoint, error=str(exc)[:300])
            if may_pass(exc) and self._age(job) < GIVEN_UP:
                trouble = f"its texts are not deleted at the provider: {exc}"
                await self.jobs.change(job.tag, {"trouble": trouble[:_LONGEST_TROUBLE]})
                return False
        return True

    def _age(self, job: BatchJob) -> timedelta:
        return self.clock.now() - job.intended_at

    async def _drop(self, job: BatchJob, *, tries: int, api: BatchApi | None = None) -> BatchReport:
        """There is no such batch, or it is given up. Somebody who asked for its end wants no other one."""
        answers = BatchAnswers(self.jobs, self.money, self.waker, job)
        await answers.free_rest(tries=MOST_TRIES if job.cancelled else tries)
        if api is not None and not await self._is_forgotten(job, api.forget_unsent(job.tag)):
            return answers.report + BatchReport(failed=1)
        word = "the provider does not have it" if api is not None else f"given up: {job.trouble or job.word}"
        await self.jobs.change(job.tag, {"state": "dropped", "word": word, "trouble": ""})
        log.warning("batch.dropped", tag=job.tag, endpoint=job.endpoint, requests=job.total)
        return answers.report + BatchReport(dropped=1)
