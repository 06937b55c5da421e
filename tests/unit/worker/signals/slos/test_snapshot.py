"""What scrapes see of objectives, and how much is read for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.metrics import slo
from assay.worker.records.metrics.metric import MetricSnapshot
from assay.worker.signals.slos.snapshot import SloWatch
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.signals.slos.slo_rows import NOW, deployment, trace


class Counted:
    """A reader that tells how far back it was asked."""

    def __init__(self, reader: HistoryReader) -> None:
        self._reader = reader
        self.asked: list[timedelta] = []

    def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        self.asked.append(NOW - query.since)
        return self._reader.blocks(query, names)


def looks(rows: Sequence[HistoryRow], *deployments: Deployment) -> tuple[list[MetricSnapshot], Counted]:
    """What one watch tells at one look after the other."""

    async def look() -> tuple[list[MetricSnapshot], Counted]:
        history = memory_history()
        await history.writer.write(rows)
        counted = Counted(history.reader)
        watch = SloWatch(counted)  # type: ignore[arg-type]  # all that a watch asks for
        return [await watch.snapshot(each, NOW) for each in deployments], counted

    return asyncio.run(look())


def values(snapshot: MetricSnapshot, name: str, **labels: str) -> list[float]:
    """The values of a metric with these labels."""
    return [each.value for each in snapshot.samples if each.name == name and labels.items() <= each.labels.items()]


def test_a_scrape_sees_targets_shares_burns_budget_and_goodput() -> None:
    rows = [trace(f"t{k}", risk=0.9 if k < 2 else 0.05) for k in range(20)]
    (snapshot,), _ = looks(rows, deployment())
    quality = {"use_case": "bot", "objective": "quality"}
    assert (snapshot.part, snapshot.at) == ("slo", NOW)
    assert values(snapshot, slo.TARGET.name, **quality) == [0.95]
    for window in ("24h", "30d"):
        assert values(snapshot, slo.GOOD.name, **quality, window=window) == [pytest.approx(0.9)]
        assert values(snapshot, slo.TRACES.name, **quality, window=window) == [20]
        assert values(snapshot, slo.GOODPUT.name, use_case="bot", window=window) == [pytest.approx(0.9)]
    assert values(snapshot, slo.GOOD.name, **quality, window="1h") == []
    for window in ("6h", "24h", "3d"):
        (burn,) = values(snapshot, slo.BURN.name, **quality, window=window)
        (low,) = values(snapshot, slo.BURN.lower, **quality, window=window)
        assert low < burn == pytest.approx(2)
    assert values(snapshot, slo.BUDGET_LEFT.name, **quality) == [pytest.approx(-1)]
    assert values(snapshot, slo.GOOD.name, objective="feedback") == []
    known = {name for metric in slo.METRICS for name in metric.names}
    assert {each.name for each in snapshot.samples} <= known


def test_the_period_is_read_once_and_then_the_last_hours() -> None:
    rows = [trace("a"), trace("old", ago=timedelta(days=20), risk=0.9)]
    (first, again), counted = looks(rows, deployment(), deployment())
    assert counted.asked == [timedelta(days=30), timedelta(hours=6)]
    assert sorted(map(repr, again.samples)) == sorted(map(repr, first.samples))


def test_an_edit_of_objectives_counts_at_once() -> None:
    rows = [trace("a", risk=0.2), trace("b", risk=0.05)]
    edit = deployment(objectives={"quality": {"risk_below": 0.3}}, period_days=7)
    (_, edited), counted = looks(rows, deployment(), edit)
    assert len(counted.asked) == 2
    assert counted.asked[1] == timedelta(days=7)
    assert values(edited, slo.GOOD.name, objective="quality", window="7d") == [1.0]


def test_targets_are_there_without_any_trace() -> None:
    (snapshot,), _ = looks([], deployment())
    assert {each.name for each in snapshot.samples} == {slo.TARGET.name}


def test_many_use_cases_are_read_in_one_go() -> None:
    names = [f"bot-{k}" for k in range(40)]
    rows = [trace(f"{name}-{k}", use_case=name) for name in names for k in range(3)]
    rows.append(trace("other", use_case="unknown"))
    many = Deployment.model_validate({"use_cases": [{"name": name} for name in names]})
    (snapshot,), counted = looks(rows, many)
    assert len(counted.asked) == 1
    assert {each.labels["use_case"] for each in snapshot.samples} == set(names)
