"""The judge's errors taken out of a flagged share, against published numbers, and where it must refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.judge_error import JudgeLabels, TrueShare, true_share
from tests.unit.worker.statistics.vectors import vector, vectors


def labels_of(given_counts: dict[str, Any]) -> JudgeLabels:
    return JudgeLabels(
        positives=given_counts["golden_pos"],
        caught=given_counts["tp"],
        negatives=given_counts["golden_neg"],
        passed=given_counts["tn"],
    )


def corrected(case: dict[str, Any]) -> TrueShare:
    counts = case["input"]
    share = true_share(counts["flagged"] / counts["n"], counts["n"], labels_of(counts))
    assert share is not None
    return share


@pytest.mark.parametrize(
    "case", [c for c in vectors("rg-") if "ci_lang_reiczigel" in c["expected"]], ids=lambda c: c["id"]
)
def test_it_equals_the_vectors(case: dict[str, Any]) -> None:
    share, expected = corrected(case), case["expected"]
    assert share.unclipped == pytest.approx(expected["theta"], abs=case["tol"])
    assert share.share.value == pytest.approx(max(0.0, expected["theta"]), abs=case["tol"])
    assert [share.share.low, share.share.high] == pytest.approx(expected["ci_lang_reiczigel"], abs=case["tol"])
    if "var_share" in expected:
        assert share.variance_parts == pytest.approx(tuple(expected["var_share"].values()), abs=case["tol"])


@pytest.mark.parametrize("name", ["rg-bootstrap", "rg-bootstrap-small-n"])
def test_the_traffics_own_chance_is_in_the_interval(name: str) -> None:
    case = vector(name)
    high, both = corrected(case).share.high, case["expected"]["both"][1]
    assert high == pytest.approx(both, abs=0.008)
    assert high > case["expected"]["golden_only"][1]


def test_labels_richer_in_bad_answers_do_not_shift_it() -> None:
    """Where prediction-powered inference would be off by three points."""
    case = vector("ppi-transport-bias")
    given_rates, expected = case["input"], case["expected"]
    labels = JudgeLabels(positives=400, caught=340, negatives=1600, passed=1510)
    share = true_share(expected["judge_rate_production"], math.inf, labels)
    assert share is not None
    assert share.unclipped == pytest.approx(given_rates["production_prevalence"], abs=1e-9)
    assert expected["ppi_expected"] - share.unclipped == pytest.approx(expected["bias"], abs=1e-9)


@pytest.mark.parametrize("theta", vector("rg-coverage")["input"]["theta"])
def test_the_interval_covers_as_published(theta: float) -> None:
    expected = vector("rg-coverage")["expected"][f"theta={theta}"]["lang_reiczigel"]
    generator, held = np.random.default_rng(5), []
    sensitivity, specificity = 0.85, 0.94375
    for _ in range(2000):
        flagged = generator.binomial(2000, theta * sensitivity + (1 - theta) * (1 - specificity)) / 2000
        caught, passed = generator.binomial(40, sensitivity), generator.binomial(160, specificity)
        labels = JudgeLabels(positives=40, caught=int(caught), negatives=160, passed=int(passed))
        share = true_share(flagged, 2000, labels)
        assert share is not None
        held.append(share.share.low <= theta <= share.share.high)
    assert np.mean(held) == pytest.approx(expected, abs=0.016)


@pytest.mark.parametrize(
    "labels",
    [
        JudgeLabels(positives=0, caught=0, negatives=9, passed=9),
        JudgeLabels(positives=9, caught=9, negatives=0, passed=0),
        JudgeLabels(positives=40, caught=20, negatives=40, passed=24),
        JudgeLabels(positives=40, caught=4, negatives=40, passed=4),
    ],
)
def test_a_coin_and_a_judge_without_labels_correct_nothing(labels: JudgeLabels) -> None:
    assert true_share(0.1, 500, labels) is None


@pytest.mark.parametrize(("flagged", "n"), [(-0.1, 10), (1.1, 10), (0.1, 0), (0.1, math.nan)])
def test_it_refuses_what_is_no_share(flagged: float, n: float) -> None:
    with pytest.raises(ValueError, match="need a share"):
        true_share(flagged, n, JudgeLabels(positives=9, caught=9, negatives=9, passed=9))


counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(st.floats(0, 1), st.one_of(st.floats(0.5, 1e6), st.just(math.inf)), counts, counts)
def test_it_lies_in_its_interval_and_in_0_to_1(
    flagged: float, n: float, bad: tuple[int, int], good: tuple[int, int]
) -> None:
    labels = JudgeLabels(positives=bad[0], caught=bad[1], negatives=good[0], passed=good[1])
    share = true_share(flagged, n, labels)
    if share is not None:
        assert 0 <= share.share.low <= share.share.value <= share.share.high <= 1
        assert sum(share.variance_parts) == pytest.approx(1) or share.variance_parts == (0, 0, 0)
