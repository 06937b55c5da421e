"""Samples of windows, whatever the rows: bounds hold the share, nothing is NaN, and no label is unbounded."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Metric
from assay.worker.signals.samples import LONGEST_LABEL, estimate, label, number
from assay.worker.signals.windows import DAY, RECENT_TRACES, recent_rows
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from assay.worker.statistics.intervals import Estimate
from tests.unit.worker.signals.kept_signals import NOW, keeper_of, recent, samples_of, told

_SHARE = st.floats(min_value=0, max_value=1)
_KNOWN = st.one_of(st.none(), _SHARE)
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "minutes": st.integers(min_value=1, max_value=60 * 24 * 29),
            "pi": st.sampled_from([0.05, 0.1, 0.5, 1.0]),
            "risk": _KNOWN,
            "faithfulness": _KNOWN,
            "state": st.sampled_from(["scored", "scored", "scored", "skipped", "dead"]),
            "reason": st.sampled_from(["judged", "refusal", "age", "too_long"]),
            "session_id": st.sampled_from([None, "s1", "s2"]),
            "sample": st.sampled_from(["base", "boost"]),
            "stratum": st.sampled_from(["base", "errors", "feedback"]),
            "revision": st.sampled_from(["r1", "r2", None]),
            "tier": st.sampled_from([None, "screen", "llm"]),
            "calibrated": st.sampled_from([None, False, True]),
            "duration_s": st.one_of(st.none(), st.floats(min_value=0, max_value=1e6)),
            "model_served": st.sampled_from([None, "m1", "m\n2"]),
        }
    ),
    max_size=80,
)


def row_of(at: int, fields: Mapping[str, Any]) -> HistoryRow:
    """A row of what was drawn."""
    rest = {name: value for name, value in fields.items() if name != "minutes"}
    start = NOW - timedelta(minutes=fields["minutes"])
    return recent(at, **rest, started_at=start, ended_at=start, changed_at=start)


async def kept_of(rows: list[HistoryRow]) -> Mapping[tuple[str, ...], float]:
    """What one tick keeps of these."""
    history, state = memory_history(), memory_state()
    await history.writer.write(rows)
    await keeper_of(history.reader, state).tick()
    return await samples_of(state.key_values)


@settings(max_examples=25, deadline=None)
@given(drawn=_ROWS)
def test_bounds_hold_the_share_and_nothing_is_nan(drawn: list[dict[str, Any]]) -> None:
    samples = asyncio.run(kept_of([row_of(at, fields) for at, fields in enumerate(drawn)]))
    assert all(map(math.isfinite, samples.values()))
    for metric in quality.METRICS:
        for labels, value in told(samples, metric):
            if metric.bounds:
                assert samples[metric.lower, *labels] <= value <= samples[metric.upper, *labels]
            if metric is quality.FLAGGED_ALARM:
                assert 0 <= value <= samples.get((quality.FLAGGED.name, *labels), 1.0) + 1e-9


def test_the_models_with_most_traffic_are_told_and_their_names_are_cleaned() -> None:
    rows = [recent(n, model_served=f"model {n % 15}\n{'x' * 200}") for n in range(1, 16 * 15)]
    models = dict(told(asyncio.run(kept_of(rows)), quality.MODEL_SERVED))
    names = {labels[2] for labels in models if labels[1] == DAY}
    assert len(names) == 10
    assert all(len(name) <= LONGEST_LABEL and name.isprintable() for name in names)


def test_no_percentile_is_told_of_a_few_waits() -> None:
    few = asyncio.run(kept_of([recent(n, duration_s=float(n)) for n in range(1, 20)]))
    enough = asyncio.run(kept_of([recent(n, duration_s=float(n)) for n in range(1, 101)]))
    assert not list(told(few, quality.DURATION_P95))
    assert enough[quality.DURATION_P95.name, "bot", DAY] == 95


@given(value=st.text(max_size=300))
def test_a_label_is_short_and_printable(value: str) -> None:
    shown = label(value)
    assert len(shown) <= LONGEST_LABEL
    assert shown.isprintable()
    assert label(shown) == shown


@given(value=st.floats(), low=st.floats(), high=st.floats())
def test_what_is_not_finite_is_absent(value: float, low: float, high: float) -> None:
    plain, bounded = Metric("a", "gauge", "."), Metric("b", "gauge", ".", bounds=True)
    assert bool(list(number(plain, value))) == math.isfinite(value)
    found = list(estimate(bounded, Estimate(value=value, low=low, high=high, n=1)))
    assert len(found) == (3 if all(map(math.isfinite, (value, low, high))) else 0)


@given(ages=st.lists(st.integers(min_value=0, max_value=1400), min_size=1, max_size=90))
def test_the_last_minutes_hold_what_is_new_or_the_last_thirty(ages: list[int]) -> None:
    changed = np.array([int((NOW - timedelta(minutes=age)).timestamp() * 1e6) for age in ages])
    zeros, judged = np.zeros(len(ages), dtype=np.int64), np.ones(len(ages), dtype=np.bool_)
    inside = recent_rows(zeros, changed, judged, NOW)
    assert inside[np.array(ages) <= 15].all()
    assert int(inside.sum()) >= min(RECENT_TRACES, len(ages))
    oldest = max(age for age, is_inside in zip(ages, inside.tolist(), strict=True) if is_inside)
    assert all(is_inside for age, is_inside in zip(ages, inside.tolist(), strict=True) if age < oldest)
    if int((np.array(ages) <= 15).sum()) >= RECENT_TRACES:
        assert not inside[np.array(ages) > 15].any()
