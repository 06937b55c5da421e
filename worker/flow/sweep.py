"""Sweep: look through closed windows of root start times, choose traces, promise and publish them.

A window is scanned when it has closed, and again when late traces have had their time. Then it is scanned at
growing distances for a day: a store shows a long trace only when it ends, under its old start.

The first scan resolves each use case's rate and stores it. Selected traces go into the ledger first, then out
into the backlog, and only then is the window recorded. So a crash at any point repeats work that changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from assay.judges.errors import EvaluationError
from assay.judges.rubric import Rubric
from assay.worker.config.calibration_sets import CalibrationSet
from assay.worker.config.deployment import Deployment
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.candidates import Choice, Chooser
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.promising import Promiser, Released
from assay.worker.flow.rates import CountedAhead, RateResolver
from assay.worker.flow.window_scan import WindowScanner
from assay.worker.flow.windows import RETRY_LOOKBACK_AFTER, due_windows, is_look_back
from assay.worker.ports.backlog import Backlog
from assay.worker.ports.clock import Clock
from assay.worker.ports.documents import Documents
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.locks import Locks
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import RootSource
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.windows import Windows
from assay.worker.records.reports import Report
from assay.worker.records.windows import WindowRecord

FAILURES_IN_A_ROW = 3
"""This many failed windows in a row mean that the store is down, not that a window is bad."""

LOCK_TTL_S = 30.0
"""In seconds, renewed after each window. A sweeper that died stops the others for this long."""

log = structlog.get_logger(__name__)


class SweepReport(Report):
    """What one sweep did.

    Attributes:
        messages: published at once. The rest of what was selected waits in the backlog.
        feedback: traces that users' feedback added.
        held_back: no window was looked through, because what waits already takes too long.
    """

    windows: int = 0
    failed_windows: int = 0
    seen: int = 0
    selected: int = 0
    already_scored: int = 0
    messages: int = 0
    feedback: int = 0
    skipped_because_running: bool = False
    held_back: bool = False


@dataclass(frozen=True)
class Sweeper:
    """Looks through windows. Its fields are where it reads, what it knows and where it lets work wait."""

    source: RootSource
    sink: ScoreReader
    ledger: Ledger
    windows: Windows
    documents: Documents
    locks: Locks
    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    backlog: Backlog
    top_up: Callable[[], Awaitable[int]]
    pressure: Pressure
    budgeting: Budgeting
    clock: Clock
    ledger_deadline: timedelta
    calibrations: Mapping[str, CalibrationSet] = field(default_factory=dict)
    feedback: FeedbackSweep | None = None
    """Adds what users complained about. None where the store has no such scores."""
    lock: str = "sweep"
    """What keeps a second sweep of the same store away."""
    traffic: Windows | None = None
    """The windows of all stores of the deployment, which rates and budgets are told by. None: there is one store."""
    counts_ahead: bool = False
    """Whether all due windows are counted before the first rate is resolved, as a store nearby allows: so the volume
    of an import is known beforehand."""

    async def sweep(self) -> SweepReport:
        """Scan every window that is due. Only one sweep runs at a time. A second one returns at once.

        A window that cannot be scanned is logged and counted. It stops no other, and the next sweep tries
        it again.
        """
        owner = uuid.uuid4().hex
        if not await self.locks.acquire(self.lock, owner=owner, ttl_s=LOCK_TTL_S):
            return SweepReport(skipped_because_running=True)
        try:
            await publish_documents(self.documents, self.rubrics, self.calibrations)
            if await self.pressure.look(self.clock.now()):
                return SweepReport(held_back=True)
            epoch = await self.windows.epoch(self.clock.now())
            reports: list[SweepReport] = []
            async with self._renewing(owner):
                due = await due_windows(self.windows, self.deployment, epoch, self.clock.now())
                pacer = await self.budgeting.pacer(self.clock.now())
                rates = RateResolver(self.traffic or self.windows, self.deployment, await self._count_ahead(due), pacer)
                for window in due:
                    reports.append(await self._scan_or_log(window, epoch, rates))
                    is_ours = await self.locks.acquire(self.lock, owner=owner, ttl_s=LOCK_TTL_S)
                    if not is_ours or _keeps_failing(reports):
                        break
                else:
                    reports.append(await self._feedback())
        finally:
            await self.locks.release(self.lock, owner=owner)
        return sum(reports, SweepReport())

    @asynccontextmanager
    async def _renewing(self, owner: str) -> AsyncIterator[None]:
        """Hold the lock while a window takes longer than the lock lasts: a big window, or a slow store."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LOCK_TTL_S / 3)
                with suppress(StateUnavailable):
                    await self.locks.acquire(self.lock, owner=owner, ttl_s=LOCK_TTL_S)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    @property
    def scanner(self) -> WindowScanner:
        """What looks through one window."""
        return WindowScanner(
            source=self.source,
            windows=self.windows,
            locks=self.locks,
            deployment=self.deployment,
            chooser=Chooser(deployment=self.deployment, rubrics=self.rubrics, calibrations=self.calibrations),
            promiser=Promiser(
                project=self.source,
                sink=self.sink,
                ledger=self.ledger,
                rubrics=self.rubrics,
                backlog=self.backlog,
                top_up=self.top_up,
                ledger_deadline=self.ledger_deadline,
            ),
        )

    async def _feedback(self) -> SweepReport:
        """What users complained about, once all windows that are due were looked through."""
        if self.feedback is None:
            return SweepReport()
        try:
            scanner = self.scanner
            return SweepReport(feedback=await self.feedback.sweep(scanner.chooser, scanner.promiser, self.clock.now()))
        except StoreError as exc:
            log.warning("sweep.feedback_failed", error=type(exc).__name__, detail=_first_line(exc))
            return SweepReport()

    async def _count_ahead(self, due: Sequence[WindowRecord]) -> CountedAhead:
        """How many traces each window has, before any rate is resolved, where looking twice costs little."""
        counted = CountedAhead()
        if not self.counts_ahead or len(due) == 1:
            return counted
        scanner, now = self.scanner, self.clock.now()
        for window in due:
            with suppress(StoreError):  # its scan fails too, and says so
                counted.add(window.start, (await scanner.count(await scanner.read(window), now)).by_use_case)
        return counted

    async def _scan_or_log(self, window: WindowRecord, epoch: datetime, rates: RateResolver) -> SweepReport:
        try:
            return await self._scan(window, epoch, rates)
        except StateUnavailable:
            raise  # nothing can be promised to anybody; the other windows would fail alike
        except Exception as exc:  # noqa: BLE001  # one bad window must not stop all sweeping
            log.warning("sweep.window_failed", window=window.id, error=type(exc).__name__, detail=_first_line(exc))
            if is_look_back(window, timedelta(seconds=self.deployment.late_seconds)):
                # Or a few that fail for good would come first among the look-backs for ever.
                await self.windows.put(window.model_copy(update={"next_scan": self.clock.now() + RETRY_LOOKBACK_AFTER}))
            return SweepReport(failed_windows=1)

    async def _scan(self, window: WindowRecord, epoch: datetime, rates: RateResolver) -> SweepReport:
        scanner = self.scanner

        async def release(choice: Choice, now: datetime) -> Released:
            return await scanner.promiser.release(choice.promises, now, may_be_old=window.end <= epoch)

        seen, released = await scanner.scan(window, release, rates, self.clock.now())
        return SweepReport(
            windows=1,
            seen=sum(seen.by_use_case.values()),
            selected=released.selected,
            already_scored=released.known,
            messages=released.messages,
        )


async def publish_documents(
    documents: Documents, rubrics: Mapping[str, Rubric], calibrations: Mapping[str, CalibrationSet]
) -> None:
    """Lay rubrics and calibrations where workers with older files find them by their hash.

    Raises:
        StateUnavailable
    """
    for rubric in rubrics.values():
        await documents.put(rubric.content_hash(), rubric.content())
    for calibration in calibrations.values():
        await documents.put(calibration.content_hash(), calibration.content())


def _keeps_failing(reports: Sequence[SweepReport]) -> bool:
    last = reports[-FAILURES_IN_A_ROW:]
    return len(last) == FAILURES_IN_A_ROW and all(report.failed_windows for report in last)


def _first_line(exc: Exception) -> str:
    """The first line of our own errors. A library's error may quote the text that it failed on."""
    return str(exc).splitlines()[0][:200] if isinstance(exc, EvaluationError) and str(exc) else ""
