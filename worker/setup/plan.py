"""The plan of a day or of a time range: traces, rates, what is selected, and what that takes and gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from assay.judges.errors import ConfigurationError
from assay.judges.llm.preview import models_asked
from assay.judges.models.batches.deferral import BATCH_PROTOCOLS
from assay.judges.rubric import ModelAt
from assay.judges.schema import Record
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.flow.backfill.planning import Planned, plan_range
from assay.worker.flow.backfill.range_plan import PlannedRubric, PlannedUseCase, RangePlan
from assay.worker.flow.rates import DAY, HISTORY, CountedAhead, History, midnight_of, volume_of
from assay.worker.flow.selection import resolve_rate
from assay.worker.ports.capabilities import RequestBudget, WithRequestBudget
from assay.worker.records.messages import BATCH_SIZE
from assay.worker.records.traces import TraceKey
from assay.worker.records.windows import WindowRecord
from assay.worker.setup.plan_budgets import PlannedBudget, planned_budgets
from assay.worker.setup.plan_costs import MOST_ESTIMATED, CostEstimator, CostTotals, JudgeCost
from assay.worker.statistics.intervals import wilson
from assay.worker.wiring.runtime import Runtime

ASSUMED_RATE = 0.05
"""Share of bad answers that the precision is told for. It is about the largest a team would live with."""

SCANS = 6
"""How often a window is listed: when it closes, when late traces had their time, and about four times in a day."""


class StoreLoad(Record):
    """What the trace store is asked. `per_minute` and `minutes` are None where nothing limits it."""

    reads: int
    writes: int
    reads_per_minute: int | None = None
    minutes: float | None = None


class Precision(Record):
    """How well a rate will be known: `points` to both sides of the assumed rate, at 95 %."""

    use_case: str
    rubric: str
    judged: int
    traces: int
    assumed_rate: float = ASSUMED_RATE
    points: float | None


class PlanReport(Record):
    """Everything `assay plan` tells.

    Attributes:
        scope: whether it is about an ordinary day or a time range.
        basis: what the volumes rest on.
        plan: traces, rates and what would be selected.
        costs: tokens and US dollars by rubric.
        totals: the same for all of them.
        budgets: what may be spent, beside what the plan takes of it.
        store: what the trace store is asked.
        precision: how well the resulting rates will be known.
    """

    scope: Literal["day", "range"]
    basis: str
    plan: RangePlan
    costs: tuple[JudgeCost, ...] = ()
    totals: CostTotals
    budgets: tuple[PlannedBudget, ...] = ()
    store: StoreLoad
    precision: tuple[Precision, ...] = ()


@dataclass(frozen=True)
class PlanMaker:
    """Makes plans for a deployment."""

    runtime: Runtime

    async def range(
        self,
        start: datetime,
        end: datetime,
        *,
        only: str | None = None,
        rejudge: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> tuple[Planned, PlanReport]:
        """The plan of a time range. Arguments and errors as of `plan_range`."""
        now = self.runtime.clock.now()
        scanner = self.runtime.sweeper.scanner
        planned = await plan_range(scanner, start, end, now, only=only, rejudge=rejudge, progress=progress)
        plan = planned.plan
        budget = await self._budget()
        pages = sum(_pages(sum(counts.values()), budget) for counts in planned.counted.values())
        listing = pages + _pages(plan.traces, budget) + (plan.end - plan.start).days
        return planned, await self._report("range", "every trace of the range was looked at", plan, listing, budget)

    async def day(self, *, only: str | None = None) -> PlanReport:
        """The plan of an ordinary day: from what sweeps saw, or from the last 24 hours in the store.

        Raises:
            StoreUnavailable, StoreRejected, StateUnavailable
        """
        now = self.runtime.clock.now()
        midnight = midnight_of(now)
        recorded = await self.runtime.state.windows.between(midnight - HISTORY, now)
        history = History([w for w in recorded if w.start < midnight], self.runtime.deployment.window_seconds)
        plan, days = self._ordinary_day(history, recorded, midnight, only)
        basis = f"the mean of the last {days} whole days that sweeps saw"
        if not days:
            plan = (await plan_range(self.runtime.sweeper.scanner, now - DAY, now, now, only=only)).plan
            # What was selected already is part of a day's work.
            whole = [r.model_copy(update={"selected": r.selected + r.known, "known": 0}) for r in plan.rubrics]
            plan, basis = plan.model_copy(update={"rubrics": tuple(whole)}), "the last 24 hours in the store"
        budget = await self._budget()
        windows = 86400 // self.runtime.deployment.window_seconds
        listing = SCANS * max(windows, _pages(plan.traces, budget))
        return await self._report("day", basis, plan, listing, budget)

    def _ordinary_day(
        self, history: History, recorded: Sequence[WindowRecord], midnight: datetime, only: str | None
    ) -> tuple[RangePlan, int]:
        """The mean of the whole days that sweeps saw, and how many there were."""
        deployment = self.runtime.deployment
        use_cases, rubrics, most_days = [], [], 0
        window = WindowRecord(start=midnight, end=midnight + timedelta(seconds=deployment.window_seconds))
        for case in deployment.use_cases:
            days = history.days(case.name).complete
            if not days or only not in (None, case.name):
                continue
            most_days = max(most_days, len(days))
            traces = round(sum(days) / len(days))
            volume = volume_of(case.name, history, recorded, window, traces, CountedAhead())
            rate = resolve_rate(case, deployment.defaults, volume._replace(in_day=0, taken_in_day=0.0))
            use_cases.append(
                PlannedUseCase(
                    use_case=case.name,
                    traces=traces,
                    lowest_rate=rate.rate,
                    highest_rate=rate.rate,
                    rules={rate.why: traces},
                )
            )
            selected = round(traces * rate.rate)
            rubrics += [
                PlannedRubric(use_case=case.name, rubric=name, selected=selected, passed_over=traces - selected)
                for name in deployment.rubrics_of(case)
            ]
        plan = RangePlan(start=midnight, end=midnight + DAY, use_cases=tuple(use_cases), rubrics=tuple(rubrics))
        return plan, most_days

    async def _budget(self) -> RequestBudget | None:
        store = self.runtime.store
        return await store.request_budget() if isinstance(store, WithRequestBudget) else None

    async def _report(
        self, scope: Literal["day", "range"], basis: str, plan: RangePlan, listing: int, budget: RequestBudget | None
    ) -> PlanReport:
        costs = await self._costs(plan)
        return PlanReport(
            scope=scope,
            basis=basis,
            plan=plan,
            costs=tuple(costs),
            totals=CostTotals.of(costs),
            budgets=tuple(planned_budgets(plan, costs, self.runtime.deployment)),
            store=self._load(plan, listing, budget),
            precision=tuple(precision_of(plan)),
        )

    async def _costs(self, plan: RangePlan) -> list[JudgeCost]:
        runtime = self.runtime
        estimator = CostEstimator(
            ledger=runtime.state.ledger_reader,
            verdicts=runtime.state.verdicts,
            source=runtime.store,
            prices=runtime.judge_files.prices,
            has_batches=self._has_batches,
        )
        work: dict[str, int] = {}
        for row in plan.rubrics:
            work[row.rubric] = work.get(row.rubric, 0) + row.work
        rubrics = [(runtime.rubrics[name], n) for name, n in sorted(work.items())]
        keys = await self._some_traces(plan) if any(models_asked(rubric) for rubric, _ in rubrics) else []
        today = runtime.clock.now().date()
        return [await estimator.cost(rubric, n, keys, today) for rubric, n in rubrics]

    def _has_batches(self, model: ModelAt) -> bool:
        """Whether its endpoint may have batches. One that is not configured yet may: a plan needs no key."""
        try:
            place = self.runtime.batch_endpoints.place(model.endpoint or DEFAULT_ENDPOINT)
        except ConfigurationError:
            return True
        return place is None or place.protocol in BATCH_PROTOCOLS

    async def _some_traces(self, plan: RangePlan) -> list[TraceKey]:
        """Some traces of the plan's time, or of the last day where it is about days to come."""
        end = min(plan.end, self.runtime.clock.now())
        start = min(plan.start, end - DAY)
        async for page in self.runtime.store.list_roots(start, end):
            chooser = self.runtime.sweeper.scanner.chooser
            roots = [root for root in page if chooser.use_case_of(root, self.runtime.clock.now()) is not None]
            if roots:
                step = max(1, len(roots) // MOST_ESTIMATED)
                return [TraceKey(trace_id=r.trace_id, start=r.start, end=r.end) for r in roots[::step][:MOST_ESTIMATED]]
        return []

    def _load(self, plan: RangePlan, listing: int, budget: RequestBudget | None) -> StoreLoad:
        per_request, at_once = (budget.scores_per_request, budget.traces_per_request) if budget else (100, BATCH_SIZE)
        scores = sum(row.work * (len(self.runtime.rubrics[row.rubric].scores) + 2) for row in plan.rubrics)
        fetching = math.ceil(plan.work / at_once)
        reads = listing + fetching + math.ceil(scores / per_request) + math.ceil(plan.work / per_request)
        writes = math.ceil(scores / per_request)
        if budget is None:
            return StoreLoad(reads=reads, writes=writes)
        minutes = max(reads / budget.reads_per_minute, writes / budget.writes_per_minute)
        return StoreLoad(reads=reads, writes=writes, reads_per_minute=budget.reads_per_minute, minutes=minutes)


def _pages(traces: int, budget: RequestBudget | None) -> int:
    return math.ceil(traces / (budget.roots_per_request if budget else 500))


def precision_of(plan: RangePlan) -> list[Precision]:
    """How well the rates of a plan will be known, from all that is judged then."""
    traces = {case.use_case: case.traces for case in plan.use_cases}
    rows = []
    for row in plan.rubrics:
        judged = row.selected + row.again + row.known
        interval = wilson(ASSUMED_RATE * judged, judged)
        points = None if interval is None else 100 * (interval.high - interval.low) / 2
        rows.append(
            Precision(
                use_case=row.use_case,
                rubric=row.rubric,
                judged=judged,
                traces=traces.get(row.use_case, 0),
                points=points,
            )
        )
    return rows
