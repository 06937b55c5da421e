"""The daily check: once a day for each use case, again after a failure, and as metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from assay.worker.config.drifting import Drifting
from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.ports.history import Block, History, HistoryUnavailable, RecordDocument
from assay.worker.records.history import HistoryQuery
from assay.worker.records.metrics.drift import METRICS
from assay.worker.signals.drift.daily import DailyDrift, DriftReport
from assay.worker.signals.drift.desk import DriftDesk
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.locks import MemoryLocks
from tests.unit.worker.signals.drift.bots import FEW_SPLITS, MONDAY, record_of, traffic

DAY = timedelta(days=1)


class Hands:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


class FailingReader:
    """A record that cannot be read the first time."""

    def __init__(self, history: History) -> None:
        self._reader = history.reader
        self.fails = 1

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        if self.fails:
            self.fails -= 1
            raise HistoryUnavailable("history.db: is locked")
        async for block in self._reader.blocks(query, names):
            yield block


def daily(history: History, clock: Hands, **settings: object) -> DailyDrift:
    desk = DriftDesk(history, Drifting.model_validate(settings), FEW_SPLITS)
    return DailyDrift(
        desk=desk, key_values=MemoryKeyValues(), locks=MemoryLocks(), clock=clock, use_cases=["bot", "quiet"]
    )


def test_a_baseline_is_taken_after_a_full_week_and_then_each_day_is_checked_once() -> None:
    async def work() -> None:
        clock = Hands(MONDAY + 5 * DAY + timedelta(hours=3))
        history = await record_of(traffic(600, days=7), traffic(300, since=MONDAY + 7 * DAY, seed=1, newtopic=0.3))
        drift = daily(history, clock)
        assert (await drift.tick()).waiting == ("bot", "quiet")  # only 430 traces so far
        clock.moment = MONDAY + 7 * DAY + timedelta(hours=3)
        report = await drift.tick()
        assert report.captured == ("bot",)
        assert set(report.waiting) == {"bot", "quiet"}  # no traffic after the baseline's own yet
        assert (await drift.tick()).is_empty
        clock.moment = MONDAY + 14 * DAY + timedelta(minutes=1)
        assert (await drift.tick()).is_empty  # yesterday's last traces are still being judged
        clock.moment = MONDAY + 14 * DAY + timedelta(hours=1)
        report = await drift.tick()
        assert report == DriftReport(checked=("bot",), drifted=("bot",), waiting=("quiet",))
        assert (await drift.tick()).is_empty
        check = await drift.desk.last_check("bot")
        assert check is not None
        assert check.baseline_of.endswith("taken automatically")
        assert len(await drift.desk.checks(clock.now())) == 6
        (snapshot,) = await kept_snapshots(drift.key_values)
        assert {sample.name for sample in snapshot.samples} == {metric.name for metric in METRICS}
        detected = {s.labels["feature"]: s.value for s in snapshot.samples if s.name == "assay_drift_detected"}
        assert detected["question_vectors"] == 1
        assert detected["model_served"] == 0
        labels = {metric.name: set(metric.labels) for metric in METRICS}
        assert all(set(sample.labels) == labels[sample.name] for sample in snapshot.samples)

    asyncio.run(work())


def test_two_workers_do_a_day_once_even_where_redis_was_lost() -> None:
    async def work() -> None:
        clock = Hands(MONDAY + 7 * DAY + timedelta(hours=3))
        history = await record_of(traffic(600))
        first = daily(history, clock)
        second = replace(first)
        reports = await asyncio.gather(first.tick(), second.tick())
        assert sum(len(report.captured) for report in reports) == 1
        assert sum(len(report.waiting) for report in reports) == 2
        after_loss = daily(history, clock)
        assert (await after_loss.tick()).is_empty

    asyncio.run(work())


def test_a_check_that_failed_is_tried_again_at_the_next_tick() -> None:
    async def work() -> None:
        clock = Hands(MONDAY + 7 * DAY + timedelta(hours=3))
        history = await record_of(traffic(600))
        reader = FailingReader(history)
        failing = History(history.writer, reader, history.connection, history.documents)  # type: ignore[arg-type]
        drift = daily(failing, clock)
        report = await drift.tick()
        assert (report.failed, report.waiting) == (("bot",), ("quiet",))
        report = await drift.tick()
        assert (report.failed, report.captured, report.waiting) == ((), ("bot",), ("bot",))

    asyncio.run(work())


def test_no_baseline_is_taken_where_none_is_wanted_or_traffic_is_too_young() -> None:
    async def work() -> None:
        clock = Hands(MONDAY + 7 * DAY + timedelta(hours=3))
        unwanted = daily(await record_of(traffic(600)), clock, automatic_baseline=False)
        assert (await unwanted.tick()).captured == ()
        note = (await unwanted.desk.last_check("bot")).note  # type: ignore[union-attr]
        assert note == "no baseline; capture one with `assay drift baseline --use-case bot`"
        young = daily(await record_of(traffic(600, since=MONDAY + 5 * DAY, days=2)), clock)
        assert (await young.tick()).captured == ()

    asyncio.run(work())


def test_no_baseline_is_taken_over_one_that_another_version_wrote() -> None:
    async def work() -> DriftReport:
        history = await record_of(traffic(600, days=7))
        foreign = RecordDocument(kind="drift_baseline", key="bot", at=MONDAY, content={"schema_version": 2})
        await history.documents.keep(foreign)
        return await daily(history, Hands(MONDAY + 7 * DAY + timedelta(hours=3))).tick()

    report = asyncio.run(work())
    assert (report.captured, report.waiting, report.failed) == ((), ("bot", "quiet"), ())
