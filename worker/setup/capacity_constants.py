"""What one unit of work takes, as benchmarks of this repository printed it: the ground of `assay plan --capacity`.

Each figure names its source. Where this deployment has figures of its own, they are taken instead.
"""

from __future__ import annotations

from datetime import date

from assay.judges.schema import Record


class Measured(Record):
    """A figure with its source.

    Attributes:
        value: the figure.
        unit: what it counts.
        source: the benchmark that printed it, and on what.
        on: when.
    """

    value: float
    unit: str
    source: str
    on: date

    @property
    def told(self) -> str:
        """In words: `8.75 ms of a core (benchmarks.fire.growth, …, 2026-11-30)`."""
        return f"{self.value:,g} {self.unit} ({self.source}, {self.on})"


_GROWTH = "benchmarks.fire.growth, AMD EPYC, two cores at load 14, n = 1,500"

ASSESS_CPU = Measured(
    value=8.75, unit="ms of an assess worker's core a judgement", source=_GROWTH, on=date(2026, 11, 30)
)
"""Fetching, samples, a model's call, rules, writing."""

CONTROL_CPU = Measured(
    value=1.58, unit="ms of a control worker's core a judgement", source=_GROWTH, on=date(2026, 11, 30)
)

LOCAL_CPU = Measured(
    value=1000 / 162,
    unit="ms of a core more where the local judge is asked",
    source="benchmarks.local_judge, Intel Xeon, 162 responses a second, median 717 words, n = 328",
    on=date(2026, 11, 29),
)

SWEEP_CPU = Measured(
    value=0.44,
    unit="ms of a control worker's core each time that a trace is listed",
    source="benchmarks.langfuse_sweep, two cores at load 12, 88 s of clock for 200,000 roots",
    on=date(2026, 11, 28),
)

SIGNALS_CPU = Measured(
    value=0.043,
    unit="of a control worker's core for signals, over a million rows a month",
    source="benchmarks.signals_cost, two cores at load 7.7",
    on=date(2026, 11, 30),
)

JUDGE_SECONDS = Measured(
    value=1.0,
    unit="s that a judgement waits for its model",
    source="assumed: the judge of benchmarks.fire.throughput, log-normal with this mean",
    on=date(2026, 11, 29),
)

LEDGER_BYTES = Measured(
    value=2_890,
    unit="bytes of Redis a judgement, for 14 days",
    source="MEMORY USAGE of the broker of `assay demo`, Valkey 9.1, n = 574",
    on=date(2026, 11, 30),
)

VERDICT_BYTES = Measured(
    value=1_263,
    unit="bytes of Redis a verdict that is kept, for ASSAY_VERDICT_TTL_S",
    source="MEMORY USAGE of the broker of `assay demo`, Valkey 9.1, n = 574",
    on=date(2026, 11, 30),
)

WINDOW_BYTES = Measured(
    value=105_000,
    unit="bytes of Redis a day and use case for windows of five minutes, for 400 days",
    source="MEMORY USAGE of the broker of `assay demo`, Valkey 9.1, two days",
    on=date(2026, 11, 30),
)

ROW_BYTES = Measured(
    value=1_579,
    unit="bytes a row of the record with its indexes",
    source="benchmarks.record_size, SQLite, n = 1,000,000",
    on=date(2026, 11, 30),
)

TRACE_BYTES = Measured(
    value=4_658,
    unit="bytes a trace of the embedded store with its scores",
    source="the store of `assay demo`: answers of 1,000 characters, n = 1,764",
    on=date(2026, 11, 30),
)

COLLECTOR_CPU = Measured(
    value=10_794,
    unit="spans for a second of the collector's core",
    source="benchmarks.collector_rate, two cores at load 15 to 17, n = 39,936",
    on=date(2026, 11, 30),
)

LEDGER_DAYS = 14
"""Days for which the ledger keeps what has ended."""

WINDOW_DAYS = 400
"""Days for which windows and their rates are kept."""

PEAK = 3.0
"""The busiest minutes of a day beside its mean, where nobody says another factor. Assumed: a day of eight hours
of work has 3 times the mean."""

BUSY = 0.7
"""Share of its core that a worker process may be busy: the rest is for bursts and restarts."""

HEADROOM = 0.95
"""Share of a limit on requests that evenly paced calls use: docs/how-to/limit-calls-and-money.md."""

ALL = (
    *(ASSESS_CPU, CONTROL_CPU, LOCAL_CPU, SWEEP_CPU, SIGNALS_CPU, JUDGE_SECONDS),
    *(LEDGER_BYTES, VERDICT_BYTES, WINDOW_BYTES, ROW_BYTES, TRACE_BYTES, COLLECTOR_CPU),
)
"""All that were measured."""
