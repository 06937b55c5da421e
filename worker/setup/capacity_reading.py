"""What this deployment says of itself for a capacity table: its policy, its limits, and what it has measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean

from assay.judges.cpu_executor import in_thread
from assay.judges.llm.preview import models_asked
from assay.judges.rubric import Rubric
from assay.worker.flow.selection import Volume, resolve_rate
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.capabilities import WithRequestBudget, WithTotals
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.setup.capacity import CapacityTable
from assay.worker.setup.capacity_basis import CapacityBasis, CaseShare, JudgementCost, StoreBound
from assay.worker.setup.capacity_constants import ALL, PEAK, ROW_BYTES, TRACE_BYTES
from assay.worker.setup.capacity_policy import bounds_of, judgement_cost
from assay.worker.setup.capacity_rows import CapacityReport
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan import SCANS, PlanMaker, PlanReport
from assay.worker.setup.plan_costs import LOOK_BACK, MOST_MEASURED
from assay.worker.wiring.runtime import Runtime

VOLUMES = (10_000, 100_000, 1_000_000, 10_000_000)
"""Traces a day that are told beside the deployment's own."""

LEAST_ROWS, LEAST_TRACES, LEAST_VERDICTS = 1_000, 200, 5
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
        plan = await PlanMaker(self.runtime).day()
        basis = await self._basis(plan)
        today = sum(case.traces for case in plan.plan.use_cases)
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
            rows=tuple(map(table.row, rows)),
        )

    def _rate_of(self, use_case: str, traces: float) -> float:
        """The base rate that the policy gives an ordinary day of so many traces."""
        deployment, count = self.runtime.deployment, round(traces)
        case = deployment.use_case(use_case)
        if case is None or not count:
            return 0.0
        volume = Volume(in_window=count, complete_days=(count,) * 7)
        return resolve_rate(case, deployment.defaults, volume).rate

    async def _basis(self, plan: PlanReport) -> CapacityBasis:
        runtime, settings = self.runtime, self.runtime.settings
        costs = [await self._cost(name, plan.costs) for name in self._rubrics()]
        collector = runtime.deployment.collector
        return CapacityBasis(
            cases=tuple(self._cases(plan)),
            costs=tuple(costs),
            bounds=tuple(bounds_of(runtime.deployment.limits.endpoints.items())),
            store=await self._store_bound(),
            usd_per_day=runtime.deployment.limits.usd_per_day,
            judge_concurrency=settings.judge_concurrency,
            row_bytes=await self._row_bytes(),
            trace_bytes=await self._trace_bytes(),
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
                usd_per_day=case.budget_usd_per_day,
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
        """Of the record's file, where it has enough rows to tell."""
        details = (await self.runtime.history.reader.examine()).details or {}
        rows, place = details.get("rows"), Path(str(details.get("place", "")))
        if not isinstance(rows, int) or rows < LEAST_ROWS or not place.is_file():  # noqa: ASYNC240  # one look
            return ROW_BYTES.value
        each = size_on_disk(place) / rows
        self.own.append(f"{each:,.0f} bytes a row of the record ({rows:,} rows)")
        return each

    async def _trace_bytes(self) -> float | None:
        """Of the embedded store, where that is the store."""
        store = self.runtime.store
        path = getattr(store, "path", None)
        if not isinstance(store, WithTotals) or not isinstance(path, Path):
            return None
        traces = await store.count_traces()
        if traces < LEAST_TRACES:
            return TRACE_BYTES.value
        each = size_on_disk(path) / traces
        self.own.append(f"{each:,.0f} bytes a trace of the embedded store ({traces:,} traces)")
        return each

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


def size_on_disk(database: Path) -> int:
    """Bytes of a database and of its log."""
    log = database.with_name(f"{database.name}-wal")
    return database.stat().st_size + (log.stat().st_size if log.exists() else 0)


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
