"""Published numbers of drift statistics (`tests/vectors/drift.json`), and laws that hold for any input."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.by_evidently import evidently_psi
from assay.worker.statistics.chi_square import chi_square_quantile, chi_square_tail, chi_square_test
from assay.worker.statistics.drift_columns import kolmogorov_smirnov, table_distance, total_variation, wasserstein
from assay.worker.statistics.drift_permutation import Sides, null_bound, p_value, splits_of
from assay.worker.statistics.drift_psi import (
    effective_size,
    psi,
    psi_without_drift,
    share_without_drift,
)
from assay.worker.statistics.drift_vectors import (
    centroid_distances,
    centroid_without_drift,
    energy_distance,
    median_gamma,
    mmd_squared,
    squared_distances,
    topic_contrast,
)
from assay.worker.statistics.k_means import k_means, nearest_centre
from tests.unit.worker.statistics.topic_vectors import TopicTraffic

_FILE = Path(__file__).parents[3] / "vectors" / "drift.json"
VECTORS: dict[str, Any] = {case["id"]: case for case in json.loads(_FILE.read_text(encoding="utf-8"))}


def sides_of(n: int, m: int) -> Sides:
    """Sides of traces that stand alone and count alike."""
    return Sides.of((np.ones(n), np.arange(n)), (np.ones(m), np.arange(m)))


@pytest.mark.parametrize("name", ["psi-4bins", "psi-10bins", "psi-zero-bin"])
def test_the_index_and_its_law_are_those_of_the_reference(name: str) -> None:
    case = VECTORS[name]
    reference, current = case["input"]["reference"], case["input"]["current"]
    expected = case["expected"]
    value = psi(reference, current, smoothing=case["input"]["smoothing_a"])
    assert value is not None
    null = psi_without_drift(len(reference), sum(reference), sum(current))
    assert value.value == pytest.approx(expected["laplace_0_5"], abs=case["tol"])
    assert value.corrected == pytest.approx(expected["bias_corrected"], abs=case["tol"])
    assert value.expected == pytest.approx(expected["expected_under_null"], abs=case["tol"])
    assert null.usual == pytest.approx(expected["q95_under_null"], abs=case["tol"])
    assert value.bound == null.bound == pytest.approx(expected["q99_under_null"], abs=case["tol"])
    assert value.p_value == pytest.approx(expected["p_value_chi2_scaled"], abs=case["tol"])
    assert chi_square_test(reference, current) == pytest.approx(expected["chi2_test_p"], abs=case["tol"])
    assert evidently_psi(*(np.array(side) / sum(side) for side in (reference, current))) == pytest.approx(
        expected["eps_1e_4"], abs=case["tol"]
    )


def test_the_index_without_drift_is_that_of_the_table() -> None:
    case = VECTORS["psi-null-table"]
    for name, expected in case["expected"].items():
        n, bins = (int(part.split("=")[-1]) for part in name.split(","))
        null = psi_without_drift(bins, n, n)
        assert null.expected == pytest.approx(expected["expected"], abs=case["tol"]), name
        assert null.usual == pytest.approx(expected["q95"], abs=case["tol"]), name
        assert share_without_drift(0.1, bins, n, n) == pytest.approx(expected["p_ge_0_1"], abs=case["tol"]), name
        assert share_without_drift(0.25, bins, n, n) == pytest.approx(expected["p_ge_0_25"], abs=case["tol"]), name


@pytest.mark.parametrize("name", list(VECTORS["psi-null-montecarlo"]["expected"]))
def test_simulated_histograms_have_the_law(name: str) -> None:
    case = VECTORS["psi-null-montecarlo"]
    n, bins = (int(part.split("=")[-1]) for part in name.split(","))
    rng = np.random.default_rng(7)
    tables = rng.multinomial(n, np.full(bins, 1 / bins), size=(2, 4000))
    values = np.array([psi(a, b).value for a, b in zip(tables[0], tables[1], strict=True)])  # type: ignore[union-attr]
    expected = case["expected"][name]
    assert values.mean() == pytest.approx(expected["mean"], abs=case["tol"])
    assert np.quantile(values, 0.95) == pytest.approx(expected["q95"], abs=case["tol"])
    assert (values >= 0.1).mean() == pytest.approx(expected["p_ge_0_1"], abs=case["tol"])
    assert (values >= 0.25).mean() == pytest.approx(expected["p_ge_0_25"], abs=case["tol"])


@pytest.mark.parametrize("name", list(VECTORS["centroid-cosine-null"]["expected"]))
def test_centroids_without_drift_lie_as_far_apart_as_the_formula_says(name: str) -> None:
    case = VECTORS["centroid-cosine-null"]
    dimensions, expected = case["input"]["d"], case["expected"][name]
    n, m, sigma = (float(part.split("=")[1]) for part in name.split(","))
    rng = np.random.default_rng(3)
    mean = np.zeros(dimensions)
    mean[0] = 1.0
    distances = np.empty(2000)
    for trial in range(distances.size):
        first, second = (mean + sigma / np.sqrt(size) * rng.standard_normal(dimensions) for size in (n, m))
        distances[trial] = 1 - first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    sample = mean + sigma * rng.standard_normal((4000, dimensions))
    assert centroid_without_drift(sample, n, m) == pytest.approx(expected["formula"], rel=case["tol"])
    assert distances.mean() == pytest.approx(expected["simulated_mean"], rel=case["tol"])
    assert np.quantile(distances, 0.95) == pytest.approx(expected["q95"], rel=case["tol"])


def test_distances_of_tiny_sets_are_those_of_the_reference() -> None:
    case = VECTORS["vector-distances"]
    x, y = (np.array(case["input"][side]) for side in "XY")
    vectors = np.vstack([x, y])
    splits = splits_of(sides_of(len(x), len(y)), count=1)
    squares = squared_distances(vectors)
    expected = case["expected"]
    assert centroid_distances(vectors, splits)[0] == pytest.approx(expected["centroid_cosine"], abs=case["tol"])
    mmd = mmd_squared(squares, splits, gamma=case["input"]["gamma"])[0]
    assert mmd == pytest.approx(expected["mmd2_unbiased"], abs=case["tol"])
    assert energy_distance(squares, splits)[0] == pytest.approx(expected["energy"], abs=case["tol"])


_TRIALS = 12
"""The whole table, with more trials, is `benchmarks/drift_power.py`'s."""

_CHANGES: dict[str, dict[str, float]] = {
    "newtopic 0": {},
    "newtopic 0.2": {"newtopic": 0.2},
    "spread 0.3": {"spread": 0.3},
}


@pytest.mark.parametrize("name", list(_CHANGES))
def test_the_tests_see_what_the_reference_says_they_see(name: str) -> None:
    """The reference has 60 trials a row, these 12: the tolerance is its own and what 12 add (two standard errors)."""
    case = VECTORS["power-comparison"]
    n, m = case["input"]["reference"], case["input"]["current"]
    flags, cosines = [], []
    for seed in range(_TRIALS):
        traffic = TopicTraffic(seed)
        vectors = np.vstack([traffic.draw(n), traffic.draw(m, **_CHANGES[name])])
        splits = splits_of(sides_of(n, m), count=case["input"]["permutations"], seed=seed)
        squares = squared_distances(vectors)
        centroid = centroid_distances(vectors, splits)
        cosines.append(centroid[0])
        flags.append(
            [
                p_value(each) <= 0.05
                for each in (centroid, mmd_squared(squares, splits), energy_distance(squares, splits))
            ]
        )
    expected = case["expected"][name]
    for test, share in zip(("centroid", "mmd", "energy"), np.mean(flags, axis=0), strict=True):
        tolerance = case["tol"] + 2 * np.sqrt(expected[test] * (1 - expected[test]) / _TRIALS)
        assert abs(share - expected[test]) <= tolerance, test
    assert np.median(cosines) == pytest.approx(expected["median_cosine"], rel=0.25)


def test_the_share_that_moved_is_told_whatever_the_number_of_traces() -> None:
    for n in (250, 500):
        shares = []
        for seed in range(6):
            traffic = TopicTraffic(seed)
            reference, current = traffic.draw(n), traffic.draw(n, newtopic=0.2)
            squares = squared_distances(np.vstack([reference, current]))
            gamma = median_gamma(squares)
            topics, _ = nearest_centre(reference, k_means(reference, 8))
            contrast = topic_contrast(squares[:n, :n], topics, gamma=gamma)
            mmd = mmd_squared(squares, splits_of(sides_of(n, n), count=1), gamma=gamma)[0]
            shares.append(np.sqrt(max(0.0, mmd) / contrast))
        assert np.mean(shares) == pytest.approx(0.2, abs=0.03)


def test_a_thousand_vectors_take_less_than_a_second() -> None:
    traffic = TopicTraffic(1)
    vectors = traffic.draw(1000)
    began = time.process_time()
    splits = splits_of(sides_of(500, 500), count=200)
    squares = squared_distances(vectors)
    mmd_squared(squares, splits), energy_distance(squares, splits), centroid_distances(vectors, splits)
    assert time.process_time() - began < 1


def test_sessions_change_sides_as_a_whole() -> None:
    clusters = np.array([1, 1, 1, 2, 2, 3])
    sides = Sides.of((np.ones(6), clusters), (np.ones(6), clusters))
    splits = splits_of(sides, count=50, seed=1)
    assert sides.clusters.tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 3, 4, 4, 5]
    assert np.allclose(splits.current.sum(axis=1), 1)
    assert np.allclose(splits.reference.sum(axis=1), 1)
    for first, last in ((0, 2), (3, 4), (6, 8), (9, 10)):
        assert ((splits.current[:, first] > 0) == (splits.current[:, last] > 0)).all()
    assert ((splits.current > 0) != (splits.reference > 0)).all()


def test_a_rate_that_was_raised_on_one_side_changes_no_share() -> None:
    """Half of the first category's traces were taken, and all of the second's: their weights say so."""
    reference = (np.repeat([10.0, 1.0], [100, 100]), np.arange(200))
    current = (np.repeat([2.0, 0.2], [100, 100]), np.arange(200))
    splits = splits_of(Sides.of(reference, current), count=99)
    codes = np.tile(np.repeat([0, 1], 100), 2)
    assert table_distance(codes, splits)[0] == pytest.approx(0, abs=1e-12)


def test_lengths_lie_as_far_apart_as_a_plain_count_says() -> None:
    before, now = np.array([1.0, 2.0, 2.0, 4.0]), np.array([2.0, 5.0])
    splits = splits_of(sides_of(4, 2), count=9)
    values = np.concatenate([before, now])
    assert kolmogorov_smirnov(values, splits)[0] == pytest.approx(0.5)  # at 4: all of four against half of two
    assert wasserstein(values, splits) == pytest.approx(0.25 * 1 + 0.25 * 2 + 0.5 * 1)


def test_shares_lie_as_far_apart_as_what_would_have_to_move() -> None:
    assert total_variation(np.array([50.0, 50.0]), np.array([80.0, 20.0])) == pytest.approx(0.3)


@given(st.integers(1, 60), st.floats(0.001, 0.999))
def test_a_quantile_and_its_tail_belong_together(freedom: int, share: float) -> None:
    assert chi_square_tail(chi_square_quantile(share, freedom), freedom) == pytest.approx(1 - share, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12))
def test_the_index_is_symmetric_and_never_negative(table: list[tuple[int, int]]) -> None:
    before, now = zip(*table, strict=True)
    one_way, back = psi(before, now), psi(now, before)
    assert (one_way is None) == (back is None)
    if one_way and back:
        assert one_way.value >= 0
        assert one_way.value == pytest.approx(back.value)
        assert 0 <= one_way.p_value <= 1


def test_weights_and_sessions_make_a_sample_worth_less() -> None:
    alone = np.arange(4)
    assert effective_size(np.ones(4), alone) == 4
    assert effective_size(np.array([9.0, 1.0, 1.0, 1.0]), alone) == pytest.approx(144 / 84)
    assert effective_size(np.ones(4), np.array([1, 1, 2, 2])) == 2
    assert effective_size(np.empty(0), np.empty(0, dtype=np.int64)) == 0


def test_a_bound_by_splits_holds_99_of_100_of_them() -> None:
    statistics = np.concatenate([[5.0], np.arange(100.0)])
    assert null_bound(statistics) == pytest.approx(98.01)
    assert p_value(statistics) == pytest.approx(96 / 101)


def test_topics_are_the_same_for_the_same_vectors() -> None:
    traffic = TopicTraffic(2)
    vectors = traffic.draw(400)
    first, second = k_means(vectors, 8), k_means(vectors, 8)
    assert (first == second).all()
    with pytest.raises(ValueError, match="clusters"):
        k_means(vectors[:3], 8)
