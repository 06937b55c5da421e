"""Bounds that alarms go by: exact, right for weights and sessions, never too bold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.alarms import (
    PageRule,
    alarm_bound,
    exact_lower_bound,
    exact_upper_bound,
    fewest_hits,
    is_shown_above,
    worth_of,
)
from assay.worker.statistics.always_valid import Sprt, confidence_sequence, log_mixture_e
from assay.worker.statistics.cusum import BernoulliCusum, cusum_limit
from assay.worker.statistics.intervals import clopper_pearson

sizes = st.integers(1, 400)
alphas = st.sampled_from([0.0005, 0.001, 0.025, 0.2])


@given(n=sizes, part=st.floats(0, 1), alpha=alphas)
def test_both_bounds_are_the_exact_interval(n: int, part: float, alpha: float) -> None:
    k = round(n * part)
    ends = clopper_pearson(k, n, 1 - 2 * alpha)
    assert ends is not None
    assert exact_lower_bound(k, n, alpha) == pytest.approx(ends.low, abs=1e-9)
    assert exact_upper_bound(k, n, alpha) == pytest.approx(ends.high, abs=1e-9)


@given(n=sizes, threshold=st.floats(0.001, 0.6), alpha=alphas)
def test_the_fewest_hits_are_the_first_that_show_it(n: int, threshold: float, alpha: float) -> None:
    fewest = fewest_hits(n, threshold, alpha)
    if fewest is None:
        assert not is_shown_above(n, n, threshold, alpha)
    else:
        assert is_shown_above(fewest, n, threshold, alpha)
        assert not is_shown_above(fewest - 1, n, threshold, alpha)


@given(n=sizes, part=st.floats(0, 1), weight=st.floats(1, 50))
def test_equal_weights_change_nothing(n: int, part: float, weight: float) -> None:
    k = round(n * part)
    hits = np.arange(n) < k
    bound = alarm_bound(np.full(n, weight), hits, 0.001)
    assert bound == pytest.approx(exact_lower_bound(k, n, 0.001), abs=1e-6)


@given(flags=st.lists(st.tuples(st.booleans(), st.floats(1, 50), st.integers(0, 5)), min_size=1, max_size=60))
def test_weights_and_sessions_never_make_it_bolder(flags: list[tuple[bool, float, int]]) -> None:
    hits, weights = np.array([hit for hit, _, _ in flags]), np.array([weight for _, weight, _ in flags])
    sessions = np.array([session for _, _, session in flags])
    alone, together = worth_of(weights, hits), worth_of(weights, hits, sessions)
    assert alone is not None
    assert together is not None
    assert 1 <= alone.n <= len(flags)
    assert 1 <= together.n <= max(1, len(set(sessions.tolist())) if alone.share in {0.0, 1.0} else len(flags))
    bound = alarm_bound(weights, hits, 0.0005, clusters=sessions)
    assert bound is not None
    assert 0 <= bound <= alone.share + 1e-9


def test_one_heavy_trace_wakes_nobody() -> None:
    """A flagged trace that stands for fifty is one trace all the same."""
    hits = np.array([True, *[False] * 29])
    weights = np.array([50.0, *[1.0] * 29])
    worth = worth_of(weights, hits)
    assert worth is not None
    assert worth.share > 0.6
    assert worth.n < 3
    bound = alarm_bound(weights, hits, 0.0005)
    assert bound is not None
    assert bound < 0.05


def test_sessions_that_go_wrong_together_are_few_observations() -> None:
    hits = np.repeat([True, False, False], 10)
    sessions = np.repeat([1, 2, 3], 10)
    alone, together = (alarm_bound(np.ones(30), hits, 0.001, clusters=each) for each in (None, sessions))
    assert alone is not None
    assert together is not None
    assert together < 0.02 < alone


def test_no_traces_have_no_bound() -> None:
    assert alarm_bound(np.empty(0), np.empty(0, dtype=np.bool_), 0.001) is None
    assert not PageRule(0.2, 0.05, 0.0005).holds(0, 0)
    assert PageRule(0.2, 0.05, 0.0005).fewest(1) is None


@pytest.mark.parametrize(("k", "n", "alpha"), [(-1, 5, 0.1), (6, 5, 0.1), (1, math.inf, 0.1), (1, 5, 0.0), (1, 5, 1.0)])
def test_what_is_no_question_is_refused(k: float, n: float, alpha: float) -> None:
    for bound in (exact_lower_bound, exact_upper_bound):
        with pytest.raises(ValueError, match=r"need 0 <= k|alpha must"):
            bound(k, n, alpha)


@given(hits=st.lists(st.booleans(), max_size=80), start=st.floats(0, 6))
def test_a_cusum_adds_up_trace_by_trace(hits: list[bool], start: float) -> None:
    chart = BernoulliCusum(0.05, 0.15, 3.0)
    value, path = start, []
    for hit in hits:
        value = max(0.0, value + (chart.hit if hit else chart.miss))
        path.append(value)
    flags = np.array(hits, dtype=np.bool_)
    assert chart.path(flags, start) == pytest.approx(np.array(path), abs=1e-9)
    assert chart.value_after(flags, start) == pytest.approx(value, abs=1e-9)
    alarm = next((at for at, each in enumerate(path) if each >= 3.0), None)
    assert chart.first_alarm(np.array(path)) == alarm


def test_a_chart_needs_two_shares() -> None:
    with pytest.raises(ValueError, match="p0 < p1"):
        BernoulliCusum(0.1, 0.1, 3.0).path(np.array([True]))
    with pytest.raises(ValueError, match="at least one trace"):
        cusum_limit(0.05, 0.1, 0.5)


def test_a_sequential_test_may_need_more_traces_or_clear_the_share() -> None:
    test = Sprt(0.05, 0.15, 0.05, 0.1)
    assert test.decision([False] * 3) is None
    assert test.decision([False] * 100) == ("H0", 20)


@given(n=st.integers(0, 200), part=st.floats(0, 1))
def test_a_confidence_sequence_holds_the_share_itself(n: int, part: float) -> None:
    k = round(n * part)
    ends = confidence_sequence(k, n)
    assert 0 <= ends.low <= (k / n if n else 0.5) <= ends.high <= 1
    assert not n or math.isfinite(log_mixture_e(k, n, 0.05))


def test_bad_answers_of_many_sessions_wake_somebody_and_those_of_one_do_not() -> None:
    """Thirty traces of eight sessions, ten of them bad: in six sessions, or nearly all in two."""
    sessions = np.arange(30) % 8
    spread = np.isin(np.arange(30), [0, 1, 2, 3, 4, 5, 8, 9, 10, 11])
    bound = alarm_bound(np.ones(30), spread, 0.0005, clusters=sessions)
    assert bound is not None
    assert bound > 0.05
    crowded = np.sort(sessions) < 2
    bound = alarm_bound(np.ones(30), crowded, 0.0005, clusters=np.sort(sessions))
    assert bound is not None
    assert bound < 0.05


def test_where_all_agree_a_session_is_one_answer() -> None:
    worth = worth_of(np.ones(12), np.ones(12, dtype=np.bool_), np.zeros(12, dtype=np.int64))
    assert worth is not None
    assert worth.n == 1
