"""The traffic around a window, as its rate is resolved from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.config.use_cases import UseCase
from assay.worker.flow.rates import CountedAhead, History, rates_for, volume_of
from assay.worker.records.windows import ResolvedRate, WindowRecord
from tests.builders import NOW, make_deployment

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def window(hours: float, traces: int = 0, rate: float = 1.0, **over: object) -> WindowRecord:
    start = NOW + hours * HOUR
    rates = {"bot": ResolvedRate.model_validate({"rate": rate, "why": "low_traffic", **over})} if traces else {}
    return WindowRecord(start=start, end=start + HOUR, seen={"bot": traces} if traces else {}, rates=rates)


def volume(around: list[WindowRecord], ahead: dict[int, int] | None = None) -> tuple[int, float]:
    counted = CountedAhead({NOW + hours * HOUR: {"bot": n} for hours, n in (ahead or {}).items()})
    known = volume_of("bot", History([], 3600), sorted(around, key=lambda w: w.start), window(0), 1, counted)
    return known.in_day, known.taken_in_day


@given(st.dictionaries(st.integers(-30, 30).filter(bool), st.integers(0, 50), max_size=20))
def test_volume_is_the_largest_of_all_24_hours_with_the_window_in_them(seen: dict[int, int]) -> None:
    spans = [sum(n for hours, n in seen.items() if begin <= hours < begin + 24) for begin in range(-23, 1)]
    assert volume([window(hours, n) for hours, n in seen.items()]) == (max(spans), float(max(spans)))
    assert volume([], seen) == (max(spans), 0.0)


def test_what_was_counted_ahead_does_not_count_twice_what_was_scanned() -> None:
    assert volume([window(-2, 10)], {-2: 10, -1: 5}) == (15, 10.0)


def test_rate_of_a_window_says_how_many_are_taken() -> None:
    assert volume([window(-2, 100, 0.25)]) == (100, 25.0)


def test_lowered_rate_is_for_the_later_ones_alone() -> None:
    lowered = window(-2, 110, 0.1, lowered=1, earlier=10, earlier_taken=10.0, seen=110)
    assert volume([lowered])[1] == pytest.approx(20.0)


def test_rate_that_is_stored_stays_whatever_the_traffic_says() -> None:
    deployment = make_deployment(UseCase(name="bot"))
    stored = window(0, 5, 1.0, seen=5)
    busy = [window(-hours, 900, 1.0, seen=900) for hours in range(1, 5)]
    assert rates_for(History([], 3600), busy, deployment, stored, {"bot": 5}, CountedAhead()) == stored.rates


def test_standard_rate_is_never_lowered() -> None:
    deployment = make_deployment(UseCase(name="bot"))
    stored = window(0, 5, 0.1, why="configured", seen=5)
    assert rates_for(History([], 3600), [], deployment, stored, {"bot": 9000}, CountedAhead()) == stored.rates


@pytest.mark.parametrize(("days", "complete", "partial"), [(1, 0, 1), (3, 2, 1)])
def test_day_of_the_first_trace_counts_as_seen_in_part(days: int, complete: int, partial: int) -> None:
    midnight = NOW.replace(hour=0)
    windows = [
        WindowRecord(
            start=midnight - day * DAY + hour * HOUR,
            end=midnight - day * DAY + (hour + 1) * HOUR,
            seen={"bot": 10},
            rates={"bot": ResolvedRate(rate=1.0, why="low_traffic")},
        )
        for day in range(days, 0, -1)
        for hour in range(24)
    ]
    known = History(windows, 3600).days("bot")
    assert (known.complete, known.partial) == ((240,) * complete, (240,) * partial)
