"""Sweep: look through closed windows of root start times, choose traces, promise and publish them.

A window is scanned when it has closed, once more when late traces have had their time, and at growing distances for a
day, since a trace that runs for long is shown when it ends, under its old start. The first scan resolves each use
case's rate and stores it. What is chosen goes into the ledger first, then out as messages, and only then
is the window marked: a crash at any point repeats work that changes nothing.
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
from assay.worker.flow.root_buffer import RootSpool
from assay.worker.flow.windows import PUT_OFF, due_windows, is_look_back, is_over, next_age
from assay.worker.ports.clock import Clock
from assay.worker.ports.publish import Publish
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import RootSource
from assay.worker.ports.state import FleetState, StateUnavailable
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.ledger import LedgerState, Move, Promise
from assay.worker.records.reports import Report
from assay.worker.records.scores import score_id
from assay.worker.records.windows import WindowRecord

FAILURES_IN_A_ROW = 3
"""So many windows failing one after the other mean that the store is down, not that one window is bad."""

ROOTLESS_EVERY_S, ROOTLESS_S = 3600.0, 20.0
"""Traces without a root are counted in one window an hour, and no longer than this: the count is for people who wonder
what is missing, and on a big project it costs as much as the sweep itself."""

ROOTLESS_AGE = timedelta(hours=6)
"""A younger window may hold traces that still run: steps without a root, as yet."""

LOCK_TTL_S = 30.0
"""Renewed after each window: a sweeper that died stops the others for this long and no longer."""


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
    """One sweep's surroundings: where it reads, what it knows, where it publishes."""

    source: RootSource
    sink: ScoreReader
    state: FleetState
    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    publish: Publish
    clock: Clock
    ledger_deadline: timedelta
    calibrations: Mapping[str, CalibrationSet] = field(default_factory=dict)

    async def sweep(self) -> SweepReport:
        """Scan every window that is due. Only one sweep runs at a time; a second one returns at once.

        A window that cannot be scanned is logged, counted and tried again by the next sweep; it stops no other.
        """
        owner = uuid.uuid4().hex
        if not await self.state.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S):
            return SweepReport(skipped_because_running=True)
        try:
            await self._publish_documents()
            epoch = await self.state.epoch(self.clock.now())
            reports: list[SweepReport] = []
            async with self._renewing(owner):
                for window in await due_windows(self.state, self.deployment, epoch, self.clock.now()):
                    reports.append(await self._scan_or_log(window, epoch))
                    is_ours = await self.state.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S)
                    if not is_ours or _keeps_failing(reports):
                        break
        finally:
            await self.state.release("sweep", owner=owner)
        return sum(reports, SweepReport())

    @asynccontextmanager
    async def _renewing(self, owner: str) -> AsyncIterator[None]:
        """Hold the lock while a window takes longer than it lasts: a big one, or a store that lets us wait."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LOCK_TTL_S / 3)
                with suppress(StateUnavailable):
                    await self.state.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _publish_documents(self) -> None:
        for rubric in self.rubrics.values():
            await self.state.put_document(rubric.content_hash(), rubric.content())
        for calibration in self.calibrations.values():
            await self.state.put_document(calibration.content_hash(), calibration.content())

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
        except Exception as exc:  # noqa: BLE001  # whatever is wrong with one window must not stop all sweeping
            log.warning("sweep.window_failed", window=window.id, error=type(exc).__name__, detail=_first_line(exc))
            if is_look_back(window, self._late):
                # Or a few that fail for good would come first among the look-backs for ever.
                await self.state.put_window(window.model_copy(update={"next_scan": self.clock.now() + PUT_OFF}))
            return SweepReport(failed_windows=1)

    async def _scan(self, window: WindowRecord, epoch: datetime) -> SweepReport:
        """Scan one window: its rates first, then page by page the ledger and messages, then what was seen."""
        now = self.clock.now()
        spool = RootSpool()
        async for page in self.source.list_roots(window.start, window.end):
            await in_thread(spool.add, page)
        seen = await self._count(spool, now)
        rates = await resolve_rates(self.state, self.deployment, window, seen.by_use_case)
        window = await self.state.open_window(window.model_copy(update={"rates": rates}))
        passed_over: Counter[str] = Counter()
        report = SweepReport(windows=1, seen=sum(seen.by_use_case.values()))
        for roots in spool.pages():
            promises, passed = await in_thread(self._chooser.choose, roots, window, now)
            passed_over.update(passed)
            selected, known, messages = await self._promise_and_publish(promises, now, may_be_old=window.end <= epoch)
            report += SweepReport(selected=selected, already_scored=known, messages=messages)
        await self.state.put_window(await self._recorded(window, seen, passed_over, now))
        return report

    async def _count(self, spool: RootSpool, now: datetime) -> Seen:
        """How many traces there are of each use case, and how many that will not be judged."""
        seen = Seen()
        for roots in spool.pages():
            seen.add(await in_thread(self._chooser.sort, roots, now))
        return seen

    async def _promise_and_publish(
        self, promises: Sequence[Promise], now: datetime, *, may_be_old: bool
    ) -> tuple[int, int, int]:
        """Into the ledger, then out as messages; returns the numbers of new promises, of those known, of messages."""
        known = await self._in_store(promises) if may_be_old else set()
        fresh = await self.state.promise(promises, now=now, due=now + self.ledger_deadline)
        await self._close_known(known, now)
        messages = group_messages(p for p in fresh if (p.rubric, p.trace_id) not in known)
        await self.publish(messages)
        return len(fresh), len(known), len(messages)

    async def _recorded(
        self, window: WindowRecord, seen: Seen, passed_over: Mapping[str, int], now: datetime
    ) -> WindowRecord:
        """The window's record after this scan, and when to look again."""
        age = now - window.end
        has_no_count = window.rootless is None and age >= ROOTLESS_AGE
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
                "rootless": await self._rootless(window) if has_no_count else window.rootless,
            }
        )

    def _came_late(self, window: WindowRecord, seen: Seen) -> int:
        """How many traces this scan found that the store did not show when the window's late time was over."""
        return max(0, seen.total - window.total) if is_look_back(window, self._late) else 0

    async def _rootless(self, window: WindowRecord) -> int | None:
        """About how many traces no sweep can see; None where it was not looked, or the store could not tell."""
        # Never given back: the lock's end is when the next window may be looked at, whoever sweeps then.
        if not await self.state.acquire("rootless", owner=window.id, ttl_s=ROOTLESS_EVERY_S):
            return None
        try:
            async with asyncio.timeout(ROOTLESS_S):
                return await self.source.count_rootless(window.start, window.end)
        except (StoreError, TimeoutError) as exc:
            log.warning("sweep.rootless_not_counted", window=window.id, error=str(exc)[:200] or "took too long")
            return None

    async def _in_store(self, promises: Sequence[Promise]) -> set[tuple[str, str]]:
        """After the ledger was lost: what the store already holds under our ids is not judged again."""
        project = await self.source.project_id()
        ids = {_state_score_id(project, one, self.rubrics[one.rubric].state_score): one for one in promises}
        found: set[tuple[str, str]] = set()
        for chunk in chunks(list(ids), 100):
            found |= {(ids[i].rubric, ids[i].trace_id) for i in await self.sink.read_scores(chunk)}
        return found

    async def _close_known(self, known: set[tuple[str, str]], now: datetime) -> None:
        for rubric in {rubric for rubric, _ in known}:
            moves = [
                Move(trace_id=trace_id, expected=(LedgerState.OPEN,), state=LedgerState.SCORED, reason="in_store")
                for name, trace_id in sorted(known)
                if name == rubric
            ]
            await self.state.move(rubric, moves, now=now)


def _state_score_id(project: str, promise: Promise, name: str) -> str:
    return score_id(
        project,
        promise.trace_id,
        promise.observation_id,
        rubric_name=promise.rubric,
        rubric_hash=promise.rubric_hash,
        name=name,
    )


def _keeps_failing(reports: Sequence[SweepReport]) -> bool:
    last = reports[-FAILURES_IN_A_ROW:]
    return len(last) == FAILURES_IN_A_ROW and all(report.failed_windows for report in last)


def _first_line(exc: Exception) -> str:
    """What our own errors say; others may quote what they stumbled over, and that is somebody's text."""
    return str(exc).splitlines()[0][:200] if isinstance(exc, EvaluationError) and str(exc) else ""
