"""A backfill from plan to end: looked through, released in portions, and waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from assay.judges.schema import Record
from assay.worker.flow.backfill.outcome import End, RangeOutcome, read_outcome, wait_for_end
from assay.worker.flow.backfill.planning import Planned
from assay.worker.flow.backfill.releasing import Gate
from assay.worker.flow.backfill.run import Backfill, BackfillReport
from assay.worker.flow.sweep import publish_documents
from assay.worker.setup.plan import PlanMaker, PlanReport
from assay.worker.wiring.queues import ASSESS_QUEUE
from assay.worker.wiring.runtime import Runtime

Progress = Callable[[str, int, int], None]
"""Told a stage, how much of it is done, and of how much."""


class BackfillResult(Record):
    """What a backfill did and how its range stands.

    Attributes:
        plan: what it was to do.
        released: what it released.
        outcome: how the traces of the range stand, whoever selected them.
        end: why it ended: all done, not waited for, no worker, or no progress.
    """

    plan: PlanReport
    released: BackfillReport
    outcome: RangeOutcome
    end: End

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left that should have been waited for."""
        return self.end in ("done", "not_waited")


class Backfilling:
    """One backfill of a deployment."""

    def __init__(
        self,
        runtime: Runtime,
        has_workers: Callable[[], Awaitable[bool]],
        *,
        only: str | None = None,
        rejudge: bool = False,
        limit: int | None = None,
        by_batch: bool = False,
    ) -> None:
        self._runtime = runtime
        self._has_workers = has_workers
        self._only, self._rejudge, self._limit, self._by_batch = only, rejudge, limit, by_batch

    async def plan(
        self, start: datetime, end: datetime, progress: Callable[[float], None]
    ) -> tuple[Planned, PlanReport]:
        """Look through the range. Errors as of `plan_range`."""
        maker = PlanMaker(self._runtime)
        return await maker.range(start, end, only=self._only, rejudge=self._rejudge, progress=progress)

    async def run(
        self,
        planned: Planned,
        report: PlanReport,
        *,
        wait: bool = True,
        progress: Progress = lambda stage, done, total: None,
    ) -> BackfillResult:
        """Release the work, and wait until all that the range has in flight is done.

        Where there is nothing to release, windows that were never scanned are recorded all the same.

        Raises:
            StateUnavailable, StoreUnavailable, StoreRejected
        """
        await publish_documents(self._runtime.state.documents, self._runtime.rubrics, self._runtime.calibrations)
        work = min(planned.plan.work, self._limit or planned.plan.work)
        released = await self._release(planned, lambda so_far: progress("releasing", so_far.selected, work))
        outcome, end = await self._end(planned, released, wait=wait, progress=progress)
        return BackfillResult(plan=report, released=released, outcome=outcome, end=end)

    async def _end(
        self, planned: Planned, released: BackfillReport, *, wait: bool, progress: Progress
    ) -> tuple[RangeOutcome, End]:
        outcome = await self._outcome(planned)
        if not outcome.open:
            return outcome, "done"
        if not wait:
            return outcome, "not_waited"
        if released.stopped == "no_worker" or not await self._has_workers():
            return outcome, "no_worker"
        return await wait_for_end(
            lambda: self._outcome(planned),
            self._has_workers,
            lambda outcome: progress("judging", outcome.selected - outcome.open, outcome.selected),
        )

    async def _release(
        self, planned: Planned, progress: Callable[[BackfillReport], None] = lambda report: None
    ) -> BackfillReport:
        state = self._runtime.state
        gate = Gate(
            deliveries=state.deliveries,
            ledger=state.ledger,
            queue=ASSESS_QUEUE,
            has_workers=self._has_workers,
            by_batch=self._by_batch,
        )
        total = BackfillReport()
        for sweeper in self._runtime.sweeps.by_store.values():
            own = planned.of_use_cases([case.name for case in sweeper.deployment.use_cases])
            report = await Backfill(sweeper.scanner, self._runtime.clock, state.reopening, gate).run(
                own,
                only=self._only,
                rejudge=self._rejudge,
                limit=None if self._limit is None else self._limit - total.selected,
                by_batch=self._by_batch,
                progress=partial(_and_then, total, progress),
            )
            total = total.and_then(report)
            if total.stopped:
                break
        return total

    async def _outcome(self, planned: Planned) -> RangeOutcome:
        plan = planned.plan
        return await read_outcome(self._runtime.state.ledger_reader, plan.start, plan.end, self._only)


def _and_then(before: BackfillReport, progress: Callable[[BackfillReport], None], so_far: BackfillReport) -> None:
    """Tell of what several stores came to so far."""
    progress(before.and_then(so_far))
