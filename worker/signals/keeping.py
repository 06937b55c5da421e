"""Keeps the signals of quality and of SLOs up to date: what is due is computed from the record, and kept for scrapes.

A part is not computed again before `rest` times the time that it took has passed. So signals take their share of a core
however large the record grows, and tell how old they are.
"""

from __future__ import annotations

import asyncio
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
from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import MetricSnapshot, Sample
from assay.worker.records.reports import Report
from assay.worker.signals.parts import KEPT_S, KeptPart, Memory, Part, keep_part, kept_part
from assay.worker.signals.samples import number

GIVE_UP_S = 90.0
"""A part that takes longer is given up, and tried again after its rest."""

ENOUGH_S = 20.0
"""A tick that has worked for so long leaves the other parts to the next one."""

LOCK = "signals"
LOCK_TTL_S = 120.0
"""Longer than a part may take. Who was killed stops the others for so long."""

log = structlog.get_logger(__name__)


class SignalsReport(Report):
    """How many parts were computed, and how many could not be."""

    computed: int = 0
    failed: int = 0


@dataclass(frozen=True)
class SignalsKeeper:
    """Computes what is due.

    Attributes:
        parts: what there is, what pages go by first.
    """

    parts: Sequence[Part]
    key_values: KeyValues
    locks: Locks
    clock: Clock

    async def tick(self) -> SignalsReport:
        """Compute what is due, one keeper at a time. Where the record is away what was computed last stays, and ages.

        Raises:
            StateUnavailable
        """
        owner, total, begun = uuid.uuid4().hex, SignalsReport(), time.monotonic()
        try:
            for part in self.parts:
                is_late = time.monotonic() - begun > ENOUGH_S
                if is_late or not await self.locks.acquire(LOCK, owner=owner, ttl_s=LOCK_TTL_S):
                    break
                total += await self._look_at(part)
        finally:
            await self.locks.release(LOCK, owner=owner)
        return total

    async def _look_at(self, part: Part) -> SignalsReport:
        """Compute a part if it is due."""
        now, before = self.clock.now(), await kept_part(self.key_values, part.name)
        if before is not None and now < before.tried_at + timedelta(seconds=part.rest * before.took_s):
            return SignalsReport()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(GIVE_UP_S):
                samples, memory = await part.compute(before.memory if before else Memory(), now)
        except (HistoryUnavailable, ConfigurationError, TimeoutError) as exc:
            took_s = time.monotonic() - begun
            kept = (before or KeptPart(tried_at=now, took_s=took_s)).model_copy(
                update={"tried_at": now, "took_s": took_s}
            )
            await keep_part(self.key_values, part.name, kept)
            await self._tell(part, exc)
            return SignalsReport(failed=1)
        took_s = time.monotonic() - begun
        kept = KeptPart(at=now, tried_at=now, took_s=took_s, samples=samples, memory=memory)
        await keep_part(self.key_values, part.name, kept)
        await self._publish(part.snapshot, now)
        return SignalsReport(computed=1)

    async def _tell(self, part: Part, error: BaseException) -> None:
        """Log a trouble where it is news: to all processes together."""
        told = str(error)[:200] or f"took longer than {GIVE_UP_S:.0f} s"
        if await self._trouble() != told:
            log.warning("signals.not_computed", part=part.name, error=told)
        await self.key_values.keep(_TROUBLE, told.encode(), ttl_s=KEPT_S, replace=True)

    async def _trouble(self) -> str:
        return (await self.key_values.kept([_TROUBLE])).get(_TROUBLE, b"").decode()

    async def _publish(self, snapshot: str, now: datetime) -> None:
        """Put what was computed where scrapes find it: all parts of a snapshot, each as it was last."""
        samples: list[Sample] = []
        for part in self.parts:
            kept = await kept_part(self.key_values, part.name) if part.snapshot == snapshot else None
            if kept is None or kept.at is None:
                continue
            for window, own in kept.samples.items():
                samples += own
                if part.tells_time:
                    samples += number(quality.COMPUTED, kept.at.timestamp(), window)
        await keep_snapshot(self.key_values, MetricSnapshot(part=snapshot, at=now, samples=samples))
        if await self._trouble():
            log.info("signals.computed_again")
            await self.key_values.keep(_TROUBLE, b"", ttl_s=KEPT_S, replace=True)


_TROUBLE = "signals:trouble"
