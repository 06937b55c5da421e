"""Backfills: everything of a range once, in portions, whatever is killed and whoever else is at it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges.rubric import Rubric
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, UseCase
from assay.worker.flow.backfill import releasing
from assay.worker.flow.backfill.run import Backfill
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.ledger import LedgerState, Transition
from assay.worker.records.scores import score_id
from tests.builders import NOW, make_deployment, make_root
from tests.contract.state.making import promise
from tests.unit.worker.flow.backfill.past import DAY, TWO_DAYS_AGO, WEEK_AGO, Past, past
from tests.unit.worker.flow.test_sweep import RUBRIC

NEVER_WHOLE = Defaults(low_traffic=LowTraffic(below_per_day=0), min_per_day=0)
THIRD = make_deployment(UseCase(name="bot", rate=0.3), defaults=NEVER_WHOLE)


def scores_of(*trace_ids: str) -> set[str]:
    """The ids of these traces' scores."""
    version = {"rubric_name": "grounding", "rubric_hash": RUBRIC.content_hash()}
    return {score_id("project", trace_id, None, name=RUBRIC.state_score, **version) for trace_id in trace_ids}


def test_every_trace_is_released_once_with_its_pi_and_a_second_run_adds_nothing() -> None:
    world = Past(*past(300), deployment=THIRD)
    first = world.backfill()
    assert 60 < first.selected < 120
    assert sorted(world.published.trace_ids) == sorted(world.entries())
    assert {(e.promise.pi, e.promise.stratum) for e in world.entries().values()} == {(0.3, "standard")}
    second = world.backfill()
    assert (second.selected, second.windows) == (0, 0)
    assert second.done_before == first.windows
    assert world.funnel().adds_up


def test_traces_of_quiet_hours_travel_together() -> None:
    world = Past(*past(64))
    world.backfill()
    assert [len(message.items) for message in world.published.messages] == [16, 16, 16, 16]


def test_range_that_was_swept_gives_one_answer_and_one_pi() -> None:
    recent = [make_root(f"r-{i}", start=NOW - timedelta(minutes=30 + 3 * i)) for i in range(200)]
    world = Past(*recent, deployment=THIRD)
    swept = world.sweep().selected
    by_sweep = world.entries()
    assert world.backfill(NOW - DAY, NOW).selected == 0
    assert world.entries() == by_sweep
    assert (len(by_sweep), world.funnel().rows[0].seen) == (swept, 200)


def test_sweep_after_a_backfill_gives_the_same_answer() -> None:
    recent = [make_root(f"r-{i}", start=NOW - timedelta(minutes=30 + 3 * i)) for i in range(200)]
    world = Past(*recent, deployment=THIRD)
    selected = world.backfill(NOW - DAY, NOW).selected
    assert world.sweep().selected == 0
    assert len(world.entries()) == selected
    assert world.funnel().rows[0].seen == 200


def test_traces_that_came_into_hours_already_swept_are_taken_up() -> None:
    world = Past(*past(20))
    world.backfill()
    world.store.roots += past(30, prefix="later")
    assert world.backfill().selected == 30
    assert len(world.entries()) == 50


def test_broker_that_fails_in_the_middle_loses_nothing() -> None:
    world = Past(*past(300))
    world.published.broken = True
    with pytest.raises(StateUnavailable):
        world.backfill()
    assert len(world.entries()) == 64  # promised, and the reconciler publishes them
    world.published.broken = False
    assert world.backfill().selected == 236
    assert len(world.entries()) == 300
    assert len(world.published.trace_ids) == len(set(world.published.trace_ids))


def test_two_backfills_at_once_release_everything_once() -> None:
    world = Past(*past(300), deployment=THIRD)
    planned = world.plan()

    async def both() -> list[int]:
        async def one_of() -> int:
            backfill = Backfill(world.sweeper(NOW).scanner, FixedClock(NOW), world.state.reopening, world.gate)
            return (await backfill.run(planned)).selected

        return list(await asyncio.gather(one_of(), one_of()))

    assert sum(asyncio.run(both())) == planned.plan.work == len(world.entries())
    assert len(world.published.trace_ids) == len(set(world.published.trace_ids))


def test_limit_ends_it_and_the_next_run_goes_on() -> None:
    world = Past(*past(100))
    first = world.backfill(limit=30)
    assert (first.selected, first.stopped) == (30, "limit")
    assert len(world.published.trace_ids) == 30
    assert world.backfill(limit=30).selected == 30
    last = world.backfill(limit=100)
    assert (last.selected, last.stopped) == (40, None)


def test_one_use_case_is_done_and_the_others_wait_for_theirs() -> None:
    cases = [UseCase(name=n, rate=1.0, allow_rate=True, match=Match(trace_name=(n,))) for n in ("a", "b")]
    world = Past(*past(30, prefix="a", name="a"), *past(20, prefix="b", name="b"), deployment=make_deployment(*cases))
    assert world.backfill(only="b").selected == 20
    assert {entry.promise.use_case for entry in world.entries().values()} == {"b"}
    assert world.backfill(only="b").selected == 0
    assert world.backfill().selected == 30


def test_use_case_alone_leaves_a_window_of_the_sweep_to_the_sweep() -> None:
    cases = [UseCase(name=n, rate=1.0, allow_rate=True, match=Match(trace_name=(n,))) for n in ("a", "b")]
    start = NOW - timedelta(hours=1)
    world = Past(
        make_root("a", name="a", start=start), make_root("b", name="b", start=start), deployment=make_deployment(*cases)
    )
    assert world.backfill(NOW - DAY, NOW, only="b").selected == 1
    assert world.sweep().selected == 1
    assert world.funnel().adds_up


def test_rubric_that_came_later_is_backfilled_too() -> None:
    world = Past(*past(40))
    world.backfill()
    world.deployment = make_deployment(defaults=Defaults(rubrics=("grounding", "safety")))
    world.rubrics["safety"] = Rubric(name="safety")
    assert world.backfill().selected == 40
    safety = asyncio.run(world.state.ledger.entries("safety", [root.trace_id for root in world.store.roots]))
    assert len(safety) == 40


def test_scores_in_the_store_are_not_made_again_where_the_ledger_was_lost() -> None:
    names = [root.trace_id for root in past(10)][:4]
    known = sorted(scores_of(*names))
    world = Past(*past(10), scored=known)
    report = world.backfill()
    assert (report.selected, report.already_scored) == (6, 4)
    assert {key for key, e in world.entries().items() if e.reason == "in_store"} == set(names)
    assert world.outcome().scored == 4


def test_forgotten_entries_of_counted_traces_are_not_counted_twice() -> None:
    """Final entries live 14 days. Then the store says what was judged."""
    world = Past(*past(10))
    world.backfill()
    world.judge()
    world.store.scored = scores_of(*(root.trace_id for root in world.store.roots))
    world.state.ledger._entries.clear()  # type: ignore[attr-defined]
    world.store.roots += past(5, prefix="new")
    report = world.backfill()
    assert report.selected == 5
    assert report.already_scored > 0
    assert set(world.entries()) == {f"new-{n}" for n in range(5)}


@pytest.mark.parametrize("state", [LedgerState.SCORED, LedgerState.SKIPPED, LedgerState.DEAD])
def test_rejudge_takes_what_ended_under_another_version_once(state: LedgerState) -> None:
    world = Past(*past(20), deployment=THIRD)
    selected = world.backfill().selected
    world.judge(state, "x")
    pis = {key: entry.promise.pi for key, entry in world.entries().items()}
    assert world.backfill(rejudge=True).selected == 0
    world.rubrics["grounding"] = _other_rubric()
    assert world.backfill().selected == 0
    assert world.plan().plan.rubrics[0].outdated == selected
    assert world.plan(rejudge=True).plan.rubrics[0].again == selected
    assert world.backfill(rejudge=True).selected == selected
    entries = world.entries()
    assert {e.promise.rubric_hash for e in entries.values()} == {world.rubrics["grounding"].content_hash()}
    assert {key: e.promise.pi for key, e in entries.items()} == pis
    assert {e.state for e in entries.values()} == {LedgerState.OPEN}
    assert world.backfill(rejudge=True).selected == 0
    assert world.outcome().selected == selected


def _other_rubric() -> Rubric:
    return Rubric.model_validate({"name": "grounding", "risk_labels": {"medium": 0.3, "high": 0.6}})


def test_rejudge_with_a_limit_goes_on_where_it_stopped() -> None:
    world = Past(*past(20))
    world.backfill()
    world.judge()
    assert world.plan().plan.rubrics[0].outdated == 0
    world.rubrics["grounding"] = _other_rubric()
    assert world.backfill(rejudge=True, limit=8).selected == 8
    assert world.backfill(rejudge=True, limit=8).selected == 8
    assert world.backfill(rejudge=True).selected == 4


def test_live_work_that_waits_goes_first() -> None:
    world = Past(*past(64))
    live = [promise(f"live-{n}", use_case="bot") for n in range(800)]

    async def wait_as_live() -> None:
        await world.state.ledger.promise(live, now=NOW, due=NOW + timedelta(seconds=120))
        await world.state.backlog.enter(live, now=NOW)

    asyncio.run(wait_as_live())
    assert world.backfill().selected == 64
    first = [trace_id for trace_id in world.published.trace_ids[:176] if not trace_id.startswith("live")]
    assert len(first) == 16, "of eleven messages one"


def test_no_more_is_open_than_workers_can_do_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(releasing, "NO_PROGRESS_S", 0.0)
    monkeypatch.setattr(releasing, "MOST_OPEN", 512)
    world = Past(*past(1200), deployment=make_deployment(window_seconds=3600))
    world.workers = False
    report = world.backfill()
    assert report.stopped == "no_worker"
    assert report.selected <= releasing.MOST_OPEN
    assert len(world.published.trace_ids) == report.selected
    while world.backfill().stopped:
        world.judge()
    assert len(world.entries()) == 1200


def test_outcome_adds_up_and_counts_the_range_alone() -> None:
    world = Past(*past(12), *past(5, first=NOW - DAY, days=1, prefix="today"))
    world.backfill()
    ids = sorted(world.entries())
    changes = [(LedgerState.SCORED, ""), (LedgerState.SKIPPED, "no_evidence"), (LedgerState.DEAD, "poison")]
    moved = [
        Transition(trace_id=key, expected=(LedgerState.OPEN,), state=state, reason=reason)
        for key, (state, reason) in zip(ids[:9], changes * 3, strict=True)
    ]
    asyncio.run(world.state.ledger.apply("grounding", moved, now=NOW))
    outcome = world.outcome()
    assert (outcome.scored, outcome.skipped, outcome.dead) == (3, {"no_evidence": 3}, {"poison": 3})
    assert outcome.in_flight == {"open": 3}
    assert outcome.selected == 12
    assert world.outcome(WEEK_AGO + DAY, TWO_DAYS_AGO).selected < 12


def test_backfill_beside_windows_of_another_size_takes_every_trace_and_counts_none_twice() -> None:
    hour = TWO_DAYS_AGO - DAY
    roots = [make_root(f"w-{n}", start=hour + n * timedelta(minutes=1)) for n in range(120)]
    world = Past(*roots, deployment=make_deployment(window_seconds=1800))
    assert world.backfill(hour, hour + timedelta(minutes=30)).selected == 30
    world.deployment = make_deployment(window_seconds=3600)
    assert world.backfill(hour, hour + timedelta(hours=2)).selected == 90
    windows = asyncio.run(world.state.windows.between(hour, hour + timedelta(hours=2)))
    assert [window.seen["bot"] for window in windows] == [30, 30, 60]
    assert world.backfill(hour, hour + timedelta(hours=2)).selected == 0
