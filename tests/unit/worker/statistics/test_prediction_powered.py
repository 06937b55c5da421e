"""A share as people see it: published numbers, no bias and enough width with few labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.worker.statistics.prediction_powered import PredictionPowered, Weighted, best_lambda, prediction_powered
from tests.unit.worker.statistics.vectors import vector

Z = 1.959963984540054


def even(values: object, pi: float = 0.01) -> Weighted:
    y = np.asarray(values, dtype=np.float64)
    return Weighted(y, np.full(y.size, pi))


def test_the_published_means_come_out() -> None:
    case = vector("ppi-mean")
    labels, judged = even(case["input"]["Y"]), even(case["input"]["f_unlabelled"], 0.2)
    predicted = np.asarray(case["input"]["f_labelled"])
    lam = best_lambda(judged, labels, predicted)
    assert lam == pytest.approx(case["expected"]["lam"], abs=case["tol"])
    for name, used in (("classical", 0.0), ("ppi", 1.0), ("ppi_pp", lam)):
        result, expected = prediction_powered(judged, labels, predicted, lam=used), case["expected"][name]
        assert result is not None
        assert result.unclipped == pytest.approx(expected["theta"], abs=case["tol"])
        assert result.standard_error == pytest.approx(expected["se"], abs=case["tol"])
        ends = [result.unclipped - Z * result.standard_error, result.unclipped + Z * result.standard_error]
        assert ends == pytest.approx(expected["ci"], abs=case["tol"])
    assert result is not None
    assert result.effective_labels == pytest.approx(case["expected"]["effective_labels"], abs=1e-3)


def test_by_itself_it_comes_close_and_its_interval_is_wider() -> None:
    case = vector("ppi-mean")
    predicted = np.asarray(case["input"]["f_labelled"])
    result = prediction_powered(even(case["input"]["f_unlabelled"]), even(case["input"]["Y"]), predicted)
    assert result is not None
    estimate, alone = result.estimate(), result.labels_only.estimate()
    assert estimate.value == pytest.approx(case["expected"]["ppi_pp"]["theta"], abs=0.005)
    assert estimate.n == 60
    assert estimate.high - estimate.low > 2 * Z * case["expected"]["ppi_pp"]["se"]
    assert estimate.high - estimate.low < alone.high - alone.low


def drawn(
    rng: np.random.Generator, *, labels: int, share: float, worth: float, by_risk: bool
) -> PredictionPowered | None:
    """One week: 1,500 judged answers, of which some are labelled, evenly or where the judge is in doubt."""
    n = 1_500
    truth = (rng.random(n) < share).astype(np.float64)
    risk = np.clip(worth * truth + (1 - worth) * rng.beta(1, 4, n), 0, 1)
    spread = np.sqrt(risk * (1 - risk)) + 0.02
    second = 0.8 * labels * spread / spread.sum() + 0.2 * labels / n if by_risk else np.full(n, labels / n)
    seen = rng.random(n) < np.minimum(1, second)
    pi: NDArray[np.float64] = np.full(n, 0.1)
    at = (0.1 * np.minimum(1, second))[seen]
    return prediction_powered(Weighted(risk, pi), Weighted(truth[seen], at), risk[seen])


@pytest.mark.parametrize("by_risk", [False, True])
@pytest.mark.parametrize(("labels", "share", "worth"), [(20, 0.1, 0.5), (50, 0.05, 0.0), (50, 0.3, 0.7)])
def test_few_labels_give_no_bias_and_an_interval_that_holds(
    labels: int, share: float, worth: float, by_risk: bool
) -> None:
    rng = np.random.default_rng(labels)
    weeks = [week for _ in range(200) if (week := drawn(rng, labels=labels, share=share, worth=worth, by_risk=by_risk))]
    covered = np.mean([week.estimate().low <= share <= week.estimate().high for week in weeks])
    off = np.mean([week.unclipped for week in weeks]) - share
    error = np.std([week.unclipped for week in weeks]) / np.sqrt(len(weeks))
    assert covered >= 0.92
    assert abs(off) < 3.5 * error


def test_a_good_judge_narrows_and_a_worthless_one_hardly_widens() -> None:
    rng = np.random.default_rng(4)
    for worth, least, most in ((0.9, 0.1, 0.8), (0.0, 0.8, 1.15)):
        weeks = [drawn(rng, labels=60, share=0.2, worth=worth, by_risk=False) for _ in range(40)]
        wide = [(week.estimate(), week.labels_only.estimate()) for week in weeks if week]
        ratio = np.mean([(a.high - a.low) / (b.high - b.low) for a, b in wide])
        assert least < ratio < most


def test_an_enriched_set_is_taken_for_what_its_probabilities_say() -> None:
    """Positives were looked at four times as often: weights take that out; without them it is 3 points off."""
    rng = np.random.default_rng(5)
    truth = (rng.random(200_000) < 0.05).astype(np.float64)
    flags = np.where(truth == 1, rng.random(truth.size) < 0.85, rng.random(truth.size) < 0.05625).astype(np.float64)
    second = np.where(truth == 1, 0.1, 0.1 * 0.05 * 0.8 / (0.95 * 0.2))
    seen = rng.random(truth.size) < second
    everything = Weighted(flags, np.ones(truth.size))
    right = prediction_powered(everything, Weighted(truth[seen], second[seen]), flags[seen], lam=1.0)
    wrong = prediction_powered(everything, even(truth[seen]), flags[seen], lam=1.0)
    bias = vector("ppi-transport-bias")["expected"]["bias"]
    assert right is not None
    assert wrong is not None
    assert right.unclipped == pytest.approx(0.05, abs=0.006)
    assert wrong.unclipped - 0.05 == pytest.approx(bias, abs=0.01)


def test_labels_that_agree_still_leave_an_interval() -> None:
    result = prediction_powered(even([0.1] * 500), even([0.0] * 20), np.full(20, 0.1))
    assert result is not None
    assert result.lam == 0.0
    assert result.estimate().value == 0.0
    assert 0.1 < result.estimate().high < 0.25


def test_labels_of_one_session_are_one_observation() -> None:
    rng = np.random.default_rng(6)
    judged, truth = even(rng.random(500)), (rng.random(60) < 0.3).astype(np.float64)
    predicted = rng.random(60)
    apart = prediction_powered(judged, even(truth), predicted)
    alike = np.repeat(truth[:15], 4)
    together = prediction_powered(
        judged, Weighted(alike, np.full(60, 0.01), clusters=[number // 4 for number in range(60)]), predicted
    )
    single = prediction_powered(judged, Weighted(truth, np.full(60, 0.01), clusters=[0] * 60), predicted)
    assert apart is not None
    assert together is not None
    assert single is None
    assert together.mean.n_clusters == 15
    assert together.standard_error > 1.5 * apart.standard_error


def test_nothing_to_go_by_is_no_estimate() -> None:
    assert prediction_powered(even([]), even([0.0, 1.0, 0.0]), np.zeros(3)) is None
    assert prediction_powered(even([0.5]), even([0.0, 1.0]), np.zeros(2)) is None
    with pytest.raises(ValueError, match="values must lie in"):
        prediction_powered(even([0.5]), even([0.0, 2.0, 0.0]), np.zeros(3))
