"""The Kaplan-Meier quantile: equal to the plain one where everything is over, later where it is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.models.survival import quantile

SECONDS = st.floats(0.01, 1e3, allow_nan=False)
CALLS = st.lists(st.tuples(SECONDS, st.booleans()), min_size=1, max_size=60)
SHARE = st.sampled_from([0.5, 0.9, 0.95])


@given(st.lists(SECONDS, min_size=1, max_size=80), SHARE)
def test_where_all_are_answered_it_is_the_plain_quantile(seconds: list[float], share: float) -> None:
    place = math.ceil(share * len(seconds) - 1e-9)
    assert quantile([(s, True) for s in seconds], share) == sorted(seconds)[place - 1]


@given(CALLS, SHARE)
def test_what_is_not_over_makes_it_later_or_unknown(calls: list[tuple[float, bool]], share: float) -> None:
    told = quantile(calls, share)
    plain = quantile([(s, True) for s, _ in calls], share)
    assert plain is not None
    assert told is None or told >= plain


@given(CALLS, SHARE)
def test_it_is_the_time_of_an_answer(calls: list[tuple[float, bool]], share: float) -> None:
    told = quantile(calls, share)
    assert told is None or (told, True) in calls


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([], None),
        ([(1.0, False)] * 20, None),
        ([(1.0, True)] * 18 + [(0.5, False)] * 2, 1.0),  # too young to say anything
        ([(1.0, True)] * 18 + [(3.0, False)] * 2, None),
        ([(1.0, True)] * 19 + [(3.0, False)], 1.0),
        ([(1.0, True)] * 18 + [(1.0, False), (2.0, True)], 2.0),
    ],
)
def test_small_cases(calls: list[tuple[float, bool]], told: float | None) -> None:
    assert quantile(calls, 0.95) == told
