"""Hájek estimates against published numbers, and the traps of weighting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.intervals import wilson
from assay.worker.statistics.weighted import hajek_mean, hajek_share
from tests.unit.worker.statistics.vectors import vector

rows = st.lists(st.tuples(st.booleans(), st.floats(0.01, 1), st.integers(0, 5)), min_size=1, max_size=60)


def test_hajek_equals_the_worked_example() -> None:
    case = vector("ht-hajek-small")
    y, pi, expected = case["input"]["y"], case["input"]["pi"], case["expected"]
    mean, share = hajek_mean(y, pi), hajek_share(y, pi)
    assert mean is not None
    assert share is not None
    assert mean.value == pytest.approx(expected["hajek_mean"], abs=1e-8)
    assert math.sqrt(mean.variance) == pytest.approx(expected["se_hajek"], abs=1e-8)
    assert mean.n_kish == pytest.approx(expected["n_eff_kish"], abs=1e-8)
    assert share.n_effective == pytest.approx(expected["n_star"], abs=1e-8)
    assert [share.low, share.high] == pytest.approx(expected["ci_wilson_nstar"], abs=1e-8)


def test_share_undoes_oversampling() -> None:
    """5 % of 10,000 clean and all of 500 flagged traces: the plain mean would say 50 %."""
    flags = [False] * 500 + [True] * 500
    share = hajek_share(flags, [0.05] * 500 + [1.0] * 500)
    assert share is not None
    assert share.value == pytest.approx(500 / 10_500)


def test_share_of_everything_is_a_plain_wilson_interval() -> None:
    share, plain = hajek_share([1] * 12 + [0] * 188, [1.0] * 200), wilson(12, 200)
    assert share is not None
    assert plain is not None
    assert (share.low, share.high) == pytest.approx((plain.low, plain.high))


def test_clusters_widen_the_interval_when_they_agree_within() -> None:
    flags = [True] * 50 + [False] * 150
    together = hajek_share(flags, [1.0] * 200, clusters=[row // 25 for row in range(200)])
    alone = hajek_share(flags, [1.0] * 200)
    assert together is not None
    assert alone is not None
    assert together.n_clusters == 8
    assert together.n_effective is not None
    assert together.n_effective < 10
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_one_cluster_is_not_estimable() -> None:
    assert hajek_share([1, 0, 1], [1.0, 1.0, 1.0], clusters=["a", "a", "a"]) is None


def test_nothing_judged_is_not_estimable() -> None:
    assert hajek_mean([], []) is None
    assert hajek_share([], []) is None


def test_clean_clusters_count_once_each() -> None:
    """No flag in 300 traces of three sessions says little about the next session."""
    share = hajek_share([0] * 300, [1.0] * 300, clusters=[row % 3 for row in range(300)])
    assert share is not None
    assert share.n_effective == pytest.approx(3)
    assert share.high > 0.5


@given(rows)
def test_share_lies_in_its_interval(sample: list[tuple[bool, float, int]]) -> None:
    flags, pis, groups = zip(*sample, strict=True)
    for clusters in (None, groups):
        share = hajek_share(flags, pis, clusters=clusters)
        if share is not None:
            assert 0 <= share.low <= share.value <= share.high <= 1
            assert share.n_effective is not None
            assert 0 < share.n_effective <= share.n + 1e-9


@given(rows)
def test_share_and_complement_mirror_each_other(sample: list[tuple[bool, float, int]]) -> None:
    flags, pis, _ = zip(*sample, strict=True)
    share, other = hajek_share(flags, pis), hajek_share([not flag for flag in flags], pis)
    assert share is not None
    assert other is not None
    assert share.low == pytest.approx(1 - other.high, abs=1e-6)


def test_interval_covers_the_truth_in_a_simulated_escalation_scheme() -> None:
    """5 % base sample plus all risky traces, 400 windows: coverage near 95 %, plain mean far off."""
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        risky = generator.random(4000) < 0.1
        flags = generator.random(4000) < np.where(risky, 0.4, 0.03)
        pi = np.where(risky, 1.0, 0.05)
        taken = generator.random(4000) < pi
        share = hajek_share(flags[taken], pi[taken])
        assert share is not None
        covered += share.low <= flags.mean() <= share.high
    assert 0.91 <= covered / 400 <= 0.99


@pytest.mark.parametrize(
    ("values", "pis", "clusters"),
    [
        ([1], [0.0], None),
        ([1], [1.5], None),
        ([1], [math.nan], None),
        ([math.nan], [1.0], None),
        ([1, 0], [1.0], None),
        ([1], [1.0], ["a", "b"]),
    ],
)
def test_hajek_refuses_what_cannot_be_weighted(
    values: list[float], pis: list[float], clusters: list[str] | None
) -> None:
    with pytest.raises(ValueError, match=r"finite|probabilities|length"):
        hajek_mean(values, pis, clusters=clusters)
