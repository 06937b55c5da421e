"""The plan of a day or of a time range: traces, rates, what is selected, and what that takes and gives."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

import structlog
from pydantic import Field

from assay.judges.errors import ConfigurationError
from assay.judges.llm.preview import models_asked
from assay.judges.models.batches.deferral import BATCH_PROTOCOLS
from assay.judges.rubric import ModelAt
from assay.judges.schema import Record
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.flow.backfill.planning import Planned, plan_range
from assay.worker.flow.backfill.range_plan import RangePlan
from assay.worker.flow.rates import DAY
from assay.worker.ports.capabilities import RequestBudget, WithRequestBudget
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.records.messages import BATCH_SIZE
from assay.worker.records.traces import TraceKey
from assay.worker.setup.judge_cost import CostTotals, JudgeCost
from assay.worker.setup.plan_audit import AuditAdvice, audit_advices
from assay.worker.setup.plan_budgets import PlannedBudget, paced, planned_budgets
from assay.worker.setup.plan_costs import MOST_ESTIMATED, CostEstimator
from assay.worker.setup.plan_day import OrdinaryDay
from assay.worker.setup.plan_precision import Precision, precision_of
from assay.worker.setup.plan_record import measured_rates, recorded_costs
from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")
log = structlog.get_logger(__name__)

SCANS = 6
"""How often a window is listed: when it closes, when late traces had their time, and about four times in a day."""


class StoreLoad(Record):
    """What the trace store is asked. `per_minute` and `minutes` are None where nothing limits it."""

    reads: int
    writes: int
    reads_per_minute: int | None = None
    minutes: float | None = None


class PlannedAudit(AuditAdvice):
    """What is advised of the audit share of one cascade."""

    use_case: str
    rubric: str


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
        audits: which audit share of each cascade gives the narrowest interval for the same money.
        reviews: about how many answers a day people get to see by chance, by use case, beside all flagged ones.
    """

    scope: Literal["day", "range"]
    basis: str
    plan: RangePlan
    costs: tuple[JudgeCost, ...] = ()
    totals: CostTotals
    budgets: tuple[PlannedBudget, ...] = ()
    store: StoreLoad
    precision: tuple[Precision, ...] = ()
    audits: tuple[PlannedAudit, ...] = ()
    reviews: dict[str, int] = Field(default_factory=dict)


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
        scanner = self.runtime.sweeps.scanner
        planned = await plan_range(scanner, start, end, now, only=only, rejudge=rejudge, progress=progress)
        plan = planned.plan
        budget = await self._budget()
        pages = sum(_pages(sum(counts.values()), budget) for counts in planned.counted.values())
        listing = pages + _pages(plan.traces, budget) + (plan.end - plan.start).days
        return planned, await self._report("range", "every trace of the range was looked at", plan, listing, budget)

    async def day(self, *, only: str | None = None, within_budgets: bool = True) -> PlanReport:
        """The plan of an ordinary day: from what sweeps saw, or from the last 24 hours in the store.

        Args:
            only: the one use case that it is about.
            within_budgets: whether budgets lower the rates, as sweeps let them.

        Raises:
            StoreUnavailable, StoreRejected, StateUnavailable
        """
        now = self.runtime.clock.now()
        ordinary = OrdinaryDay(self.runtime, now, only)
        plan = await ordinary.plan()
        basis = f"the mean of the last {ordinary.days} whole days that sweeps saw"
        if not ordinary.days:
            plan = (await plan_range(self.runtime.sweeps.scanner, now - DAY, now, now, only=only)).plan
            # What was selected already is part of a day's work.
            whole = [r.model_copy(update={"selected": r.selected + r.known, "known": 0}) for r in plan.rubrics]
            plan, basis = plan.model_copy(update={"rubrics": tuple(whole)}), "the last 24 hours in the store"
        budget = await self._budget()
        windows = 86400 // self.runtime.deployment.window_seconds
        listing = SCANS * max(windows, _pages(plan.traces, budget))
        return await self._report("day", basis, plan, listing, budget, within_budgets=within_budgets)

    async def _budget(self) -> RequestBudget | None:
        store = self.runtime.store
        return await store.request_budget() if isinstance(store, WithRequestBudget) else None

    async def _report(
        self,
        scope: Literal["day", "range"],
        basis: str,
        plan: RangePlan,
        listing: int,
        budget: RequestBudget | None,
        *,
        within_budgets: bool = False,
    ) -> PlanReport:
        costs = await self._costs(plan)
        budgets = planned_budgets(plan, costs, self.runtime.deployment)
        if within_budgets:
            day = paced(plan, costs, self.runtime.deployment)
            plan, costs, budgets = day.plan, day.costs, day.budgets
        reader, now = self.runtime.history.reader, self.runtime.clock.now()
        measured = await _if_there(measured_rates(reader, now, self._cut_of), {})
        return PlanReport(
            scope=scope,
            basis=basis,
            plan=plan,
            costs=tuple(costs),
            totals=CostTotals.of(costs),
            budgets=tuple(budgets),
            store=self._load(plan, listing, budget),
            precision=tuple(precision_of(plan, measured)),
            audits=tuple(await self._audits(plan, now)),
            reviews=self._reviews(plan),
        )

    def _reviews(self, plan: RangePlan) -> dict[str, int]:
        planned = {row.use_case for row in plan.rubrics}
        cases = [case for case in self.runtime.deployment.use_cases if case.name in planned and case.review_queue]
        return {case.name: case.review_per_day for case in cases if case.review_per_day}

    async def _audits(self, plan: RangePlan, now: datetime) -> list[PlannedAudit]:
        """What is advised for the plan's cascades, by what the record has of them."""
        planned = [(row.use_case, row.rubric) for row in plan.rubrics]
        if all(self._audit_share(rubric) is None for _, rubric in planned):
            return []  # so the record is not read
        reading = audit_advices(self.runtime.history.reader, now, self._cut_of, self._audit_share)
        advices = await _if_there(reading, {})
        return [
            PlannedAudit(use_case=use_case, rubric=rubric, **dict(advices[use_case, rubric]))
            for use_case, rubric in planned
            if (use_case, rubric) in advices
        ]

    def _audit_share(self, rubric: str) -> float | None:
        """The audit share in force. None where no tier comes before another one."""
        known = self.runtime.rubrics.get(rubric)
        return known.judge.audit_share if known is not None and len(known.judge.tiers) > 1 else None

    def _cut_of(self, rubric: str) -> float:
        known = self.runtime.rubrics.get(rubric)
        return 0.5 if known is None else known.risk_labels.high

    async def _costs(self, plan: RangePlan) -> list[JudgeCost]:
        runtime = self.runtime
        estimator = CostEstimator(
            ledger=runtime.state.ledger_reader,
            verdicts=runtime.state.verdicts,
            source=runtime.store,
            prices=runtime.judge_files.prices,
            has_batches=self._has_batches,
            recorded=await _if_there(recorded_costs(runtime.history.reader, runtime.clock.now()), {}),
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
            chooser = self.runtime.sweeps.scanner.chooser
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


async def _if_there(reading: Awaitable[T], otherwise: T) -> T:
    """What the record says. While its database is away a plan assumes what it cannot know, and says so."""
    try:
        return await reading
    except HistoryUnavailable as exc:
        log.warning("plan.record_away", error=str(exc), remedy="the plan goes without it")
        return otherwise
