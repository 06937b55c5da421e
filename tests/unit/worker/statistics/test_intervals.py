"""Wilson and Clopper–Pearson against published numbers, and what every interval must be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.intervals import clopper_pearson, mid_p, regularised_beta, wilson
from tests.unit.worker.statistics.vectors import vector, vectors

counts = st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("case", vectors("ci-"), ids=lambda case: case["id"])
def test_intervals_equal_the_vectors(case: dict) -> None:  # type: ignore[type-arg]  # JSON
    k, n = case["input"]["k"], case["input"]["n"]
    for interval, name in ((wilson(k, n), "wilson"), (clopper_pearson(k, n), "clopper_pearson")):
        assert interval is not None
        assert [interval.low, interval.high] == pytest.approx(case["expected"][name], abs=1e-9)


def test_clopper_pearson_follows_the_rule_of_three() -> None:
    case = vector("rule-of-three")
    for n, upper in zip(case["input"]["n"], case["expected"]["upper"], strict=True):
        interval = clopper_pearson(0, n, conf=0.90)
        assert interval is not None
        assert interval.high == pytest.approx(upper, abs=1e-9)


def test_korn_graubard_limits_come_from_fractional_counts() -> None:
    expected = vector("ht-hajek-small")["expected"]
    n_star = expected["n_star"]
    interval = clopper_pearson(expected["hajek_mean"] * n_star, n_star)
    assert interval is not None
    assert [interval.low, interval.high] == pytest.approx(expected["ci_korn_graubard"], abs=1e-8)


@pytest.mark.parametrize("name", vector("coverage")["input"]["cases"])
def test_exact_coverage_is_as_published(name: str) -> None:
    """Summed over every count. The mid-p interval covers about what it says, on neither side of it by much."""
    n, p = (float(part.split("=")[1]) for part in name.split(","))
    covered = {"wilson": 0.0, "clopper_pearson": 0.0, "mid_p": 0.0}
    for k in range(int(n) + 1):
        chance = math.comb(int(n), k) * p**k * (1 - p) ** (n - k)
        if chance > 1e-9:
            for interval_of in (wilson, clopper_pearson, mid_p):
                interval = interval_of(k, n)
                assert interval is not None
                covered[interval_of.__name__] += chance * (interval.low <= p <= interval.high)
    expected = vector("coverage")["expected"][name]
    assert covered["wilson"] == pytest.approx(expected["wilson"], abs=1e-4)
    assert covered["clopper_pearson"] == pytest.approx(expected["clopper_pearson"], abs=1e-4)
    assert 0.92 < covered["mid_p"] <= covered["clopper_pearson"] + 1e-9


@given(st.integers(0, 60), st.integers(1, 60))
def test_mid_p_lies_inside_the_exact_interval(k: int, more: int) -> None:
    inner, outer = mid_p(k, k + more), clopper_pearson(k, k + more)
    assert inner is not None
    assert outer is not None
    assert outer.low <= inner.low + 1e-9
    assert inner.high <= outer.high + 1e-9


@given(counts)
def test_intervals_contain_the_share_and_stay_inside_0_and_1(case: tuple[int, int]) -> None:
    k, n = case
    for interval in (wilson(k, n), clopper_pearson(k, n), mid_p(k, n)):
        if n == 0:
            assert interval is None
        else:
            assert interval is not None
            assert 0 <= interval.low <= k / n <= interval.high <= 1


@given(st.integers(1, 400), st.data())
def test_more_confidence_gives_a_wider_interval(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    for interval_of in (wilson, clopper_pearson, mid_p):
        narrow, wide = interval_of(k, n, 0.8), interval_of(k, n, 0.99)
        assert narrow is not None
        assert wide is not None
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(st.floats(0.01, 0.99), st.floats(0.5, 500), st.floats(0.5, 500))
def test_incomplete_beta_is_symmetric(x: float, a: float, b: float) -> None:
    assert regularised_beta(x, a, b) == pytest.approx(1 - regularised_beta(1 - x, b, a), abs=1e-9)


def test_incomplete_beta_equals_a_binomial_tail() -> None:
    tail = sum(math.comb(40, i) * 0.3**i * 0.7 ** (40 - i) for i in range(15, 41))
    assert regularised_beta(0.3, 15, 26) == pytest.approx(tail, abs=1e-12)


@pytest.mark.parametrize(("k", "n", "conf"), [(-1, 5, 0.95), (6, 5, 0.95), (1, -1, 0.95), (1, 5, 0), (1, 5, 1)])
@pytest.mark.parametrize("interval_of", [wilson, clopper_pearson, mid_p])
def test_intervals_refuse_impossible_counts(interval_of, k: float, n: float, conf: float) -> None:  # type: ignore[no-untyped-def]  # either function
    with pytest.raises(ValueError, match=r"0 <= k <= n|between 0 and 1"):
        interval_of(k, n, conf)


def test_intervals_refuse_what_is_not_a_number() -> None:
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="0 <= k <= n"):
            wilson(bad, bad)
