"""A deployment with past traces, its backfills, and workers that judge at once, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from assay.worker.flow.backfill.outcome import RangeOutcome, read_outcome
from assay.worker.flow.backfill.planning import Planned, plan_range
from assay.worker.flow.backfill.releasing import Gate
from assay.worker.flow.backfill.run import Backfill, BackfillReport
from assay.worker.ports.clock import FixedClock
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.records.traces import TraceRoot
from tests.builders import NOW, make_root
from tests.unit.worker.flow.test_sweep import World

DAY = timedelta(days=1)
WEEK_AGO, TWO_DAYS_AGO = NOW - 7 * DAY, NOW - 2 * DAY


class Queue:
    """The broker's queue, as deep as it is told to be. Whoever works does so while somebody looks at it."""

    def __init__(self) -> None:
        self.depth = 0
        self.looked = 0
        self.work: Callable[[], Awaitable[None]] | None = None

    async def queue_depth(self, queue: str) -> int:
        self.looked += 1
        if self.work is not None:
            await self.work()
        return self.depth

    async def in_hand(self) -> int:
        return 0

    async def renew(self, tags: Sequence[str], *, owners: Sequence[str] = ()) -> None:
        """Nothing to renew."""


class Past(World):
    """Traces of past days, and what backfills do with them."""

    def __init__(self, *roots: TraceRoot, **over: object) -> None:
        super().__init__(*roots, **over)  # type: ignore[arg-type]
        self.queue = Queue()
        self.workers = True
        self.gate = Gate(self.queue, self.state.ledger, "assess", self._has_workers)

    async def _has_workers(self) -> bool:
        return self.workers

    def plan(self, start: datetime = WEEK_AGO, end: datetime = TWO_DAYS_AGO, **over: object) -> Planned:
        scanner = self.sweeper(NOW).scanner
        return asyncio.run(plan_range(scanner, start, end, NOW, **over))  # type: ignore[arg-type]

    def backfill(
        self,
        start: datetime = WEEK_AGO,
        end: datetime = TWO_DAYS_AGO,
        *,
        only: str | None = None,
        rejudge: bool = False,
        limit: int | None = None,
    ) -> BackfillReport:
        planned = self.plan(start, end, only=only, rejudge=rejudge)
        backfill = Backfill(self.sweeper(NOW).scanner, FixedClock(NOW), self.state.reopening, self.gate)
        return asyncio.run(backfill.run(planned, only=only, rejudge=rejudge, limit=limit))

    def judge(self, state: LedgerState = LedgerState.SCORED, reason: str = "") -> None:
        """Bring everything that is open to an end."""
        asyncio.run(self.end_all(state, reason))

    async def end_all(self, state: LedgerState = LedgerState.SCORED, reason: str = "") -> None:
        """As `judge`, while something else runs."""
        open_ids = sorted(self.gate.opened.get("grounding", ()))
        changes = [Transition(trace_id=i, expected=(LedgerState.OPEN,), state=state, reason=reason) for i in open_ids]
        await self.state.ledger.apply("grounding", changes, now=NOW)

    def entries(self) -> dict[str, LedgerEntry]:
        ids = [root.trace_id for root in self.store.roots]
        return dict(asyncio.run(self.state.ledger.entries("grounding", ids)))

    def outcome(self, start: datetime = WEEK_AGO, end: datetime = TWO_DAYS_AGO) -> RangeOutcome:
        return asyncio.run(read_outcome(self.state.ledger_reader, start, end))


def past(n: int, *, days: int = 4, first: datetime = WEEK_AGO, prefix: str = "t", **over: object) -> list[TraceRoot]:
    """Traces spread over some days."""
    return [make_root(f"{prefix}-{i}", start=first + days * DAY * i / n, **over) for i in range(n)]
