"""Taking in what a batch brought: answers are kept, calls without one are free again, and who waited is woken."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.models.batches.port import BatchLine
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.flow.batch_calls.telling import LOOK_AGAIN_S, ROUNDS, by_rubric, tell
from assay.worker.ports.backlog import BACKFILL, Backlog
from assay.worker.ports.batch_jobs import MOST_TRIES, ONE_TRY, BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.waking import Waking
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.records.reports import Report

log = structlog.get_logger(__name__)

_AT_ONCE = 100
"""Answers that are kept together: some hundred kB."""


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
class Waker:
    """Lets work go on, or says what keeps it waiting."""

    ledger: Ledger
    waking: Waking
    backlog: Backlog
    clock: Clock

    async def wake(self, subjects: Sequence[Subject]) -> int:
        """Let work go on that waited for these. Returns how much did."""
        count, now = 0, self.clock.now()
        for rubric, trace_ids in by_rubric(subjects).items():
            woken = await self.waking.wake(rubric, trace_ids, now=now)
            entries = await self.ledger.entries(rubric, woken)
            await self.backlog.enter([entry.promise for entry in entries.values()], now=now, turn=BACKFILL)
            count += len(woken)
        return count

    async def wake_all(self, subjects: Sequence[Subject], detail: str) -> None:
        """The same, and say why. Those that are still in hand are woken a little later, as soon as they wait.

        Raises:
            StateUnavailable
        """
        for left_rounds in reversed(range(ROUNDS)):
            in_hand = await tell(self.waking, subjects, detail)
            await self.wake([subject for subject in subjects if subject not in in_hand])
            subjects = in_hand
            if not subjects or not left_rounds:
                return
            await asyncio.sleep(LOOK_AGAIN_S)

    async def tell(self, subjects: Sequence[Subject], detail: str) -> None:
        """Let work that goes on waiting say for what. It comes again by itself."""
        await tell(self.waking, subjects, detail)


@dataclass
class BatchAnswers:
    """The answers of one batch while they are taken in. What came back before is passed over."""

    jobs: BatchJobs
    money: BatchMoney
    waker: Waker
    job: BatchJob
    seen: int = 0
    """Answers that the provider has, whether or not they were taken in before."""
    report: BatchReport = field(default_factory=BatchReport)
    _answers: dict[str, bytes] = field(default_factory=dict)
    _freed: dict[str, int] = field(default_factory=dict)

    async def add(self, line: BatchLine) -> None:
        """One line of the results."""
        if line.is_answer:
            self.seen += 1
            self._answers.setdefault(line.key, line.body)  # of two, the first one counts, however far apart they are
        else:
            self._freed[line.key] = self._tries if line.may_pass else MOST_TRIES
        if len(self._answers) + len(self._freed) >= _AT_ONCE:
            await self.keep()

    async def free_rest(self, *, tries: int | None = None, told: str = "", are_paid: bool = False) -> None:
        """Calls that the provider has no line for, or none that can be read, are free again.

        Args:
            are_paid: whether the provider has answered all calls: then what these cost is not known, and not nothing.
            tries: that each call has used. None: one, or all where somebody ended the batch.
            told: what those who waited are told, who then come again by themselves. Empty: they are woken.
        """
        used = self._tries if tries is None else tries
        keys = await self.jobs.keys(self.job.tag)
        if keys and are_paid:
            log.warning("batch.lines_missing", tag=self.job.tag, endpoint=self.job.endpoint, requests=len(keys))
            await self.money.answered(self.job, dict.fromkeys(keys, b""))
        self._freed = dict.fromkeys(keys, used)
        await self.keep(told=told)

    async def keep(self, *, told: str = "") -> None:
        """Take in what was added, and wake who waited for it."""
        # A call that came back before may be in another batch by now, with money of its own.
        own = set(await self.jobs.keys(self.job.tag)) if self._answers or self._freed else set()
        answers = {key: body for key, body in self._answers.items() if key in own}
        freed = {key: tries for key, tries in self._freed.items() if key in own and key not in answers}
        self._answers, self._freed = {}, {}
        if not answers and not freed:
            return
        packed = await in_thread(_packed, answers)
        await self.money.answered(self.job, answers)
        await self.money.released(self.job.endpoint, list(freed))
        subjects = await self.jobs.settle(self.job.tag, packed, freed)
        woken = await self._wake(subjects, told)
        self.report += BatchReport(answered=len(answers), freed=len(freed), woken=woken)

    async def _wake(self, subjects: Sequence[Subject], told: str) -> int:
        if not told:
            return await self.waker.wake(subjects)
        await self.waker.tell(subjects, told)
        return 0

    @property
    def _tries(self) -> int:
        """Tries that a call without an answer has used. Somebody who ends a batch wants no other one."""
        return MOST_TRIES if self.job.cancelled else ONE_TRY


def _packed(answers: dict[str, bytes]) -> dict[str, bytes]:
    return {key: zlib.compress(body) for key, body in answers.items()}
