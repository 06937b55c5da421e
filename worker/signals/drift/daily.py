"""The daily check: each use case once per UTC day, whichever control worker gets to it, and again after a failure."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.flow.metric_snapshots import keep_snapshot
from assay.worker.ports.clock import Clock
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.records.reports import Report
from assay.worker.signals.drift.capturing import Origin
from assay.worker.signals.drift.desk import DriftDesk, Period
from assay.worker.signals.drift.metrics import drift_snapshot
from assay.worker.signals.drift.records import DriftBaseline, DriftCheck, UnreadableBaseline

LOCK = "drift"
LOCK_TTL_S = 600.0
"""Seconds for which a worker that was killed stops the others. A check takes seconds."""

TICK_S = 60.0
"""A tick that took so long begins no further check: the next one does."""

SETTLED = timedelta(hours=1)
"""After midnight UTC: by then the traces of the day before have come to their end."""

AUTOMATIC_DAYS = 7
"""Full UTC days that an automatic baseline is taken from: a whole week, weekends among it."""

AUTOMATIC_BUSY_DAYS = 5
"""Of them so many must have traffic: a bot that began two days ago shows no usual week."""

log = structlog.get_logger(__name__)


class DriftReport(Report):
    """What one tick did, as names of use cases: baselines taken, checks done, those that wait, drift, failures."""

    captured: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DailyDrift:
    """Does what is due today.

    Attributes:
        desk: the record's baselines and checks.
        use_cases: names of the configured ones.
    """

    desk: DriftDesk
    key_values: KeyValues
    locks: Locks
    clock: Clock
    use_cases: Sequence[str]

    async def tick(self) -> DriftReport:
        """Check the use cases that were not checked today, and keep what all last checks came to as metrics.

        Raises:
            StateUnavailable
        """
        owner, total, began = uuid.uuid4().hex, DriftReport(), time.monotonic()
        try:
            for use_case in self.use_cases:
                if time.monotonic() - began > TICK_S:
                    break
                if not await self.locks.acquire(LOCK, owner=owner, ttl_s=LOCK_TTL_S):
                    return total
                total += await self._tried(use_case)
            await self._publish()
        finally:
            await self.locks.release(LOCK, owner=owner)
        return total

    async def _tried(self, use_case: str) -> DriftReport:
        try:
            return await self._checked(use_case, self.clock.now())
        except (HistoryUnavailable, ConfigurationError) as exc:
            # Nothing is kept, so the next tick tries again.
            log.warning("drift.not_checked", use_case=use_case, error=str(exc)[:200])
            return DriftReport(failed=(use_case,))

    async def _checked(self, use_case: str, now: datetime) -> DriftReport:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        before = await self.desk.checked_at(use_case)
        if now < today + SETTLED or (before is not None and before >= today):
            return DriftReport()
        report = DriftReport()
        if self.desk.settings.automatic_baseline and not await self._has_baseline(use_case):
            baseline = await self._capture(use_case, today, now)
            report += DriftReport(captured=(use_case,) if baseline else ())
        period = Period(today - timedelta(days=self.desk.settings.days), today)
        check = await self.desk.check(use_case, period, now)
        await self.desk.keep(check)
        return report + _outcome(check)

    async def _has_baseline(self, use_case: str) -> bool:
        """Whether there is one. One of a newer Assay is not replaced by what an older worker takes."""
        try:
            return await self.desk.baseline(use_case) is not None
        except UnreadableBaseline:
            return True

    async def _capture(self, use_case: str, today: datetime, now: datetime) -> DriftBaseline | None:
        """A baseline of the last full days, where they hold enough."""
        period = Period(today - timedelta(days=AUTOMATIC_DAYS), today)
        seen = await self.desk.traces(use_case, period)
        if seen.traces < self.desk.settings.baseline_traces or seen.days < AUTOMATIC_BUSY_DAYS:
            return None
        words = f"{period.since:%Y-%m-%d} to {period.until - timedelta(days=1):%Y-%m-%d}, taken automatically"
        origin = Origin(use_case, f"{today:%Y-%m-%d}", "automatic", words, period.since, period.until)
        return await self.desk.capture(origin, seen.observations, now)

    async def _publish(self) -> None:
        """Put what the last checks came to where scrapes find it."""
        try:
            kept = [await self.desk.last_check(use_case) for use_case in self.use_cases]
        except (HistoryUnavailable, ConfigurationError) as exc:
            log.warning("drift.not_published", error=str(exc)[:200])
            return
        checks = [check for check in kept if check is not None]
        await keep_snapshot(self.key_values, drift_snapshot(checks, self.clock.now()))


def _outcome(check: DriftCheck) -> DriftReport:
    own = (check.use_case,)
    if check.state == "waiting":
        return DriftReport(waiting=own)
    return DriftReport(checked=own, drifted=own if check.drifted else ())
