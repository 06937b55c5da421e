"""The parts of the tick: what each computes, and how long it rests. A million rows a month take 5 % of a core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.windows import Windows
from assay.worker.records.metrics.metric import MetricSnapshot
from assay.worker.signals.chart_restarts import restarts_of
from assay.worker.signals.cost.ticking import CostScope, compute_cost
from assay.worker.signals.flag_charts import chart_samples, followed
from assay.worker.signals.in_time import late_in_flight, look, remembered
from assay.worker.signals.parts import Computed, Memory, Part, Samples
from assay.worker.signals.quality import Scope, day_samples, long_samples
from assay.worker.signals.window_reading import read_day, read_long
from assay.worker.signals.windows import DAY, MONTH, WEEK

DAY_REST = 20.0
"""Pages go by it, so it may take a twentieth of a core. With a million rows a month it takes 0.1 s of each minute."""

LONG_REST = 120.0
"""For what changes little from one hour to the next."""

LONG = (WEEK, MONTH)

SLO_WINDOW = "slo"
"""The name under which `assay_signals_computed_timestamp_seconds` tells when SLOs were computed."""

Slos = Callable[[datetime], Awaitable[MetricSnapshot]]
"""Computes the snapshot of SLOs as of a moment. It rests by itself."""


def day_part(reader: HistoryReader, ledger: LedgerReader, key_values: KeyValues, scope: Scope) -> Part:
    """`15m`, `24h` and the charts."""

    async def compute(memory: Memory, now: datetime) -> Computed:
        in_flight = await look(ledger, now)
        restarts = await restarts_of(key_values, memory.charts)
        day = await read_day(reader, now)
        samples = await in_thread(day_samples, day, scope, late_in_flight(in_flight, memory.promised))
        charts = await in_thread(followed, memory.charts, day.columns, day.rows, scope.policies, now, restarts)
        samples[DAY] += chart_samples(charts, scope.policies)
        return Computed(samples, Memory(charts=charts, promised=remembered(in_flight, memory.promised)))

    return Part("day", "quality", DAY_REST, compute)


def long_part(reader: HistoryReader, scope: Scope) -> Part:
    """`7d`, `30d` and the trends, one use case after the other: so much is never in memory at once."""

    async def compute(_: Memory, now: datetime) -> Computed:
        samples: Samples = {name: [] for name in LONG}
        for use_case in scope.rubrics:
            windows = await read_long(reader, LONG, now, use_case)
            for name, own in (await in_thread(long_samples, windows, LONG, scope.only(use_case))).items():
                samples[name] += own
        return Computed(samples)

    return Part("long", "quality", LONG_REST, compute)


def cost_part(reader: HistoryReader, windows: Windows, scope: CostScope) -> Part:
    """What the application's own traffic costs."""

    async def compute(_: Memory, now: datetime) -> Computed:
        return Computed(await compute_cost(reader, windows, scope, now))

    return Part("cost", "quality", LONG_REST, compute, tells_time=False)


def slo_part(slos: Slos) -> Part:
    """Objectives, and what is left of their budgets."""

    async def compute(_: Memory, now: datetime) -> Computed:
        return Computed({SLO_WINDOW: list((await slos(now)).samples)})

    return Part("slo", "slo", 0.0, compute)
