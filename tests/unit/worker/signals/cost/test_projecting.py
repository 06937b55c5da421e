"""Where a month is going: by its weekdays where two weeks are known, else by the mean day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest

from assay.worker.config.slos import ApplicationBudget
from assay.worker.records.metrics import quality
from assay.worker.records.windows import WindowRecord
from assay.worker.signals.cost.projecting import first_day_needed, month_cost, month_of, together
from assay.worker.signals.cost.ticking import CostScope, compute_cost, seen_by_day
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.windows import MemoryWindows
from tests.unit.worker.signals.cost.spending import NOW, cost_rows, day, days_of, spent

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def weekly(at: datetime) -> float:
    """Ten dollars on workdays, two at weekends."""
    return 2.0 if at.weekday() >= 5 else 10.0


def _cost_of(costs: Mapping[int, float], at: datetime) -> float:
    return costs[day(at)]


def test_weekdays_tell_the_days_to_come_where_two_weeks_are_known() -> None:
    rows = cost_rows(days_of(weekly, NOVEMBER - timedelta(days=20), NOW))
    month = month_cost([rows], NOW)
    assert month.projected is not None
    assert (month.projected.method, month.projected.days) == ("weekday pattern", 28)
    true = sum(weekly(NOVEMBER + timedelta(days=n)) for n in range(30))
    assert month.projected.value == pytest.approx(true)
    assert month.so_far is not None
    assert month.so_far.value == pytest.approx(sum(weekly(NOVEMBER + timedelta(days=n)) for n in range(20)) + 1.0)
    assert month.today is not None
    assert month.today.value == pytest.approx(1.0)


def test_the_mean_day_tells_them_where_less_is_known_and_the_first_day_is_no_whole_one() -> None:
    first = NOW - timedelta(days=6, hours=12)
    rows = cost_rows(days_of(lambda at: 1.0 if at == first else 8.0, first, NOW))
    month = month_cost([rows], NOW)
    assert month.projected is not None
    assert (month.projected.method, month.projected.days) == ("mean day", 5)
    assert month.projected.value == pytest.approx(1.0 + 5 * 8.0 + 4.0 + 4.0 + 9 * 8.0)


def test_less_than_two_whole_days_project_nothing() -> None:
    rows = cost_rows(days_of(lambda _: 8.0, NOW - timedelta(days=2, hours=12), NOW))
    month = month_cost([rows], NOW)
    assert month.projected is None
    assert month.so_far is not None
    nothing = month_cost([cost_rows([spent(1, None)])], NOW)
    assert (nothing.so_far, nothing.projected) == (None, None)


def test_the_interval_holds_what_the_month_will_cost() -> None:
    rng, hits = np.random.default_rng(5), 0
    for _ in range(60):
        costs = {
            day(at): weekly(at) * rng.lognormal(0, 0.25) for at in (NOVEMBER + timedelta(n) for n in range(-30, 31))
        }
        rows = cost_rows(days_of(partial(_cost_of, costs), NOVEMBER - timedelta(days=20), NOW))
        projected = month_cost([rows], NOW).projected
        assert projected is not None
        true = sum(costs[day(NOVEMBER) + n] for n in range(30))
        hits += projected.low <= true <= projected.high
    assert hits >= 54


def test_months_and_days_are_those_of_utc() -> None:
    assert month_of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert first_day_needed(datetime(2026, 11, 30, 1, tzinfo=UTC)) == NOVEMBER
    assert together([None]) is None


def test_every_use_case_and_the_whole_are_told_with_their_budgets() -> None:
    async def told() -> dict[str, dict[tuple[str, ...], float]]:
        record, windows = memory_history(), MemoryWindows()
        rows = days_of(weekly, NOVEMBER - timedelta(days=20), NOW)
        await record.writer.write(rows)
        await record.writer.write(
            [row.model_copy(update={"use_case": "other", "trace_id": f"o{row.trace_id}"}) for row in rows]
        )
        start = NOW.replace(hour=3)
        await windows.put(WindowRecord(start=start, end=start + timedelta(hours=1), seen={"bot": 8}))
        assert await seen_by_day(windows, NOW - timedelta(days=1), NOW) == {"bot": {day(NOW): 8}}
        budgets = {"bot": ApplicationBudget(budget_usd_per_month=300), "other": ApplicationBudget()}
        scope = CostScope(budgets, ApplicationBudget(budget_usd_per_day=20))
        samples = await compute_cost(record.reader, windows, scope, NOW)
        told: dict[str, dict[tuple[str, ...], float]] = {}
        for window in samples.values():
            for sample in window:
                assert tuple(sample.labels.values()) not in told.setdefault(sample.name, {})
                told[sample.name][tuple(sample.labels.values())] = sample.value
        return told

    metrics = asyncio.run(told())
    assert metrics[quality.COST_BUDGET.name] == {("bot",): 300.0, ("(all)",): 600.0}
    assert metrics[quality.COST_TODAY.name] == pytest.approx({("bot",): 4.0, ("other",): 1.0, ("(all)",): 5.0})
    month = metrics[quality.COST_MONTH.name]
    assert month["(all)",] == pytest.approx(month["bot",] + month["other",])
    assert metrics[quality.COST_MONTH.lower]["bot",] <= month["bot",] <= metrics[quality.COST_MONTH.upper]["bot",]
    assert set(metrics[quality.COST.name]) == {(c, w) for c in ("bot", "other") for w in ("24h", "7d", "30d")}
    assert metrics[quality.REQUEST_COST.name]["bot", "30d"] == pytest.approx(1.93, abs=0.05)
    assert quality.COST_BY.name not in metrics, "no trace tells a feature, a tier or a model"
