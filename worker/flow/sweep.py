"""Sweep: look through closed windows of root start times, choose traces, promise and publish them.

A window is scanned when it has closed, and again when late traces have had their time. Then it is scanned at
growing distances for a day: a store shows a long trace only when it ends, under its old start.

The first scan resolves each use case's rate and stores it. Selected traces go into the ledger first, then out
as messages, and only then is the window recorded. So a crash at any point repeats work that changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError
from assay.judges.rubric import Rubric
from assay.worker.config.calibration_sets import CalibrationSet
from assay.worker.config.deployment import Deployment
from assay.worker.flow.batching import chunks, group_messages
from assay.worker.flow.candidates import Chooser, Seen
from assay.worker.flow.rates import resolve_rates
from assay.worker.flow.root_buffer import RootBuffer
from assay.worker.flow.rootless import count_rootless
from assay.worker.flow.windows import RETRY_LOOKBACK_AFTER, due_windows, is_look_back, is_over, next_age
from assay.worker.ports.clock import Clock
from assay.worker.ports.documents import Documents
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.locks import Locks
from assay.worker.ports.publish import Publish
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import RootSource
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import LedgerState, Promise, Transition
from assay.worker.records.reports import Report
from assay.worker.records.windows import WindowRecord

FAILURES_IN_A_ROW = 3
"""This many failed windows in a row mean that the store is down, not that a window is bad."""

LOCK_TTL_S = 30.0
"""In seconds, renewed after each window. A sweeper that died stops the others for this long."""

log = structlog.get_logger(__name__)


class SweepReport(Report):
    """What one sweep did."""

    windows: int = 0
    failed_windows: int = 0
    seen: int = 0
    selected: int = 0
    already_scored: int = 0
    messages: int = 0
    skipped_because_running: bool = False


@dataclass(frozen=True)
class Sweeper:
    """Looks through windows. Its fields are where it reads, what it knows and where it publishes."""

    source: RootSource
    sink: ScoreReader
    ledger: Ledger
    windows: Windows
    documents: Documents
    locks: Locks
    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    publish: Publish
    clock: Clock
    ledger_deadline: timedelta
    calibrations: Mapping[str, CalibrationSet] = field(default_factory=dict)

    async def sweep(self) -> SweepReport:
        """Scan every window that is due. Only one sweep runs at a time. A second one returns at once.

        A window that cannot be scanned is logged and counted. It stops no other, and the next sweep tries
        it again.
        """
        owner = uuid.uuid4().hex
        if not await self.locks.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S):
            return SweepReport(skipped_because_running=True)
        try:
            await self._publish_documents()
            epoch = await self.windows.epoch(self.clock.now())
            reports: list[SweepReport] = []
            async with self._renewing(owner):
                for window in await due_windows(self.windows, self.deployment, epoch, self.clock.now()):
                    reports.append(await self._scan_or_log(window, epoch))
                    is_ours = await self.locks.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S)
                    if not is_ours or _keeps_failing(reports):
                        break
        finally:
            await self.locks.release("sweep", owner=owner)
        return sum(reports, SweepReport())

    @asynccontextmanager
    async def _renewing(self, owner: str) -> AsyncIterator[None]:
        """Hold the lock while a window takes longer than the lock lasts: a big window, or a slow store."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LOCK_TTL_S / 3)
                with suppress(StateUnavailable):
                    await self.locks.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _publish_documents(self) -> None:
        for rubric in self.rubrics.values():
            await self.documents.put(rubric.content_hash(), rubric.content())
        for calibration in self.calibrations.values():
            await self.documents.put(calibration.content_hash(), calibration.content())

    @property
    def _late(self) -> timedelta:
        return timedelta(seconds=self.deployment.late_seconds)

    @property
    def _chooser(self) -> Chooser:
        return Chooser(deployment=self.deployment, rubrics=self.rubrics, calibrations=self.calibrations)

    async def _scan_or_log(self, window: WindowRecord, epoch: datetime) -> SweepReport:
        try:
            return await self._scan(window, epoch)
        except StateUnavailable:
            raise  # nothing can be promised to anybody; the other windows would fail alike
        except Exception as exc:  # noqa: BLE001  # one bad window must not stop all sweeping
            log.warning("sweep.window_failed", window=window.id, error=type(exc).__name__, detail=_first_line(exc))
            if is_look_back(window, self._late):
                # Or a few that fail for good would come first among the look-backs for ever.
                await self.windows.put(window.model_copy(update={"next_scan": self.clock.now() + RETRY_LOOKBACK_AFTER}))
            return SweepReport(failed_windows=1)

    async def _scan(self, window: WindowRecord, epoch: datetime) -> SweepReport:
        """Scan one window: its rates first, then page by page the ledger and messages, then what was seen."""
        now = self.clock.now()
        buffer = RootBuffer()
        async for page in self.source.list_roots(window.start, window.end):
            await in_thread(buffer.add, page)
        seen = await self._count(buffer, now)
        rates = await resolve_rates(self.windows, self.deployment, window, seen.by_use_case)
        window = await self.windows.open(window.model_copy(update={"rates": rates}))
        passed_over: Counter[str] = Counter()
        report = SweepReport(windows=1, seen=sum(seen.by_use_case.values()))
        for roots in buffer.pages():
            promises, passed = await in_thread(self._chooser.choose, roots, window, now)
            passed_over.update(passed)
            selected, known, messages = await self._promise_and_publish(promises, now, may_be_old=window.end <= epoch)
            report += SweepReport(selected=selected, already_scored=known, messages=messages)
        await self.windows.put(await self._recorded(window, seen, passed_over, now))
        return report

    async def _count(self, buffer: RootBuffer, now: datetime) -> Seen:
        """How many traces there are of each use case, and how many that will not be judged."""
        seen = Seen()
        for roots in buffer.pages():
            seen.add(await in_thread(self._chooser.count_by_use_case, roots, now))
        return seen

    async def _promise_and_publish(
        self, promises: Sequence[Promise], now: datetime, *, may_be_old: bool
    ) -> tuple[int, int, int]:
        """Write into the ledger, then publish messages.

        Returns:
            The numbers of new promises, of promises whose scores the store has already, and of messages.
        """
        known = await self._in_store(promises) if may_be_old else set()
        fresh = await self.ledger.promise(promises, now=now, due=now + self.ledger_deadline)
        await self._close_known(known, now)
        messages = group_messages(p for p in fresh if (p.rubric, p.trace_id) not in known)
        await self.publish(messages)
        return len(fresh), len(known), len(messages)

    async def _recorded(
        self, window: WindowRecord, seen: Seen, passed_over: Mapping[str, int], now: datetime
    ) -> WindowRecord:
        """The window's record after this scan, and when to look again."""
        age = now - window.end
        return window.model_copy(
            update={
                "scans": window.scans + 1,
                "is_final": is_over(age, self._late),
                "next_scan": window.end + next_age(age, self._late, has_unfinished=bool(seen.unfinished)),
                "seen": dict(seen.by_use_case),
                "not_selected": dict(passed_over),
                "unmatched": seen.unmatched,
                "excluded": seen.excluded,
                "unfinished": seen.unfinished,
                "late": window.late + self._came_late(window, seen),
                "rootless": await count_rootless(self.source, self.locks, window, now=now),
            }
        )

    def _came_late(self, window: WindowRecord, seen: Seen) -> int:
        """How many traces of this scan the store did not show when the window's late time was over."""
        return max(0, seen.total - window.total) if is_look_back(window, self._late) else 0

    async def _in_store(self, promises: Sequence[Promise]) -> set[tuple[str, str]]:
        """Promises whose scores the store already holds: the ledger was lost, and they are not judged again."""
        project = await self.source.project_id()
        by_id = {p.score_id(project, self.rubrics[p.rubric].state_score): p for p in promises}
        known: set[tuple[str, str]] = set()
        for chunk in chunks(list(by_id), 100):
            shown = await self.sink.read_scores(chunk)
            known |= {(by_id[score_id].rubric, by_id[score_id].trace_id) for score_id in shown}
        return known

    async def _close_known(self, known: set[tuple[str, str]], now: datetime) -> None:
        for rubric in {rubric for rubric, _ in known}:
            transitions = [
                Transition(trace_id=trace_id, expected=(LedgerState.OPEN,), state=LedgerState.SCORED, reason="in_store")
                for name, trace_id in sorted(known)
                if name == rubric
            ]
            await self.ledger.apply(rubric, transitions, now=now)


def _keeps_failing(reports: Sequence[SweepReport]) -> bool:
    last = reports[-FAILURES_IN_A_ROW:]
    return len(last) == FAILURES_IN_A_ROW and all(report.failed_windows for report in last)


def _first_line(exc: Exception) -> str:
    """The first line of our own errors. A library's error may quote the text that it failed on."""
    return str(exc).splitlines()[0][:200] if isinstance(exc, EvaluationError) and str(exc) else ""
