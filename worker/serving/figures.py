"""Everything that the pages show, read at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.worker.alerts.present import PresentAlerts
    from assay.worker.golden.report.html.chart import Chart
    from assay.worker.reporting.cost.records import CostReport
    from assay.worker.reporting.funnel import Funnel
    from assay.worker.reporting.period.records import PeriodReport
    from assay.worker.signals.slos.records import SloReport


@dataclass(frozen=True)
class GoldenHistory:
    """One golden set: how its schedule stands, in words, and its kept runs as a drawing."""

    name: str
    stands: str
    chart: Chart | None
    runs: int


@dataclass(frozen=True)
class Figures:
    """What is known of the fleet. None: that part could not be read, and `missing` says why.

    Attributes:
        since, until: of the period. Traces that started in it are told.
        read_at: when all this was read.
        took_s: how long that took.
        report: rates, coverage, worst answers, drift.
        cost: what the application's answers cost.
        objectives: what was attained of them.
        funnel: what sweeps saw beside all use cases.
        alerts: what fires.
        warnings: what the fleet is kept from.
        golden: golden sets in the order of their names.
        missing: what could not be read, in words.
    """

    since: datetime
    until: datetime
    read_at: datetime
    took_s: float
    report: PeriodReport | None = None
    cost: CostReport | None = None
    objectives: SloReport | None = None
    funnel: Funnel | None = None
    alerts: PresentAlerts | None = None
    warnings: tuple[str, ...] = ()
    golden: tuple[GoldenHistory, ...] = ()
    missing: tuple[str, ...] = ()
