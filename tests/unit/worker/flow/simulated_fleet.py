"""A fleet in memory with a clock of its own: a queue, workers with slots, and judgements that take a while."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.assess_report import Hold as Held
from assay.worker.flow.release import Releaser
from assay.worker.ports.backlog import Hold
from assay.worker.ports.clock import FixedClock
from assay.worker.records.ledger import LedgerState, Promise
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.state.memory.backlog import MemoryBacklog
from assay.worker.state.memory.ledger import MemoryLedger
from tests.builders import NOW
from tests.contract.state.making import promise, transition

STEP_S = 0.1


@dataclass
class InHand:
    """A message that a worker has, and which of its traces wait, run and are done."""

    message: AssessMessage
    waiting: deque[str]
    running: dict[str, float] = field(default_factory=dict)
    ended: int = 0
    held: int = 0


@dataclass
class SimulatedFleet:
    """One worker with so many slots and calls at once. Within it use cases are served in turn, as limits do.

    Attributes:
        fair: whether work is released in turns. Without it everything goes to the queue at once.
        held: use cases none of whose traces may be judged, and why.
    """

    slots: int = 4
    concurrency: int = 32
    call_s: float = 1.0
    fair: bool = True
    held: dict[str, Hold] = field(default_factory=dict)
    hold_s: float = 30.0
    now_s: float = 0.0
    queue: deque[AssessMessage] = field(default_factory=deque)
    hand: list[InHand] = field(default_factory=list)
    selected: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)
    tried_held: int = 0
    idle_s: float = 0.0
    turn: int = 0

    def __post_init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.ledger = MemoryLedger()
        self.backlog = MemoryBacklog(self.ledger, lambda: len(self.queue) + len(self.hand) if self.fair else -10_000)
        self.releaser = Releaser(
            backlog=self.backlog,
            ledger=self.ledger,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
            queue="assess",
            weights={},
        )

    async def publish(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        self.queue.extend(m for m in messages if isinstance(m, AssessMessage))

    async def select(self, use_case: str, n: int) -> None:
        """A sweep selects so many traces of a use case."""
        made = [_promise(use_case, f"{use_case}-{len(self.selected) + i}") for i in range(n)]
        self.selected |= {p.trace_id: self.now_s for p in made}
        due = self.clock.moment + timedelta(seconds=120)
        await self.ledger.promise(made, now=self.clock.moment, due=due)
        await self.backlog.enter(made, now=self.clock.moment)
        await self.releaser.top_up()

    async def step(self) -> None:
        """A tenth of a second."""
        self.now_s = round(self.now_s + STEP_S, 6)
        self.clock.moment = NOW + timedelta(seconds=self.now_s)
        for each in list(self.hand):
            for trace_id in [i for i, end in each.running.items() if end <= self.now_s]:
                del each.running[trace_id]
                each.ended += 1
                self.done[trace_id] = self.now_s
                await self.ledger.apply(
                    "grounding", [transition(trace_id, LedgerState.OPEN, LedgerState.SCORED)], now=self.clock.moment
                )
            if not each.waiting and not each.running:
                self.hand.remove(each)
                await self.releaser.after(each.message, self._report(each), worker="w", slots=self.slots)
        while self.queue and len(self.hand) < self.slots:
            await self._begin(self.queue.popleft())
        self._serve()
        if abs(self.now_s - round(self.now_s)) < STEP_S / 2:
            await self.releaser.tick()

    def _report(self, each: InHand) -> AssessReport:
        until = self.clock.moment + timedelta(seconds=self.hold_s)
        reason = f"held_{self.held.get(each.message.use_case, 'limit')}"
        holds = (Held(reason=reason, until=until),) * each.held
        return AssessReport(judged=each.ended, held=each.held, holds=holds)

    async def _begin(self, message: AssessMessage) -> None:
        ids = [item.trace_id for item in message.items]
        until = self.clock.moment + timedelta(seconds=150)
        taken = await self.ledger.begin(message.rubric, ids, owner=str(self.now_s), now=self.clock.moment, until=until)
        hold = self.held.get(message.use_case)
        mine = InHand(message, deque(entry.trace_id for entry in taken if hold is None))
        if hold is not None:
            self.tried_held += len(taken)
            mine.held = len(taken)
            due = self.clock.moment + timedelta(seconds=self.hold_s)
            kept = {"held": True, "reason": f"held_{hold}", "due": due}
            moves = [transition(entry.trace_id, LedgerState.OPEN, LedgerState.OPEN, **kept) for entry in taken]
            await self.ledger.apply(message.rubric, moves, now=self.clock.moment)
        self.hand.append(mine)

    def _serve(self) -> None:
        """Let calls go, one use case after another."""
        free = self.concurrency - sum(len(each.running) for each in self.hand)
        cases = sorted({each.message.use_case for each in self.hand if each.waiting})
        while free > 0 and cases:
            self.turn += 1
            case = cases[self.turn % len(cases)]
            each = next(e for e in self.hand if e.waiting and e.message.use_case == case)
            each.running[each.waiting.popleft()] = self.now_s + self.call_s
            free -= 1
            cases = sorted({e.message.use_case for e in self.hand if e.waiting})
        self.idle_s += STEP_S * free / self.concurrency

    def latencies(self, use_case: str) -> list[float]:
        """From selection to verdict, in seconds, sorted."""
        return sorted(end - self.selected[i] for i, end in self.done.items() if i.startswith(use_case))


def _promise(use_case: str, trace_id: str) -> Promise:
    return promise(trace_id, use_case=use_case)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return values[int(0.95 * (len(values) - 1))]


def run_fleet(fleet: SimulatedFleet, arrivals: Sequence[tuple[float, str, int]], until_s: float) -> SimulatedFleet:
    """Let traces be selected at their moments, and the fleet work."""

    async def main() -> None:
        coming = deque(sorted(arrivals))
        while fleet.now_s < until_s:
            while coming and coming[0][0] <= fleet.now_s:
                _, use_case, n = coming.popleft()
                await fleet.select(use_case, n)
            await fleet.step()

    asyncio.run(main())
    return fleet
