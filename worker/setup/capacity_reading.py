"""What this deployment says of itself for a capacity table: its policy, its limits, and what it has measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean

from assay.judges.cpu_executor import in_thread
from assay.judges.llm.preview import models_asked
from assay.judges.rubric import Rubric
from assay.worker.flow.selection import Volume, resolve_rate
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.capabilities import WithRequestBudget
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.parts import parts_of
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.setup.capacity import CapacityTable
from assay.worker.setup.capacity_basis import CapacityBasis, CaseShare, JudgementCost, StoreBound
from assay.worker.setup.capacity_constants import ALL, PEAK
from assay.worker.setup.capacity_policy import bounds_of, judgement_cost
from assay.worker.setup.capacity_rows import CapacityReport
from assay.worker.setup.capacity_sizes import Size, mean_size, size_of_rows, size_of_traces
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan import SCANS, PlanMaker, PlanReport
from assay.worker.setup.plan_budgets import a_day
from assay.worker.setup.plan_costs import LOOK_BACK, MOST_MEASURED
from assay.worker.wiring.runtime import Runtime

VOLUMES = (10_000, 100_000, 1_000_000, 10_000_000)
"""Traces a day that are told beside the deployment's own."""

LEAST_VERDICTS = 5
"""From so many on a figure of this deployment is believed more than that of a benchmark."""

MOST_READ = 20
"""Traces that are read to see how many steps they have."""

DAY_S = 86_400
WEEK = timedelta(days=7)


@dataclass
class CapacityMaker:
    """Makes a capacity table for a deployment."""

    runtime: Runtime
    peak: float = PEAK
    own: list[str] = field(default_factory=list)
    """What was measured here, in words."""

    async def report(self, volumes: Sequence[int] = ()) -> CapacityReport:
        """The table.

        Args:
            volumes: traces a day. Without any: the deployment's own, and some around it.

        Raises:
            StoreUnavailable, StoreRejected, StateUnavailable, HistoryUnavailable, ConfigurationError
        """
        plan = await PlanMaker(self.runtime).day(within_budgets=False)
        basis = await self._basis(plan)
        today = sum(case.traces for case in plan.plan.use_cases)
        planned = {(row.use_case, row.rubric): float(row.work) for row in plan.plan.rubrics}
        table = CapacityTable(basis, self._rate_of, self.peak)
        rows = volumes or sorted({*VOLUMES, *([today] if today else [])})
        traffic = f"{plan.basis}: {today:,} traces a day that use cases match"
        if not today:
            traffic += "; use cases are taken to have equal parts"
        return CapacityReport(
            peak=self.peak,
            traffic=traffic,
            own=tuple(self.own),
            constants=ALL,
            basis=basis,
            rows=tuple(table.row(traces, planned if traces == today else None) for traces in rows),
        )

    def _rate_of(self, use_case: str, traces: float) -> float:
        """The base rate that the policy gives an ordinary day of so many traces."""
        deployment, count = self.runtime.deployment, max(1, round(traces)) if traces else 0
        case = deployment.use_case(use_case)
        if case is None or not count:
            return 0.0
        volume = Volume(in_window=count, complete_days=(count,) * 7)
        return resolve_rate(case, deployment.defaults, volume).rate

    async def _basis(self, plan: PlanReport) -> CapacityBasis:
        runtime, settings = self.runtime, self.runtime.settings
        costs = [await self._cost(name, plan.costs) for name in self._rubrics()]
        cases, limits = tuple(self._cases(plan)), runtime.deployment.limits
        collector = runtime.deployment.collector
        return CapacityBasis(
            cases=cases,
            costs=tuple(costs),
            bounds=tuple(bounds_of(limits.endpoints.items())),
            store=await self._store_bound(),
            usd_per_day=a_day(limits.usd_per_day, limits.usd_per_month),
            judge_concurrency=settings.judge_concurrency,
            row_bytes=await self._row_bytes(),
            trace_bytes=await self._trace_bytes(cases),
            spans_per_trace=await self._spans_per_trace() if collector else None,
            has_collector=collector is not None,
            history_days=settings.history_days,
            collector_days=collector.keep_days if collector else None,
            verdict_days=settings.verdict_ttl_s / DAY_S,
            scans=SCANS,
        )

    def _rubrics(self) -> list[str]:
        deployment = self.runtime.deployment
        return sorted({name for case in deployment.use_cases for name in deployment.rubrics_of(case)})

    def _cases(self, plan: PlanReport) -> Iterator[CaseShare]:
        deployment = self.runtime.deployment
        traces = {case.use_case: case for case in plan.plan.use_cases}
        every = sum(case.traces for case in traces.values())
        for case in deployment.use_cases:
            seen = traces.get(case.name)
            share = (seen.traces / every if seen else 0.0) if every else 1 / len(deployment.use_cases)
            raised = 1.0
            if case.strata and seen and seen.traces * seen.lowest_rate:
                selected = max(row.selected for row in plan.plan.rubrics if row.use_case == case.name)
                raised = max(1.0, selected / (seen.traces * seen.lowest_rate))
            yield CaseShare(
                use_case=case.name,
                share=share,
                raised=raised,
                rubrics=deployment.rubrics_of(case),
                usd_per_day=a_day(case.budget_usd_per_day, case.budget_usd_per_month),
            )

    async def _cost(self, name: str, costs: Sequence[JudgeCost]) -> JudgementCost:
        rubric = self.runtime.rubrics[name]
        cost = next((each for each in costs if each.rubric == name), None)
        if not models_asked(rubric):
            return judgement_cost(rubric, cost, None)
        today = self.runtime.clock.now().date()
        state = self.runtime.state
        seconds = await measured_seconds(state.ledger_reader, state.verdicts, rubric, today)
        if seconds is not None:
            self.own.append(f"{name}: {seconds:.2f} s from a judgement's first call to its verdict (verdicts kept)")
        return judgement_cost(rubric, cost, seconds)

    async def _store_bound(self) -> StoreBound | None:
        """The trace store's request budget. None where it has none."""
        store = self.runtime.store
        if not isinstance(store, WithRequestBudget):
            return None
        budget = await store.request_budget()
        windows = DAY_S // self.runtime.deployment.window_seconds
        return StoreBound(**budget.model_dump(), windows=windows)

    async def _row_bytes(self) -> float:
        size = await size_of_rows(self.runtime.history.reader)
        self._tell(size)
        return size.each

    async def _trace_bytes(self, cases: Sequence[CaseShare]) -> float | None:
        """Of the embedded stores, for a trace of all."""
        deployment, sizes = self.runtime.deployment, dict[str, Size | None]()
        for name, store in parts_of(self.runtime.store).items():
            sizes[name] = await size_of_traces(store, name)
            self._tell(sizes[name])
        shares: Counter[str] = Counter()
        for case, known in zip(deployment.use_cases, cases, strict=True):
            shares[deployment.store_of(case)] += known.share  # type: ignore[assignment]  # a Counter of shares
        return mean_size(sizes, shares)

    def _tell(self, size: Size | None) -> None:
        if size is not None and size.own:
            self.own.append(size.own)

    async def _spans_per_trace(self) -> float | None:
        """Of some traces of the last week. None where there are none."""
        now = self.runtime.clock.now()
        async for page in self.runtime.store.list_roots(now - WEEK, now):
            keys = [TraceKey(trace_id=root.trace_id, start=root.start, end=root.end) for root in page[:MOST_READ]]
            fetched = await self.runtime.store.fetch_traces(keys)
            steps = [1 + len(trace.observations) for trace in fetched.values() if isinstance(trace, Trace)]
            if steps:
                self.own.append(f"{fmean(steps):.1f} spans a trace ({len(steps)} traces)")
                return fmean(steps)
        return None


async def measured_seconds(ledger: LedgerReader, verdicts: VerdictCache, rubric: Rubric, today: date) -> float | None:
    """How long judgements by this version of a rubric took on average, by the verdicts that are kept.

    Raises:
        StateUnavailable
    """
    keys: list[str] = []
    async for entry in ledger.scan(today - LOOK_BACK, today):
        is_its = entry.promise.rubric == rubric.name and entry.promise.rubric_hash == rubric.content_hash()
        if is_its and entry.judgement is not None:
            keys.append(entry.judgement.verdict_key)
        if len(keys) >= MOST_MEASURED:
            break
    kept = await verdicts.kept(list(dict.fromkeys(keys))) if keys else {}
    unpacked = [await in_thread(unpack, raw) for raw in kept.values()]
    verdicts_kept = [verdict.outcome.verdict for verdict in unpacked if verdict is not None]
    took = [verdict.latency_s for verdict in verdicts_kept if verdict is not None]
    return fmean(took) if len(took) >= LEAST_VERDICTS else None
