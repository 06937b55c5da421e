"""Sweeps: each trace one answer and one π, however often its window is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta

import pytest

from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, UseCase
from assay.worker.flow.batching import group_messages
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.release import Releaser, weights_of
from assay.worker.flow.sweep import Sweeper, SweepReport
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.scores import Score, ScoreKey, score_id
from assay.worker.records.traces import TraceRoot
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_root

RUBRIC = Rubric(name="grounding")
NEVER_WHOLE = Defaults(min_per_day=0, low_traffic=LowTraffic(below_per_day=0))
STATE_SCORE = "grounding_state"
"""What an older Assay wrote on every judged trace."""


class RootsOnly:
    """A trace store that has roots and remembers scores, as far as a sweep looks."""

    def __init__(self, *roots: TraceRoot, scored: Sequence[str] = ()) -> None:
        self.roots = list(roots)
        self.scored = set(scored)
        self.bad: dict[datetime, Exception] = {}
        self.rootless_asked = 0
        self.rootless_hangs = False

    async def project_id(self) -> str:
        return "project"

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        if start in self.bad:
            raise self.bad[start]
        roots = [root for root in self.roots if start <= root.start < end]
        for at in range(0, len(roots), 7):
            yield roots[at : at + 7]

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        self.rootless_asked += 1
        if self.rootless_hangs:
            await asyncio.Event().wait()
        return 3

    async def read_scores(self, keys: Iterable[ScoreKey]) -> dict[str, Score]:
        score = {"trace_id": "t", "name": STATE_SCORE, "value": "judged", "timestamp": NOW}
        return {i: Score.model_validate({"id": i, **score}) for i, *_ in keys if i in self.scored}


class Published:
    """Collects published messages. The broker is gone while `broken`."""

    def __init__(self) -> None:
        self.messages: list[AssessMessage] = []
        self.broken = False

    async def __call__(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        if self.broken and messages:
            raise StateUnavailable("broker is gone")
        self.messages += [m for m in messages if isinstance(m, AssessMessage)]

    @property
    def trace_ids(self) -> list[str]:
        return [item.trace_id for message in self.messages for item in message.items]


class World:
    """A sweeper with its surroundings."""

    def __init__(self, *roots: TraceRoot, deployment: Deployment | None = None, scored: Sequence[str] = ()) -> None:
        self.store = RootsOnly(*roots, scored=scored)
        self.state = memory_state()
        self.published = Published()
        self.clock = FixedClock(NOW)
        self.rubrics = {"grounding": RUBRIC}
        self.deployment = deployment or make_deployment()
        self.counts_ahead = False

    def sweep(self, now: datetime = NOW) -> SweepReport:
        return asyncio.run(self.sweeper(now).sweep())

    def sweeper(self, now: datetime) -> Sweeper:
        self.clock.moment = now
        return Sweeper(
            source=self.store,
            sink=self.store,
            ledger=self.state.ledger,
            windows=self.state.windows,
            documents=self.state.documents,
            locks=self.state.locks,
            deployment=self.deployment,
            rubrics=self.rubrics,
            backlog=self.state.backlog,
            top_up=self.releaser.top_up,
            pressure=Pressure(self.state.backlog, self.state.key_values, timedelta(hours=1)),
            budgeting=self.budgeting,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
            counts_ahead=self.counts_ahead,
        )

    @property
    def budgeting(self) -> Budgeting:
        return Budgeting(
            account=self.state.call_reader,
            ledger=self.state.ledger_reader,
            key_values=self.state.key_values,
            deployment=self.deployment,
            first_cost_usd=lambda rubric: 0.01,
        )

    @property
    def releaser(self) -> Releaser:
        return Releaser(
            backlog=self.state.backlog,
            ledger=self.state.ledger,
            publish=self.published,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
            queue="assess",
            weights=weights_of(self.deployment),
        )

    def funnel(self) -> Funnel:
        return asyncio.run(
            read_funnel(
                self.state.ledger_reader,
                self.state.windows,
                (NOW - timedelta(days=2)).date(),
                (NOW + timedelta(days=1)).date(),
            )
        )


def roots(n: int, **over: object) -> list[TraceRoot]:
    return [make_root(f"trace-{i}", start=NOW - timedelta(minutes=30 + i), **over) for i in range(n)]


def test_every_trace_of_a_full_rate_is_published_once_and_a_second_sweep_adds_nothing() -> None:
    world = World(*roots(100))
    first, second = world.sweep(), world.sweep()
    assert (first.seen, first.selected) == (100, 100)
    assert (second.windows, second.selected) == (0, 0)
    assert sorted(world.published.trace_ids) == sorted(r.trace_id for r in world.store.roots)
    assert all(len(m.items) <= 16 for m in world.published.messages)


def test_funnel_adds_up_with_a_partial_rate_unmatched_and_excluded_traces() -> None:
    deployment = make_deployment(UseCase(name="bot", rate=0.2, match=Match(trace_name=("bot",))))
    deployment = deployment.model_copy(update={"defaults": NEVER_WHOLE})
    others = [make_root("u", name="other"), make_root("x", environment="assay")]
    world = World(*roots(200), *others, deployment=deployment)
    world.sweep()
    funnel = world.funnel()
    row = funnel.rows[0]
    assert funnel.adds_up
    assert (row.seen, row.not_selected + row.selected) == (200, 200)
    assert 20 < row.selected < 60
    assert (funnel.unmatched, funnel.excluded) == (1, 1)


def test_trace_seen_in_several_rows_is_counted_and_selected_once() -> None:
    twice = [make_root("t", start=NOW - timedelta(minutes=31)), make_root("t", start=NOW - timedelta(minutes=30))]
    world = World(*twice, *twice)
    assert world.sweep().selected == 1
    assert world.funnel().rows[0].seen == 1


def test_window_waits_until_it_is_closed_and_quiet() -> None:
    world = World(make_root("t", start=NOW - timedelta(seconds=100)))
    assert world.sweep().selected == 0
    assert world.sweep(NOW + timedelta(minutes=6)).selected == 1


def test_unfinished_trace_is_taken_when_it_has_ended_and_never_before() -> None:
    start = NOW - timedelta(minutes=8)
    world = World(make_root("slow", start=start, end=NOW + timedelta(hours=1)), make_root("quick", start=start))
    world.sweep()
    world.sweep(NOW + timedelta(minutes=20))
    assert world.published.trace_ids == ["quick"]
    assert world.funnel().unfinished == 1
    world.sweep(NOW + timedelta(minutes=70))
    assert sorted(world.published.trace_ids) == ["quick", "slow"]
    assert world.funnel().unfinished == 0


def test_trace_that_never_ends_is_given_up_counted_and_not_looked_at_every_minute() -> None:
    world = World()
    world.store.roots = [make_root("hung", start=NOW - timedelta(minutes=8)).model_copy(update={"end": None})]
    scans = [world.sweep(NOW + timedelta(minutes=minutes)).windows for minutes in range(0, 60 * 30, 5)]
    window = next(w for w in asyncio.run(world.state.windows.between(NOW - timedelta(minutes=10), NOW)) if w.unfinished)
    assert window.is_final
    assert window.scans < 12
    assert world.published.trace_ids == []
    assert sum(scans) > 12


def test_late_trace_is_found_by_the_second_scan_under_the_stored_rate() -> None:
    world = World(make_root("a", start=NOW - timedelta(minutes=8)))
    world.sweep()
    stricter = UseCase(name="bot", rate=0.05)
    world.deployment = make_deployment(stricter)
    late = [make_root(f"late-{n}", start=NOW - timedelta(minutes=8)) for n in range(20)]
    world.store.roots += late
    assert world.sweep(NOW + timedelta(minutes=20)).selected == 20
    items = [item for m in world.published.messages for item in m.items]
    assert {item.pi for item in items} == {1.0}


def test_crash_while_publishing_loses_nothing_and_keeps_one_pi_per_window() -> None:
    """The rate is stored before anything is promised: late traffic must not change it for a window half done."""
    deployment = make_deployment(UseCase(name="bot", rate=0.05)).model_copy(
        update={"defaults": Defaults(min_per_day=1000, low_traffic=LowTraffic(below_per_day=0))}
    )
    start = NOW - timedelta(minutes=20)
    world = World(*[make_root(f"a{n}", start=start) for n in range(5)], deployment=deployment)
    world.published.broken = True
    with pytest.raises(StateUnavailable):
        world.sweep()
    assert asyncio.run(world.state.ledger_reader.counts(NOW.date(), NOW.date()))
    world.store.roots += [make_root(f"b{n}", start=start) for n in range(400)]
    world.published.broken = False
    world.sweep()
    entries = asyncio.run(world.state.ledger.entries("grounding", [r.trace_id for r in world.store.roots]))
    assert len({entry.promise.pi for entry in entries.values()}) == 1
    assert world.funnel().adds_up
    assert world.funnel().rows[0].seen == 405


def test_window_that_cannot_be_scanned_stops_no_other_and_is_tried_again() -> None:
    world = World(*roots(30))
    bad = NOW - timedelta(minutes=60)
    world.store.bad[bad] = StoreRejected("too heavy")
    first = world.sweep()
    assert first.failed_windows == 1
    assert 0 < first.selected < 30
    del world.store.bad[bad]
    world.sweep()
    assert world.funnel().rows[0].selected == 30


def test_store_that_is_down_ends_the_sweep_early() -> None:
    world = World(*roots(3))
    every = NOW.replace(minute=0) - timedelta(hours=24)
    world.store.bad = {every + timedelta(minutes=5 * n): StoreUnavailable("down") for n in range(400)}
    assert world.sweep().failed_windows == 3


def test_root_that_nothing_can_store_is_counted_and_harms_no_other() -> None:
    world = World(make_root("good"), make_root("bad-\ud800"))
    assert world.sweep().selected == 1
    assert world.funnel().excluded == 1


def test_funnel_holds_when_a_trace_changes_its_use_case_or_vanishes_between_scans() -> None:
    cases = (
        UseCase(name="bot", rate=1.0, allow_rate=True, match=Match(trace_name=("bot",))),
        UseCase(name="rest", rate=1.0, allow_rate=True),
    )
    start = NOW - timedelta(minutes=8)
    world = World(make_root("a", start=start), make_root("b", start=start), deployment=make_deployment(*cases))
    world.sweep()
    world.store.roots = [make_root("a", start=start, name="renamed")]
    world.sweep(NOW + timedelta(minutes=20))
    funnel = world.funnel()
    assert funnel.adds_up
    assert {row.use_case: (row.seen, row.selected) for row in funnel.rows if row.seen} == {"bot": (2, 2)}


def test_second_rubric_added_later_has_a_funnel_of_its_own() -> None:
    world = World(*roots(20))
    world.sweep()
    world.deployment = make_deployment(defaults=Defaults(rubrics=("grounding", "safety")))
    world.store.roots += [make_root(f"n{n}", start=NOW + timedelta(minutes=1)) for n in range(5)]
    world.rubrics["safety"] = Rubric(name="safety")
    world.sweep(NOW + timedelta(minutes=10))
    rows = {row.rubric: (row.seen, row.selected) for row in world.funnel().rows}
    assert rows == {"grounding": (25, 25), "safety": (5, 5)}


def test_new_use_case_on_a_busy_project_is_not_judged_whole() -> None:
    week = [
        make_root(f"old{n}", name="old", start=NOW - timedelta(days=5) + timedelta(minutes=3 * n)) for n in range(2300)
    ]
    old = UseCase(name="old", rate=0.05, match=Match(trace_name=("old",)))
    base = {"lookback_hours": 24 * 6, "window_seconds": 3600, "defaults": Defaults(min_per_day=0)}
    world = World(*week, deployment=make_deployment(old).model_copy(update=base))
    world.sweep()
    new = UseCase(name="new", rate=0.1, match=Match(trace_name=("new",)))
    world.deployment = make_deployment(old, new).model_copy(update=base)
    world.store.roots += [make_root(f"new{n}", name="new", start=NOW + timedelta(minutes=1)) for n in range(3000)]
    world.sweep(NOW + timedelta(hours=2))
    rates = [
        w.rates["new"]
        for w in asyncio.run(world.state.windows.between(NOW, NOW + timedelta(hours=2)))
        if "new" in w.rates
    ]
    assert [(r.rate, r.why) for r in rates] == [(0.1, "configured")]


def test_other_window_size_does_not_count_traffic_twice() -> None:
    world = World(*roots(50))
    world.sweep()
    world.deployment = make_deployment(window_seconds=60)
    assert world.sweep(NOW + timedelta(minutes=1)).selected == 0
    assert world.funnel().rows[0].seen == 50


def test_lost_ledger_does_not_judge_again_what_the_store_shows() -> None:
    known = score_id(
        "project", "trace-0", None, rubric_name="grounding", rubric_hash=RUBRIC.content_hash(), name=STATE_SCORE
    )
    world = World(*roots(2), scored=[known])
    report = world.sweep()
    assert (report.selected, report.already_scored) == (2, 1)
    assert world.published.trace_ids == ["trace-1"]
    assert world.funnel().rows[0].scored == {"in_store": 1}


def test_lost_ledger_is_checked_again_after_a_crash_in_between() -> None:
    known = score_id(
        "project", "trace-0", None, rubric_name="grounding", rubric_hash=RUBRIC.content_hash(), name=STATE_SCORE
    )
    world = World(*roots(2), scored=[known])
    world.published.broken = True
    with pytest.raises(StateUnavailable):
        world.sweep()
    world.published.broken = False
    world.sweep()
    assert world.funnel().rows[0].scored == {"in_store": 1}


def test_second_sweep_at_the_same_time_does_nothing() -> None:
    world = World(*roots(3))
    asyncio.run(world.state.locks.acquire("sweep", owner="other", ttl_s=60))
    assert world.sweep().skipped_because_running


def test_rubrics_are_published_under_their_hash_before_any_message() -> None:
    world = World(*roots(1))
    world.sweep()
    assert asyncio.run(world.state.documents.get(RUBRIC.content_hash())) == RUBRIC.content()


def test_low_traffic_is_judged_whole_from_the_first_trace_on() -> None:
    deployment = make_deployment(UseCase(name="bot", rate=0.05)).model_copy(
        update={"defaults": Defaults(min_per_day=0), "window_seconds": 3600, "lookback_hours": 72}
    )
    traffic = [make_root(f"d{n}", start=NOW - timedelta(hours=60) + timedelta(minutes=12 * n)) for n in range(290)]
    world = World(*traffic, deployment=deployment)
    assert world.sweep().selected == 290
    recorded = asyncio.run(world.state.windows.between(NOW - timedelta(days=3), NOW))
    by_rule = {w.rates["bot"].why: {w.start.date() for w in recorded if w.rates} for w in recorded if w.rates}
    assert set(by_rule) == {"volume_unknown", "low_traffic"}
    assert all(w.rates["bot"].rate == 1.0 for w in recorded if w.rates)


def test_messages_hold_one_use_case_and_version_and_at_most_sixteen_traces() -> None:
    world = World(*roots(40))
    world.sweep()
    promises = [
        e.promise for e in asyncio.run(world.state.ledger.entries("grounding", world.published.trace_ids)).values()
    ]
    mixed = [*promises[:20], *(p.model_copy(update={"rubric_hash": "other"}) for p in promises[20:])]
    messages = group_messages(mixed)
    assert sorted(len(m.items) for m in messages) == [4, 4, 16, 16]
    assert len({m.rubric_hash for m in messages}) == 2


def test_rootless_traces_are_looked_for_in_one_window_of_many() -> None:
    world = World(*roots(3))
    world.sweep()
    funnel = world.funnel()
    assert world.store.rootless_asked == 1
    assert funnel.windows > 200
    assert (funnel.unseen_rootless, funnel.rootless_windows) == (3, 1)


def test_rootless_traces_are_unknown_where_counting_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.flow.rootless.COUNT_WITHIN_S", 0.01)
    world = World(*roots(3))
    world.store.rootless_hangs = True
    assert world.sweep().selected == 3
    assert (world.funnel().unseen_rootless, world.funnel().rootless_windows) == (None, 0)


def test_use_case_put_in_front_of_another_takes_nothing_of_windows_that_were_counted_before() -> None:
    """Its weighted size would not fit what was seen: the other's traces were passed over by another rate."""
    bot = UseCase(name="bot", rate=0.2)
    world = World(*roots(200), deployment=make_deployment(bot, defaults=NEVER_WHOLE))
    world.sweep()
    before = world.funnel().rows[0]
    in_front = UseCase(name="newfirst", rate=1.0, allow_rate=True)
    world.deployment = make_deployment(in_front, bot, defaults=NEVER_WHOLE)
    for hours in (1, 6, 25):
        world.sweep(NOW + timedelta(hours=hours))
    assert [*world.funnel().rows] == [before]
    fresh = [make_root(f"new-{n}", start=NOW + timedelta(hours=25)) for n in range(10)]
    world.store.roots += fresh
    assert world.sweep(NOW + timedelta(hours=26)).selected == 10
