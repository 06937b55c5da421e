"""A keeper of signals over a record with rows of a bot, and what it keeps, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics.metric import Metric
from assay.worker.signals.keeping import SignalsKeeper
from assay.worker.signals.quality import Scope
from assay.worker.signals.quality_parts import day_part, long_part
from assay.worker.signals.quality_rates import FlagPolicy
from tests.unit.worker.signals.rows import row

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SCOPE = Scope({"bot": FlagPolicy(0.15, 0.05)}, {"bot": ("grounding",)})


def recent(number: float, **over: Any) -> HistoryRow:
    """A trace that started so many minutes ago, and was judged a minute later, by a calibrated model."""
    start = NOW - timedelta(minutes=number)
    usual = {"started_at": start, "ended_at": start, "selected_at": start, "changed_at": start + timedelta(minutes=1)}
    return row(over.pop("trace_id", f"t{number}"), **{**usual, "tier": "llm", **over})


def keeper_of(reader: HistoryReader, state: FleetState, *, now: datetime = NOW, scope: Scope = SCOPE) -> SignalsKeeper:
    """A keeper whose clock stands still."""
    parts = (day_part(reader, state.ledger_reader, state.key_values, scope), long_part(reader, scope))
    return SignalsKeeper(parts=parts, key_values=state.key_values, locks=state.locks, clock=FixedClock(now))


async def samples_of(key_values: KeyValues) -> Mapping[tuple[str, ...], float]:
    """What is kept for scrapes: by the metric's name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for snapshot in await kept_snapshots(key_values)
        for sample in snapshot.samples
    }


def told(samples: Mapping[tuple[str, ...], float], metric: Metric) -> Iterable[tuple[tuple[str, ...], float]]:
    """The samples of a metric, without its bounds: labels and value."""
    return [(key[1:], value) for key, value in samples.items() if key[0] == metric.name]
