"""What the judge server counts is what limits are held to: it must count right itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fire.judge_calls import Call, busiest, most_in_flight, summary

MOMENTS = st.lists(st.integers(0, 400), max_size=40).map(sorted)


def call(at: float, end: float, *, marker: str = "mk0000001x", outcome: str = "answered") -> Call:
    return Call(at, marker, "model", 10, end, outcome, 1)


@given(MOMENTS)
def test_busiest_span_is_that_of_a_search_over_all(moments: list[int]) -> None:
    expected = max((sum(m < other <= m + 59 for other in moments) for m in range(-60, 400)), default=0)
    assert busiest([float(m) for m in moments], [1] * len(moments), 59.0) == expected


def test_busiest_span_sums_amounts() -> None:
    assert busiest([0.0, 30.0, 61.0], [5, 7, 1], 60.0) == 12


def test_calls_that_touch_are_not_in_flight_together() -> None:
    assert most_in_flight([call(0, 1), call(1, 2), call(1.5, 3)]) == 2
    assert most_in_flight([]) == 0


@pytest.mark.parametrize(("outcome", "extra"), [("answered", 1), ("failing", 0), ("gone", 0)])
def test_only_a_second_answer_is_extra(outcome: str, extra: int) -> None:
    told = summary([call(0, 1), call(2, 3, outcome=outcome), call(0, 1, marker="mk0000002x")])
    assert told["extra_answered"] == extra
    assert told["traces_answered"] == 2
