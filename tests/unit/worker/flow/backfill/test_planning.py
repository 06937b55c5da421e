"""What a backfill would select is told beforehand, and nothing is written."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, UseCase
from tests.builders import NOW, make_deployment, make_root
from tests.unit.worker.flow.backfill.past import DAY, TWO_DAYS_AGO, WEEK_AGO, Past, past

TENTH = make_deployment(UseCase(name="bot"), defaults=Defaults(low_traffic=LowTraffic(below_per_day=0), min_per_day=0))


def test_plan_counts_traces_by_use_case_and_what_the_hash_would_take() -> None:
    others = [make_root("u", name="other", start=WEEK_AGO), make_root("x", environment="assay", start=WEEK_AGO)]
    bot = UseCase(name="bot", rate=0.2, match=Match(trace_name=("bot",)))
    world = Past(*past(400), *others, deployment=make_deployment(bot, defaults=TENTH.defaults))
    plan = world.plan().plan
    case, rubric = plan.use_cases[0], plan.rubrics[0]
    assert (case.use_case, case.traces, case.lowest_rate, case.highest_rate) == ("bot", 400, 0.2, 0.2)
    assert rubric.selected + rubric.passed_over == 400
    assert 50 < plan.work < 110
    assert (plan.unmatched, plan.excluded) == (1, 1)


def test_plan_writes_nothing_and_the_backfill_does_what_it_said() -> None:
    world = Past(*past(900), deployment=make_deployment(window_seconds=3600))
    world.queue.work = world.end_all
    planned = world.plan().plan.work
    assert world.entries() == {}
    assert asyncio.run(world.state.windows.between(WEEK_AGO, NOW)) == []
    assert world.backfill().selected == planned == 900


@pytest.mark.parametrize(("a_day", "is_whole"), [(240, True), (999, True), (1200, False)])
def test_rates_come_from_the_days_in_the_range(a_day: int, is_whole: bool) -> None:
    world = Past(*past(4 * a_day), deployment=make_deployment(UseCase(name="bot"), window_seconds=3600))
    world.queue.work = world.end_all
    case = world.plan().plan.use_cases[0]
    assert case.highest_rate == (1.0 if is_whole else 0.1)
    planned = world.plan().plan.work
    assert world.backfill().selected == planned


def test_day_whose_neighbour_is_busy_is_told_from_both() -> None:
    """600 traces in the evening and 600 in the morning after are 1,200 in a day."""
    midnight = (WEEK_AGO + DAY).replace(hour=0)
    evening = past(600, days=1, first=midnight - timedelta(hours=6), prefix="e")
    near = [
        root.model_copy(update={"start": midnight - timedelta(minutes=5 + i % 300)}) for i, root in enumerate(evening)
    ]
    morning = [make_root(f"m-{i}", start=midnight + timedelta(minutes=i % 300)) for i in range(600)]
    world = Past(*near, *morning, deployment=make_deployment(UseCase(name="bot")))
    assert world.plan().plan.use_cases[0].highest_rate == 0.1


def test_what_was_selected_before_is_no_work() -> None:
    world = Past(*past(100))
    world.backfill()
    rubric = world.plan().plan.rubrics[0]
    assert (rubric.selected, rubric.known, rubric.work) == (0, 100, 0)


def test_one_use_case_alone() -> None:
    cases = [UseCase(name=n, rate=1.0, allow_rate=True, match=Match(trace_name=(n,))) for n in ("a", "b")]
    world = Past(*past(30, prefix="a", name="a"), *past(20, prefix="b", name="b"), deployment=make_deployment(*cases))
    plan = world.plan(only="b").plan
    assert [(case.use_case, case.traces) for case in plan.use_cases] == [("b", 20)]
    assert plan.work == 20


def test_range_is_rounded_to_whole_windows_and_ends_at_the_last_closed_one() -> None:
    world = Past(make_root("t", start=NOW - timedelta(minutes=50)))
    plan = world.plan(NOW - timedelta(minutes=52), NOW).plan
    assert (plan.start, plan.end) == (NOW - timedelta(minutes=55), NOW - timedelta(minutes=5))


def test_range_without_a_closed_window_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no closed window"):
        Past().plan(NOW - timedelta(seconds=30), NOW)


def test_range_of_years_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="3,660 days"):
        Past().plan(NOW - 4000 * DAY, NOW)


def test_too_many_traces_are_refused_while_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.flow.backfill.planning.MOST_TRACES", 50)
    with pytest.raises(ConfigurationError, match="shorter range"):
        Past(*past(100)).plan()


def test_empty_range_is_an_empty_plan() -> None:
    plan = Past().plan(WEEK_AGO, TWO_DAYS_AGO).plan
    assert (plan.traces, plan.work, plan.windows) == (0, 0, 0)
