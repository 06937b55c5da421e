"""Everything that the pages show, read at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.worker.alerts.present import PresentAlerts
    from assay.worker.golden.report.html.chart import Chart
    from assay.worker.reporting.cost.records import CostReport
    from assay.worker.reporting.funnel import Funnel
    from assay.worker.reporting.period.records import PeriodReport
    from assay.worker.signals.slos.records import SloReport


Tell = Callable[["Figures"], None]
"""Is given what has been read so far."""


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
        use_cases: those that are configured.
        read_before: parts that could not be read now, by their name in words, and when those that are shown were read.
        awaited: parts that are still being read, in words. Only the first figures of a process are shown in parts.
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
    use_cases: tuple[str, ...] = ()
    read_before: Mapping[str, datetime] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()


OF_RECORD = {"report": "rates", "cost": "spend", "objectives": "objectives"}
"""Parts that are read from the record, and what they are called."""


def with_earlier(figures: Figures, earlier: Figures | None) -> Figures:
    """The figures, and of the record what was read before where it could not be read now.

    What fires is never older than the rest of a page: an alert that is over would be taken for one that is not.
    """
    if earlier is None:
        return figures
    kept = {
        part: getattr(earlier, part)
        for part in OF_RECORD
        if getattr(figures, part) is None and getattr(earlier, part) is not None
    }
    read_at = {OF_RECORD[part]: earlier.read_before.get(OF_RECORD[part], earlier.read_at) for part in kept}
    return replace(figures, **kept, read_before=read_at)
