"""Days of a fleet by a clock that is set: real sweeps over state in memory, judged and paid at once.

Every window of every day is swept. What was selected is judged, its calls are counted and its money is charged. The use
cases have strata, low traffic, several rubrics and budgets that do not last.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.store_sweeps import Sweeps
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.call_limits import ALL, Spent
from assay.worker.ports.clock import FixedClock
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import LedgerState, Promise, Transition
from assay.worker.records.traces import TraceRoot
from assay.worker.setup.plan import PlanMaker, PlanReport
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from assay.worker.wiring.runtime import Runtime

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 11, 2, tzinfo=UTC)
BY_HOUR = (8, 6, 5, 5, 6, 10, 20, 40, 70, 90, 100, 95, 85, 90, 95, 90, 80, 70, 60, 50, 40, 30, 20, 12)
"""How a usual day's traffic is spread."""

MODEL = {"judge": {"tiers": ["llm"], "llm": {"model": "judge-of-the-benchmark"}}}
RUBRICS = {name: Rubric.model_validate({"name": name, **MODEL}) for name in ("grounding", "safety")}
CALLS = {"grounding": (1, 1, 1, 2), "safety": (1,)}
"""Calls that a judgement takes, each as likely."""

COST_USD = {"grounding": 0.004, "safety": 0.001}
"""Of a call, on average."""

TRAFFIC = {"support": 3000, "contracts": 1800, "intern": 300, "search": 6000}
"""Traces of a usual day."""

ERROR_SHARE = 0.04
"""Share of the traces that are errors."""


def policy_of(scale: float, *, usd_per_day: float | None = None, window_seconds: int = 3600) -> Deployment:
    """Strata, a budget that pays for about half, low traffic under two rubrics, and a plain rate.

    Args:
        scale: of the traffic; budgets and the bar of low traffic go with it.
        usd_per_day: a budget of all use cases together. None: there is none.
        window_seconds: how long a window is. Long ones pace a day coarsely.
    """
    errors = {"name": "errors", "when": {"level": ["ERROR"]}, "rate": 1.0, "allow_rate": True}
    contracts = {"stakes": "high", "budget_usd_per_day": 1.0 * scale}
    search = {"rate": 0.05, "rubrics": ["safety"]}
    cases: dict[str, dict[str, Any]] = {
        "support": {"strata": [errors], "rubrics": ["grounding"]},
        "contracts": {**contracts, "rubrics": ["grounding"]},
        "intern": {"rubrics": ["grounding", "safety"]},
        "search": search,
    }
    return Deployment.model_validate(
        {
            "window_seconds": window_seconds,
            "defaults": {"rate": 0.10, "low_traffic": {"below_per_day": round(1000 * scale)}, "min_per_day": 0},
            "use_cases": [{"name": n, "match": {"trace_name": [n]}, **case} for n, case in cases.items()],
            "limits": {} if usd_per_day is None else {"usd_per_day": usd_per_day * scale},
        }
    )


@dataclass
class Roots:
    """A store of made-up roots, which are there when their window is over."""

    windows: dict[datetime, list[TraceRoot]] = field(default_factory=dict)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """The roots of a time that begins and ends with windows, page by page."""
        inside = [root for at, roots in self.windows.items() if start <= at < end for root in roots]
        for at in range(0, len(inside), 500):
            yield inside[at : at + 500]

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """None."""
        return 0

    async def project_id(self) -> str:
        """Any."""
        return "benchmark"

    async def read_scores(self, keys: Any) -> dict[str, Any]:
        """None."""
        return {}

    async def fetch_traces(self, keys: Any) -> dict[str, Any]:
        """None: what judgements take is known from the record."""
        return {}


@dataclass
class Account:
    """What calls have cost, by use case and day."""

    clock: FixedClock
    charged: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def charge(self, use_case: str, now: datetime, usd: float) -> None:
        """Charge a call."""
        for name in (use_case, ALL):
            self.charged[name, f"{now:%Y-%m-%d}"] += usd

    async def spent(self, use_cases: Sequence[str]) -> Mapping[str, Spent]:
        """How the budgets stand."""
        day = f"{self.clock.now():%Y-%m-%d}"
        month = day[:7]
        return {
            name: Spent(
                day=day,
                month=month,
                day_usd=self.charged[name, day],
                month_usd=sum(usd for (case, at), usd in self.charged.items() if case == name and at[:7] == month),
            )
            for name in use_cases
        }


@dataclass
class Taken:
    """Takes what sweeps selected, in place of the backlog."""

    promises: list[Promise] = field(default_factory=list)

    async def enter(self, promises: Sequence[Promise], *, now: datetime, turn: str | None = None) -> None:
        """Keep them for the judge."""
        self.promises += promises


class SimulatedFleet:
    """Sweeps, judges and pays, an hour at a time."""

    def __init__(
        self, deployment: Deployment, *, scale: float = 1.0, seed: int = 0, errors: float = ERROR_SHARE
    ) -> None:
        self.random, self.scale, self.deployment, self.errors = random.Random(seed), scale, deployment, errors
        self.clock, self.store, self.state = FixedClock(FIRST), Roots(), memory_state()
        self.account, self.taken, self.history = Account(self.clock), Taken(), memory_history()
        self.done: defaultdict[tuple[str, str, str], float] = defaultdict(float)
        self.sweeper = self._sweeper()

    def _sweeper(self) -> Sweeper:
        state = self.state
        return Sweeper(
            source=self.store,
            sink=self.store,
            ledger=state.ledger,
            windows=state.windows,
            documents=state.documents,
            locks=state.locks,
            deployment=self.deployment,
            rubrics=RUBRICS,
            backlog=cast("Any", self.taken),
            top_up=_nothing,
            pressure=Pressure(state.backlog, state.key_values, timedelta(hours=1)),
            budgeting=Budgeting(
                account=cast("Any", self.account),
                ledger=state.ledger_reader,
                key_values=state.key_values,
                deployment=self.deployment,
                first_cost_usd=lambda rubric: 2 * COST_USD[rubric],
            ),
            clock=self.clock,
            ledger_deadline=timedelta(minutes=2),
        )

    async def live_a_day(self, midnight: datetime) -> None:
        """A day, window by window: its traces, the sweep after each, and the judging of what that selected."""
        await self.state.windows.epoch(FIRST - DAY)
        size = timedelta(seconds=self.deployment.window_seconds)
        for number in range(round(DAY / size)):
            start = midnight + number * size
            self.store.windows.pop(start - 2 * DAY, None)
            self.store.windows[start] = list(self._roots_of(start, size))
            self.clock.moment = start + size + timedelta(minutes=5)
            await self.sweeper.sweep()
            await self._judge(self.clock.moment)

    def _roots_of(self, window: datetime, size: timedelta) -> Iterator[TraceRoot]:
        for name, a_day in TRAFFIC.items():
            share = BY_HOUR[window.hour] / sum(BY_HOUR) * (size / HOUR)
            n = round(self.scale * a_day * share * self.random.uniform(0.8, 1.2))
            for at in range(n):
                start = window + at * size / (n + 1)
                yield TraceRoot(
                    trace_id=f"{name}-{window:%m%d%H%M}-{at}",
                    observation_id="",
                    name=name,
                    environment="production",
                    level="ERROR" if self.random.random() < self.errors else "DEFAULT",
                    start=start,
                    end=start + timedelta(seconds=2),
                )

    async def _judge(self, now: datetime) -> None:
        promises, self.taken.promises = self.taken.promises, []
        rows = [self._judged(promise, now) for promise in promises]
        for rubric in {promise.rubric for promise in promises}:
            ended = [
                Transition(trace_id=p.trace_id, expected=(LedgerState.OPEN,), state=LedgerState.SCORED)
                for p in promises
                if p.rubric == rubric
            ]
            await self.state.ledger.apply(rubric, ended, now=now)
        await self.history.writer.write(rows)

    def _judged(self, promise: Promise, now: datetime) -> HistoryRow:
        """The row of a judgement, which is charged."""
        calls = self.random.choice(CALLS[promise.rubric])
        cost = sum(self.random.lognormvariate(0.0, 0.5) * COST_USD[promise.rubric] / 1.133 for _ in range(calls))
        day = f"{promise.start:%Y-%m-%d}"
        self.account.charge(promise.use_case, now, cost)
        for what, amount in (("selected", 1.0), ("calls", calls), ("usd", cost)):
            self.done[f"{promise.use_case} {promise.rubric}", day, what] += amount
        is_bad = self.random.random() < 0.05
        return HistoryRow(
            store="sqlite",
            project="benchmark",
            trace_id=promise.trace_id,
            rubric=promise.rubric,
            rubric_hash=promise.rubric_hash,
            use_case=promise.use_case,
            window=promise.window,
            pi=promise.pi,
            stratum=promise.stratum,
            sample=promise.sample,
            started_at=promise.start,
            selected_at=promise.selected_at,
            changed_at=now,
            state="scored",
            reason="judged",
            revision="r",
            judge="llm",
            risk=0.9 if is_bad else 0.02,
            calibrated=True,
            judge_calls=calls,
            judge_input_tokens=2000 * calls,
            judge_output_tokens=120 * calls,
            judge_cost_usd=cost,
        )

    async def plan(self, midnight: datetime) -> PlanReport:
        """The plan of an ordinary day, as it is made at a midnight."""
        self.clock.moment = midnight
        parts = {
            "clock": self.clock,
            "store": self.store,
            "sweeps": Sweeps({"": self.sweeper}, self.sweeper.scanner),
            "state": self.state,
            "deployment": self.deployment,
            "rubrics": RUBRICS,
            "judge_files": SimpleNamespace(prices=PriceTable.load()),
            "batch_endpoints": SimpleNamespace(place=lambda endpoint: None),
            "history": self.history,
        }
        return await PlanMaker(cast("Runtime", SimpleNamespace(**parts))).day()


async def _nothing() -> int:
    """Publish nothing: the judge of this fleet takes what was selected at once."""
    return 0
