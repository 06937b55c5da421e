"""Traces that a store shows only when they have ended, under their old start: hours after their window was scanned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.config.use_cases import Defaults, LowTraffic, UseCase
from assay.worker.flow.windows import MAX_LOOK_BACKS, due_windows
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_root
from tests.examples import examples
from tests.unit.worker.flow.test_sweep import RootsOnly, World

MINUTE = timedelta(minutes=1)


class ShowsWhatEnded(RootsOnly):
    """A store such as Langfuse v4: there is no root before its span has ended, and it is counted what was asked."""

    def __init__(self, *roots: TraceRoot) -> None:
        super().__init__(*roots)
        self.now = NOW
        self.asked: list[datetime] = []

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        self.asked.append(start)
        if start in self.bad:
            raise self.bad[start]
        roots = [root for root in self.roots if start <= root.start < end and root.end and root.end <= self.now]
        yield roots


class LongWorld(World):
    """A world whose store learns what time it is."""

    def __init__(self, *roots: TraceRoot, **over: object) -> None:
        super().__init__(**{"deployment": make_deployment(window_seconds=900, lookback_hours=1), **over})  # type: ignore[arg-type]
        self.store: ShowsWhatEnded = ShowsWhatEnded(*roots)

    def run(self, until: timedelta, *, every: timedelta = 10 * MINUTE) -> None:
        now = NOW
        while now <= NOW + until:
            self.store.now = now
            self.sweep(now)
            now += every


def agent(name: str, *, ran: timedelta, start: datetime = NOW - 5 * MINUTE) -> TraceRoot:
    return make_root(name, start=start, end=start + ran)


def test_trace_that_runs_longer_than_late_seconds_is_judged_once_and_counted_once() -> None:
    quick = [agent(f"quick-{n}", ran=MINUTE) for n in range(3)]
    slow = [agent(f"slow-{n}", ran=timedelta(minutes=m)) for n, m in enumerate((30, 50, 200, 700, 1400))]
    world = LongWorld(*quick, *slow)
    world.run(timedelta(hours=26))
    assert sorted(world.published.trace_ids) == sorted(root.trace_id for root in (*quick, *slow))
    funnel = world.funnel()
    assert funnel.adds_up
    assert (funnel.rows[0].seen, funnel.rows[0].selected, funnel.late) == (8, 8, 5)


def test_share_of_long_traces_among_the_selected_is_that_of_the_traffic() -> None:
    """The finding: without the look-backs no slow trace was ever in the sample, at any rate."""
    rate = UseCase(name="bot", rate=0.3)
    deployment = make_deployment(rate).model_copy(
        update={"defaults": Defaults(min_per_day=0, low_traffic=LowTraffic(below_per_day=0))}
    )
    quick = [agent(f"q{n}", ran=MINUTE) for n in range(400)]
    slow = [agent(f"s{n}", ran=timedelta(minutes=90)) for n in range(400)]
    world = LongWorld(*quick, *slow, deployment=deployment)
    world.run(timedelta(hours=26))
    chosen = [i[0] for i in world.published.trace_ids]
    assert len(chosen) == len(set(world.published.trace_ids))
    assert 80 < chosen.count("q") < 160
    assert 80 < chosen.count("s") < 160
    (row,) = world.funnel().rows
    assert (row.seen, row.selected) == (800, len(chosen))
    assert {item.pi for message in world.published.messages for item in message.items} == {0.3}


@settings(max_examples=examples(12))
@given(st.lists(st.integers(min_value=0, max_value=23 * 60), max_size=12), st.integers(min_value=5, max_value=60))
def test_every_trace_within_a_day_is_seen_once_whenever_sweeps_happen(minutes: list[int], every: int) -> None:
    world = LongWorld(*(agent(f"t{n}", ran=m * MINUTE) for n, m in enumerate(minutes)))
    world.run(timedelta(hours=28), every=every * MINUTE)
    assert sorted(world.published.trace_ids) == sorted(root.trace_id for root in world.store.roots)
    assert sum(row.seen for row in world.funnel().rows) == len(minutes)


def test_window_is_listed_a_handful_of_times_and_then_never_again() -> None:
    world = LongWorld(agent("quick", ran=MINUTE))
    world.run(timedelta(hours=40))
    window = next(w for w in asyncio.run(world.state.windows.between(NOW - 20 * MINUTE, NOW)) if w.seen)
    assert window.is_final
    assert window.scans == world.store.asked.count(window.start) == 5
    assert window.late == 0


def test_trace_that_was_seen_running_is_not_counted_as_late() -> None:
    world = World(make_root("slow", start=NOW - 8 * MINUTE, end=NOW + timedelta(hours=1)))
    for minutes in (0, 20, 70, 400, 1500):
        world.sweep(NOW + minutes * MINUTE)
    assert world.published.trace_ids == ["slow"]
    assert (world.funnel().late, world.funnel().unfinished) == (0, 0)


def test_new_windows_come_before_look_backs_and_only_so_many_of_these() -> None:
    deployment = make_deployment(window_seconds=60, lookback_hours=1)
    state = memory_state()

    async def due() -> list[WindowRecord]:
        for minute in range(300, 200, -1):
            start = NOW - minute * MINUTE
            end = start + MINUTE
            await state.windows.put(WindowRecord(start=start, end=end, scans=2, next_scan=end + 2 * timedelta(hours=1)))
        return await due_windows(state.windows, deployment, NOW - timedelta(hours=9), NOW)

    windows = asyncio.run(due())
    scans = [window.scans for window in windows]
    assert scans == sorted(scans)
    assert scans.count(2) == MAX_LOOK_BACKS
    assert scans.count(0) > 100


def test_look_backs_that_fail_for_good_stop_neither_new_windows_nor_other_look_backs() -> None:
    start = NOW - 5 * MINUTE
    slow = agent("slow", ran=timedelta(minutes=100), start=start)
    world = LongWorld(slow, deployment=make_deployment(lookback_hours=2))
    for minutes in range(0, 40, 5):
        world.store.now = NOW + minutes * MINUTE
        world.sweep(world.store.now)
    # Everything before the slow one's window cannot be listed any more.
    first = NOW.replace(minute=0) - timedelta(hours=26)
    world.store.bad = {first + 5 * n * MINUTE: StoreUnavailable("too heavy") for n in range(400)}
    for at in [at for at in world.store.bad if at >= start]:
        del world.store.bad[at]
    world.store.roots.append(agent("quick", ran=MINUTE, start=NOW + 60 * MINUTE))
    for minutes in range(40, 600, 3):
        world.store.now = NOW + minutes * MINUTE
        world.sweep(world.store.now)
    assert sorted(world.published.trace_ids) == ["quick", "slow"]
