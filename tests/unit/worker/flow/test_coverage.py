"""Which traces no sweep will look at, and the command that judges them."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.cli.moments import parse_range
from assay.worker.config.use_cases import Match, UseCase
from assay.worker.flow.coverage import Coverage, backfill_command, look_for_uncovered, uncovered_reason
from assay.worker.reporting.terminal.coverage import coverage_lines, status_lines
from tests.builders import NOW, make_deployment, make_root
from tests.unit.worker.flow.backfill.past import DAY, Past, past


def look(world: Past, now: datetime = NOW, **over: Any) -> Coverage:
    chooser = world.sweeper(now).scanner.chooser
    return asyncio.run(look_for_uncovered(world.store, world.state.windows, chooser, now, **{"most": 1000, **over}))


def test_old_traces_are_outside_and_the_command_covers_them_all() -> None:
    world = Past(*past(25), *[make_root(f"new-{n}", start=NOW - timedelta(hours=2)) for n in range(15)])
    coverage = look(world)
    assert (coverage.too_old, coverage.next_sweep, coverage.outside) == (25, 15, 25)
    first, last = _range(coverage.command)
    assert all(first <= root.start < last for root in world.store.roots[:25])
    assert world.backfill(first, last).selected == 25
    assert look(world).outside == 0
    assert look(world).command is None


def test_what_was_swept_or_passed_over_is_not_outside() -> None:
    deployment = make_deployment(UseCase(name="bot", rate=0.1))
    world = Past(*[make_root(f"t-{n}", start=NOW - timedelta(hours=3)) for n in range(40)], deployment=deployment)
    world.sweep()
    assert look(world).model_dump(include={"outside", "next_sweep", "waiting"}) == {
        "outside": 0,
        "next_sweep": 0,
        "waiting": 0,
    }


def test_traces_that_come_into_swept_hours_wait_for_a_look_back_and_are_outside_after_the_last() -> None:
    world = Past(make_root("first", start=NOW - timedelta(hours=3)))
    world.sweep()
    world.store.roots.append(make_root("second", start=NOW - timedelta(hours=3)))
    coverage = look(world)
    assert (coverage.waiting, coverage.outside) == (1, 0)
    assert coverage.waiting_until == datetime(2026, 11, 21, 20, 45, tzinfo=UTC)
    assert coverage.waiting_command == "assay backfill --from 2026-11-21T09:00Z --to 2026-11-21T09:05Z"
    assert any(coverage.waiting_command in line for line in coverage_lines(coverage))
    world.store.roots.pop()
    for hours in (2, 12, 23, 30):
        for _ in range(30):
            world.sweep(NOW + timedelta(hours=hours))
    world.store.roots.append(make_root("third", start=NOW - timedelta(hours=3)))
    late = look(world, NOW + timedelta(hours=31))
    assert (late.already_swept, late.outside) == (1, 1)
    assert late.command == "assay backfill --from 2026-11-21T09:00Z --to 2026-11-21T09:05Z"


def test_future_unfinished_excluded_and_unmatched_are_told_apart() -> None:
    start = NOW - timedelta(hours=1)
    deployment = make_deployment(UseCase(name="bot", rate=1.0, allow_rate=True, match=Match(trace_name=("bot",))))
    world = Past(
        make_root("soon", start=NOW + timedelta(days=2)),
        make_root("open", start=start).model_copy(update={"end": None}),
        make_root("own", start=start, environment="sdk-experiment"),
        make_root("other", start=start, name="other"),
        make_root("just ended", start=NOW - timedelta(seconds=20), end=NOW - timedelta(seconds=5)),
        deployment=deployment,
    )
    coverage = look(world)
    assert (coverage.future, coverage.unfinished, coverage.excluded, coverage.unmatched) == (1, 1, 1, 1)
    assert (coverage.next_sweep, coverage.outside) == (1, 0)


def test_use_case_that_was_left_out_of_a_backfill_is_still_outside() -> None:
    cases = [UseCase(name=n, rate=1.0, allow_rate=True, match=Match(trace_name=(n,))) for n in ("a", "b")]
    world = Past(*past(30, prefix="a", name="a"), *past(20, prefix="b", name="b"), deployment=make_deployment(*cases))
    world.backfill(only="b")
    assert look(world).too_old == 30
    world.backfill()
    assert look(world).outside == 0


def test_looking_ends_at_the_most_and_says_so() -> None:
    coverage = look(Past(*past(100)), most=50)
    assert coverage.is_cut
    assert coverage.outside < 100
    assert next(status_lines(coverage)).startswith("at least ")


def test_nothing_in_the_store_is_nothing_to_say() -> None:
    assert list(coverage_lines(look(Past()))) == []


def test_looking_does_not_begin_the_state() -> None:
    """The first sweep begins it. An import before must not say how far back that looks."""
    world = Past(*past(3))
    look(world)
    assert asyncio.run(world.state.windows.known_epoch()) is None


def test_lines_name_number_reason_and_command() -> None:
    lines = list(coverage_lines(look(Past(*past(25)))))
    assert lines[0].startswith("25 traces will not be swept: 25 began before 20 Nov 12:00 UTC (lookback_hours: 24).")
    assert lines[1].strip().startswith("assay backfill --from 2026-11-14T12:00Z --to ")


@given(
    st.integers(0, 10**10).map(lambda ms: datetime(2026, 11, 1, tzinfo=UTC) - timedelta(milliseconds=ms)),
    st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds, microseconds=seconds)),
)
def test_command_reads_back_as_a_range_that_holds_both_ends(first: datetime, length: timedelta) -> None:
    last = first + length + timedelta(microseconds=1)
    start, end = _range(backfill_command(first, last))
    assert start <= first < last <= end
    assert end - start <= last - first + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("start", "said"),
    [(NOW - timedelta(hours=30), "older than what sweeps look at"), (NOW - timedelta(hours=20), None)],
)
def test_why_a_single_trace_will_not_be_swept(start: datetime, said: str | None) -> None:
    reason = uncovered_reason(start, None, make_deployment(), NOW, NOW)
    assert (reason is None) == (said is None)
    if reason is not None and said is not None:
        assert said in reason
        first, last = _range(re.search("assay backfill .*", reason)[0])  # type: ignore[index]
        assert first <= start < last


def test_trace_in_a_window_of_a_past_backfill_is_named_with_its_command() -> None:
    world = Past(*past(5))
    world.backfill()
    window = asyncio.run(world.state.windows.between(NOW - 8 * DAY, NOW))[0]
    reason = uncovered_reason(window.start, window, make_deployment(), NOW, NOW)
    assert reason is not None
    assert "scanned for the last time" in reason


def _range(command: str | None) -> tuple[datetime, datetime]:
    assert command is not None
    parts = command.split()
    return parse_range(parts[parts.index("--from") + 1], parts[parts.index("--to") + 1], NOW)
