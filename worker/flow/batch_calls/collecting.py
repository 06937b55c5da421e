"""Looking after batches: what has ended is collected, what was never begun is free again, and who waited is woken."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError, EvaluationError, PermanentModelError
from assay.judges.models.batches.port import BatchApi, BatchLine, BatchState
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.flow.batch_calls.submitting import OpenApi
from assay.worker.ports.backlog import BACKFILL, Backlog
from assay.worker.ports.batch_jobs import FAILED_TRY, MOST_TRIES, ONE_TRY, BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.waking import Waking
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.records.reports import Report

UNSURE = timedelta(minutes=15)
"""How long a batch may be on its way: longer than its upload and its creation may take together."""

OVERDUE = timedelta(hours=24)
"""Azure does not end what takes longer (learn.microsoft.com, Azure OpenAI batch deployments)."""

GIVEN_UP = timedelta(days=3)
"""A batch that the provider no longer shows is given up after so long."""

_AT_ONCE = 100
"""Answers that are kept together: some hundred kB."""

log = structlog.get_logger(__name__)


class BatchReport(Report):
    """What one look at the batches came to.

    Attributes:
        ended: batches that were collected.
        dropped: batches that were never begun, or are given up.
        answered: requests that a model answered.
        freed: requests without an answer.
        woken: traces that can be judged now.
        failed: batches that could not be looked at.
    """

    ended: int = 0
    dropped: int = 0
    answered: int = 0
    freed: int = 0
    woken: int = 0
    failed: int = 0


@dataclass(frozen=True)
class BatchCollector:
    """Looks after the batches of all processes."""

    jobs: BatchJobs
    money: BatchMoney
    open_api: OpenApi
    ledger: Ledger
    waking: Waking
    backlog: Backlog
    clock: Clock

    async def tick(self) -> BatchReport:
        """Look at every batch that is open. One that cannot be looked at changes nothing for the others.

        Raises:
            StateUnavailable
        """
        report = BatchReport()
        for job in [job for job in await self.jobs.jobs() if job.is_open]:
            try:
                report += await self._look(job)
            except StateUnavailable:
                raise
            except EvaluationError as exc:
                log.warning("batch.not_looked_at", tag=job.tag, endpoint=job.endpoint, error=str(exc)[:300])
                report += BatchReport(failed=1)
        return report

    async def cancel(self, tag: str) -> BatchJob | None:
        """Ask for the end of a batch. Its answers are collected as ever, the rest is judged at once. None: no such.

        Raises:
            ModelError, ConfigurationError, StateUnavailable
        """
        job = next((job for job in await self.jobs.jobs() if job.tag == tag and job.is_open), None)
        if job is None:
            return None
        if job.batch_id is not None:
            await self.open_api(job.endpoint, job.model).cancel(job.batch_id)
        job = job.model_copy(update={"cancelled": True})
        await self.jobs.save(job)
        return job

    async def _look(self, job: BatchJob) -> BatchReport:
        api = self.open_api(job.endpoint, job.model)
        if job.batch_id is None:
            if self.clock.now() - job.intended_at < UNSURE:
                return BatchReport()
            batch_id = await api.find(job.tag, since=job.intended_at, total=job.total)
            if batch_id is None:
                return await self._drop(job, tries=0)
            job = await self._save(job, state="sent", batch_id=batch_id)
        elif not await self.jobs.keys(job.tag):
            await self._save(job, state="ended")  # all came back, and whoever took it in died before saying so
            return BatchReport(ended=1)
        return await self._look_at_sent(api, job, str(job.batch_id))

    async def _look_at_sent(self, api: BatchApi, job: BatchJob, batch_id: str) -> BatchReport:
        try:
            state = await api.state(batch_id)
        except (PermanentModelError, ConfigurationError):
            if self.clock.now() - job.intended_at < GIVEN_UP:
                raise
            return await self._drop(job, tries=ONE_TRY)
        if state.is_ended:
            return await self._collect(api, job, batch_id, state)
        if state.word != job.word:
            job = await self._save(job, word=state.word)
        if self.clock.now() - job.intended_at > OVERDUE:
            await self.jobs.intend(job, await self.jobs.keys(job.tag))  # its calls stay its own for longer
        return BatchReport()

    async def _collect(self, api: BatchApi, job: BatchJob, batch_id: str, state: BatchState) -> BatchReport:
        """Take in the answers, a hundred at a time. Cut off anywhere, it is done again and changes nothing."""
        collected = _Collected(self, job)
        async for line in api.results(batch_id, state):
            await collected.add(line)
        await collected.keep()
        # One that was found by its size may be another's: then no line is ours, and nothing of it may be deleted.
        is_ours = state.is_failed or len(await self.jobs.keys(job.tag)) < job.total
        if state.is_failed and not job.cancelled:
            # What made it fail may take a while to pass: the traces come again by themselves.
            log.error("batch.failed", tag=job.tag, endpoint=job.endpoint, word=state.word, requests=job.total)
            await collected.free_rest(tries=FAILED_TRY, wakes=False)
        else:
            await collected.free_rest()
        await self._save(job, state="ended", word=state.word, answered=collected.report.answered)
        if is_ours:
            await self._forget(api, job, batch_id, state)
        report = collected.report + BatchReport(ended=1)
        log.info("batch.ended", tag=job.tag, word=state.word, total=job.total, **report.model_dump())
        return report

    async def _forget(self, api: BatchApi, job: BatchJob, batch_id: str, state: BatchState) -> None:
        """Delete what the provider keeps of it. Where that fails, it keeps it for as long as it says it does."""
        try:
            await api.forget(batch_id, state)
        except EvaluationError as exc:
            log.warning("batch.not_deleted", tag=job.tag, endpoint=job.endpoint, error=str(exc)[:300])

    async def _drop(self, job: BatchJob, *, tries: int) -> BatchReport:
        collected = _Collected(self, job)
        await collected.free_rest(tries=tries)
        await self._save(job, state="dropped")
        log.warning("batch.dropped", tag=job.tag, endpoint=job.endpoint, requests=job.total)
        return collected.report + BatchReport(dropped=1)

    async def _save(self, job: BatchJob, **changes: object) -> BatchJob:
        changed = job.model_copy(update=changes)
        await self.jobs.save(changed)
        return changed

    async def wake(self, subjects: Sequence[Subject]) -> int:
        """Let work go on that waited for these. Returns how much did."""
        by_rubric: dict[str, list[str]] = defaultdict(list)
        for subject in subjects:
            by_rubric[subject.rubric].append(subject.trace_id)
        count, now = 0, self.clock.now()
        for rubric, trace_ids in by_rubric.items():
            woken = await self.waking.wake(rubric, trace_ids, now=now)
            entries = await self.ledger.entries(rubric, woken)
            await self.backlog.enter([entry.promise for entry in entries.values()], now=now, turn=BACKFILL)
            count += len(woken)
        return count


@dataclass
class _Collected:
    """The answers of one batch while they are taken in."""

    parts: BatchCollector
    job: BatchJob
    report: BatchReport = field(default_factory=BatchReport)
    _answers: dict[str, bytes] = field(default_factory=dict)
    _freed: dict[str, int] = field(default_factory=dict)

    async def add(self, line: BatchLine) -> None:
        if line.is_answer:
            self._answers[line.key] = line.body
        else:
            self._freed[line.key] = self._tries if line.may_pass else MOST_TRIES
        if len(self._answers) + len(self._freed) >= _AT_ONCE:
            await self.keep()

    async def free_rest(self, *, tries: int | None = None, wakes: bool = True) -> None:
        """What the provider has no line for was not tried."""
        used = self._tries if tries is None else tries
        self._freed = dict.fromkeys(await self.parts.jobs.keys(self.job.tag), used)
        await self.keep(wakes=wakes)

    async def keep(self, *, wakes: bool = True) -> None:
        """Take in what was added, and wake who waited for it."""
        answers, self._answers = self._answers, {}
        freed, self._freed = {key: tries for key, tries in self._freed.items() if key not in answers}, {}
        if not answers and not freed:
            return
        packed = await in_thread(_packed, answers)
        await self.parts.money.answered(self.job, answers)
        await self.parts.money.released(self.job.endpoint, list(freed))
        subjects = await self.parts.jobs.settle(self.job.tag, packed, freed)
        woken = await self.parts.wake(subjects) if wakes else 0
        self.report += BatchReport(answered=len(answers), freed=len(freed), woken=woken)

    @property
    def _tries(self) -> int:
        """Tries that a call without an answer has used. Somebody who ends a batch wants no other one."""
        return MOST_TRIES if self.job.cancelled else ONE_TRY


def _packed(answers: dict[str, bytes]) -> dict[str, bytes]:
    return {key: zlib.compress(body) for key, body in answers.items()}
