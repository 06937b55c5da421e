"""AUROC and balanced accuracy: published tables, brute force, and what no map may change."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.statistics.agreement import auroc, auroc_estimate, class_rates, youden_lower
from assay.worker.statistics.intervals import Estimate
from tests.examples import examples
from tests.unit.worker.statistics.vectors import vector

labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(-20, 20)), min_size=1, max_size=60)


def _brute_force(labels: list[int], scores: list[float]) -> float | None:
    marked = [score for label, score in zip(labels, scores, strict=True) if label]
    unmarked = [score for label, score in zip(labels, scores, strict=True) if not label]
    if not marked or not unmarked:
        return None
    return sum((a > b) + (a == b) / 2 for a, b in product(marked, unmarked)) / (len(marked) * len(unmarked))


@given(labelled)
def test_auroc_counts_pairs_with_ties_half(rows: list[tuple[int, int]]) -> None:
    labels, scores = [label for label, _ in rows], [score / 7 for _, score in rows]
    expected = _brute_force(labels, scores)
    assert auroc(labels, scores) == (None if expected is None else pytest.approx(expected))


@given(labelled)
def test_auroc_is_invariant_under_monotone_maps_and_mirrors_under_negation(rows: list[tuple[int, int]]) -> None:
    labels, scores = [label for label, _ in rows], [float(score) for _, score in rows]
    value = auroc(labels, scores)
    if value is not None:
        assert auroc(labels, [math.exp(score / 5) for score in scores]) == pytest.approx(value)
        assert auroc(labels, [-score for score in scores]) == pytest.approx(1 - value)


def test_one_class_is_not_estimable() -> None:
    for labels in ([1, 1, 1], [0, 0, 0], []):
        scores = [0.1 * row for row in range(len(labels))]
        assert auroc(labels, scores) is None
        assert auroc_estimate(labels, scores) is None
        assert class_rates(labels, [score > 0.1 for score in scores]) is None


def test_auroc_interval_is_the_same_for_the_same_seed_and_contains_the_value() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 300).tolist()
    scores = (generator.normal(size=300) + np.array(labels)).tolist()
    first, again = auroc_estimate(labels, scores), auroc_estimate(labels, scores)
    assert first == again
    assert first is not None
    assert 0 <= first.low < first.value < first.high <= 1
    # Hanley & McNeil's standard error for this AUROC and these class sizes is about 0.027.
    assert 0.08 < first.high - first.low < 0.13


def test_auroc_interval_covers_the_truth() -> None:
    """Two normals one standard deviation apart: AUROC is Phi(1/sqrt 2) = 0.7602."""
    generator = np.random.default_rng(5)
    covered = 0
    for seed in range(150):
        labels = [0] * 60 + [1] * 60
        scores = (generator.normal(size=120) + np.array(labels)).tolist()
        estimate = auroc_estimate(labels, scores, resamples=300, seed=seed)
        assert estimate is not None
        covered += estimate.low <= 0.7602 <= estimate.high
    assert covered / 150 > 0.88


def test_copies_of_rows_add_no_certainty_when_they_are_one_cluster() -> None:
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 2, 60).tolist()
    scores = (generator.normal(size=60) + np.array(labels)).tolist()
    once = auroc_estimate(labels, scores, clusters=list(range(60)))
    copied = auroc_estimate(labels * 10, scores * 10, clusters=list(range(60)) * 10)
    assert once is not None
    assert copied is not None
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert copied.n_clusters == 60


def test_resamples_without_a_class_are_counted() -> None:
    labels = [1] + [0] * 9
    estimate = auroc_estimate(labels, [float(row) for row in range(10)], resamples=1000)
    assert estimate is not None
    # (9/10)^10 = 35 % of the resamples hold no marked row.
    assert 280 < estimate.ignored < 420
    assert estimate.resamples == 1000


def test_a_single_cluster_is_not_estimable() -> None:
    assert auroc_estimate([0, 1, 1], [0.1, 0.2, 0.3], clusters=["a"] * 3) is None
    assert class_rates([0, 1, 1], [False, True, True], clusters=["a"] * 3) is None


@pytest.mark.parametrize("name", ["kappa-balanced", "kappa-paradox"])
def test_class_rates_equal_the_tables(name: str) -> None:
    """Rows are people, columns the judge; the second of each is "fail"."""
    (clean, false_alarm), (missed, caught) = vector(name)["input"]["table"]
    labels = [0] * (clean + false_alarm) + [1] * (missed + caught)
    flagged = [False] * clean + [True] * false_alarm + [False] * missed + [True] * caught
    rates = class_rates(labels, flagged)
    expected = vector(name)["expected"]
    assert rates is not None
    assert rates.sensitivity.value == pytest.approx(expected["sensitivity_fail"], abs=1e-9)
    assert rates.specificity.value == pytest.approx(expected["specificity_pass"], abs=1e-9)
    assert rates.balanced_accuracy.value == pytest.approx((rates.sensitivity.value + rates.specificity.value) / 2)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 4)), min_size=1, max_size=40))
def test_rates_lie_in_their_intervals(rows: list[tuple[int, bool, int]]) -> None:
    labels, flagged, groups = zip(*rows, strict=True)
    rates = class_rates(labels, flagged, clusters=groups, resamples=200)
    if rates is not None:
        for estimate in (rates.sensitivity, rates.specificity, rates.balanced_accuracy):
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_youden_lower_does_not_call_a_judge_certain_after_a_few_labels() -> None:
    perfect = Estimate(value=1.0, low=0.7224672, high=1.0, n=10)
    assert youden_lower(perfect, perfect) == pytest.approx(0.6075, abs=1e-3)


def test_agreement_takes_large_samples_within_memory() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 50_000).tolist()
    estimate = auroc_estimate(labels, generator.random(50_000).tolist(), resamples=100)
    assert estimate is not None
    assert estimate.value == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("labels", "scores"), [([0, 2], [0.1, 0.2]), ([0, 1], [0.1]), ([0, 1], [0.1, math.nan]), ([0, 1], [0.1, math.inf])]
)
def test_auroc_refuses_broken_rows(labels: list[int], scores: list[float]) -> None:
    with pytest.raises(ValueError, match=r"0 or 1|length|finite"):
        auroc(labels, scores)
