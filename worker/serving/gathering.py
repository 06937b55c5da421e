"""Reads what the pages show, by the readers that the commands use. A part that fails is missing, and says why."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any, TypeVar

from assay.judges.errors import EvaluationError
from assay.worker.golden.report.html.chart import Chart, history_chart
from assay.worker.golden.runs.run_store import RunStore, RunSummary
from assay.worker.golden.runs.series import build_series
from assay.worker.records.history import HistoryQuery
from assay.worker.serving.figures import Figures, GoldenHistory, Tell
from assay.worker.serving.memory import give_memory_back
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.alerts.present import PresentAlerts
    from assay.worker.reporting.cost.records import CostReport
    from assay.worker.reporting.funnel import Funnel
    from assay.worker.reporting.period.records import PeriodReport
    from assay.worker.signals.slos.records import SloReport

T = TypeVar("T")

MOST_SETS = 20
"""Golden sets that are shown, the first by name."""


class Gathering:
    """Reads one set of figures."""

    def __init__(self, runtime: Runtime, *, has_redis: bool, why: str, days: int) -> None:
        """Read nothing yet.

        Args:
            runtime: of the deployment.
            has_redis: whether the fleet's state answers.
            why: why it does not.
            days: UTC days of the period, today included.
        """
        self._runtime = runtime
        self._has_redis = has_redis
        self._missing = [] if has_redis else [f"{why}: alerts, golden schedules and what is in flight are missing"]
        self._began = time.perf_counter()
        now = runtime.clock.now()
        first = now.date() - timedelta(days=days - 1)
        self._query = HistoryQuery(since=datetime.combine(first, time_of_day(), UTC), until=now)

    async def read(self, tell: Tell) -> Figures:
        """Everything.

        Args:
            tell: is given what there is each time when more of it is there. What takes long comes last.
        """
        self._began = time.perf_counter()
        figures = await self._of_the_fleet()
        tell(figures)
        figures = self._with(figures, ("spend", "objectives"), report=await self._part("rates", self._report))
        tell(figures)
        figures = self._with(figures, ("objectives",), cost=await self._part("spend", self._cost))
        tell(figures)
        return self._with(figures, (), objectives=await self._part("objectives", self._objectives))

    async def _of_the_fleet(self) -> Figures:
        """What takes no look at the rows of the record."""
        funnel = await self._of_state("the funnel", self._funnel)
        alerts = await self._of_state("alerts", self._alerts)
        warnings = await self._of_state("the fleet's health", self._warnings)
        golden = await self._part("golden sets", self._golden)
        nothing = Figures(since=self._query.since, until=self._query.until, read_at=self._query.until, took_s=0.0)
        return self._with(
            nothing,
            ("rates", "spend", "objectives"),
            funnel=funnel,
            alerts=alerts,
            warnings=warnings or (),
            golden=golden or (),
            use_cases=tuple(case.name for case in self._runtime.deployment.use_cases),
        )

    def _with(self, figures: Figures, awaited: tuple[str, ...], **read: Any) -> Figures:
        """The figures with what was read since."""
        return replace(
            figures,
            **read,
            read_at=self._runtime.clock.now(),
            took_s=time.perf_counter() - self._began,
            missing=tuple(self._missing),
            awaited=awaited,
        )

    async def _part(self, name: str, read: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await read()
        except EvaluationError as exc:
            self._missing.append(f"{name} could not be read: {exc}")
            return None
        finally:
            give_memory_back()

    async def _of_state(self, name: str, read: Callable[[], Awaitable[T]]) -> T | None:
        return await self._part(name, read) if self._has_redis else None

    async def _report(self) -> PeriodReport:
        from assay.worker.wiring.period_reports import read_period_report

        return await read_period_report(self._runtime, self._query, has_redis=self._has_redis)

    async def _cost(self) -> CostReport:
        from assay.worker.wiring.cost_reports import read_cost_report

        return await read_cost_report(self._runtime, self._query, has_redis=self._has_redis)

    async def _objectives(self) -> SloReport:
        from assay.worker.signals.slos.reading import read_slo_report

        deployment, reader = self._runtime.deployment, self._runtime.history.reader
        names = [case.name for case in deployment.use_cases]
        period = timedelta(days=deployment.slos.period_days)
        return await read_slo_report(reader, deployment, names, self._query.until, period)

    async def _funnel(self) -> Funnel:
        from assay.worker.reporting.funnel import read_funnel

        state, first, last = self._runtime.state, self._query.since.date(), self._query.until.date()
        return await read_funnel(state.ledger_reader, state.windows, first, last, record=self._runtime.history.reader)

    async def _alerts(self) -> PresentAlerts:
        from assay.worker.wiring.present_alerts import read_present_alerts

        return await read_present_alerts(self._runtime)

    async def _warnings(self) -> tuple[str, ...]:
        from assay.worker.reporting.fleet_health import HealthPorts, read_fleet_health
        from assay.worker.wiring.fleet_metrics import tick_intervals

        runtime, state = self._runtime, self._runtime.state
        health = await read_fleet_health(
            HealthPorts(state.pulse, state.backlog, state.key_values, state.call_reader, state.ended),
            runtime.deployment,
            runtime.clock,
            tick_intervals(runtime),
            first=self._query.since.date(),
            last=self._query.until.date(),
        )
        return tuple(health.warnings)

    async def _golden(self) -> tuple[GoldenHistory, ...]:
        from assay.worker.reporting.terminal.schedules import schedule_line
        from assay.worker.wiring.golden import read_schedule_statuses

        stands = {}
        if self._has_redis:
            statuses = await self._part("golden schedules", lambda: read_schedule_statuses(self._runtime))
            stands = {status.golden_set: schedule_line(status).plain for status in statuses or ()}
        names = sorted({*self._runtime.root.golden_set_names(), *stands})[:MOST_SETS]
        data_dir = self._runtime.root.data_dir(self._runtime.settings)
        kept = {name: RunStore(data_dir, name).history() for name in names}
        return tuple(
            GoldenHistory(name, stands.get(name, ""), chart_of(kept[name]), len(kept[name]))
            for name in names
            if stands.get(name) or kept[name]
        )


def chart_of(history: Sequence[RunSummary]) -> Chart | None:
    """The drawing of a set's kept runs, as the page of its last one has it. None below two."""
    if not history:
        return None
    last = history[-1]
    series = build_series(history, set_digest=last.set_digest, target=last.target)
    return history_chart(history, run_id=last.run_id, target=last.target, series=series)
