"""Tango's interval, variance components, e-CUSUM and power against published numbers and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.noninferiority import items_for_margin, smallest_margin, tango
from assay.worker.statistics.paired import mcnemar_exact, mcnemar_power
from assay.worker.statistics.permutation import sign_flip_counts
from assay.worker.statistics.power import minimum_detectable_drop
from assay.worker.statistics.repeats import variance_components
from assay.worker.statistics.sequential import ECusum
from tests.unit.worker.statistics.vectors import vector, vectors


@pytest.mark.parametrize("case", vectors("noninferiority-"), ids=lambda case: case["id"])
def test_tango_equals_the_vectors(case: dict) -> None:  # type: ignore[type-arg]  # JSON
    given, expected = case["input"], case["expected"]
    for key, conf in (("tango90", 0.90), ("tango95", 0.95)):
        found = tango(given["b"], given["c"], given["n"], conf=conf)
        assert (found.low, found.high) == pytest.approx(expected[key], abs=case["tol"])
    upper = tango(given["b"], given["c"], given["n"]).high
    assert {str(margin): upper < margin for margin in given["margins"]} == expected["noninferior"]


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 60))
def test_tango_holds_the_estimate_and_mirrors(b: int, c: int, same: int) -> None:
    n = b + c + same
    if n == 0:
        return
    found, mirrored = tango(b, c, n), tango(c, b, n)
    assert -1 <= found.low <= (b - c) / n + 1e-9
    assert (b - c) / n - 1e-9 <= found.high <= 1
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-6)


@pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_tango_refuses_counts_that_cannot_be(b: int, c: int, n: int) -> None:
    with pytest.raises(ValueError, match="need"):
        tango(b, c, n)


@pytest.mark.parametrize("n", [50, 100, 200])
def test_the_smallest_margin_is_tangos_limit_without_a_change(n: int) -> None:
    assert smallest_margin(n) == pytest.approx(tango(0, 0, n).high, abs=1e-6)


@given(st.floats(0.005, 0.5))
def test_items_for_a_margin_are_just_enough(margin: float) -> None:
    n = items_for_margin(margin)
    assert smallest_margin(n) < margin <= smallest_margin(n - 1) + 1e-12 or n == 1


def test_variance_components_equal_the_vector() -> None:
    case = vector("variance-components")
    found = variance_components(case["input"]["trials"])
    assert found is not None
    expected = case["expected"]
    assert found.within == pytest.approx(expected["s2_within"], abs=1e-9)
    assert found.between == pytest.approx(expected["s2_between"], abs=1e-9)
    assert found.icc == pytest.approx(expected["icc"], abs=1e-9)


def test_run_noise_equals_the_vector() -> None:
    """Items of known pass probability, repeated often: the estimate approaches √(mean θ(1−θ)/(n k))."""
    case = vector("repeats")
    theta = [float(t) for t, count in case["input"]["theta_counts"].items() for _ in range(count)]
    k = 2000
    trials = [[turn < round(t * k) for turn in range(k)] for t in theta]
    found = variance_components(trials)
    assert found is not None
    assert found.within == pytest.approx(case["expected"]["within_var"], rel=1e-3)
    for repeats, expected in case["expected"]["se_run_noise"].items():
        assert math.sqrt(found.within / (len(theta) * int(repeats))) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("trials", [[], [[True]], [[True, False]], [[True], [False]]])
def test_too_few_trials_have_no_components(trials: list[list[bool]]) -> None:
    assert variance_components(trials) is None


def test_unequal_repeats_are_refused() -> None:
    with pytest.raises(ValueError, match="same number"):
        variance_components([[True, True], [True]])


def test_what_never_varies_has_no_noise() -> None:
    found = variance_components([[True, True], [True, True]])
    assert found is not None
    assert (found.run_se, found.icc) == (0.0, None)


def test_e_cusum_equals_the_vector() -> None:
    case = vector("e-cusum-path")
    p0, bet = case["input"]["p0"], case["input"]["lam"]
    process = ECusum(p0=p0, p1=p0 + bet * p0 * (1 - p0), threshold=100)
    logs = process.path([(y, 1) for y in case["input"]["y"]])
    assert [math.exp(log_e) for log_e in logs] == pytest.approx(case["expected"]["path"], rel=1e-6)
    assert process.first_alarm(logs) == 11


def test_e_cusum_rarely_raises_a_false_alarm_and_soon_a_true_one() -> None:
    """Thresholds are mean numbers of steps between false alarms: 250 leaves less than 60 % in 250 steps."""
    generator = np.random.default_rng(2)
    process = ECusum(p0=0.12, p1=0.17, threshold=250)

    def alarms(share: float, steps: int) -> float:
        runs = generator.binomial(100, share, size=(300, steps))
        return float(
            np.mean([process.first_alarm(process.path([(int(x), 100) for x in run])) is not None for run in runs])
        )

    assert alarms(0.12, 250) < 0.6
    assert alarms(0.12, 52) < 0.2
    assert alarms(0.22, 6) > 0.9


@pytest.mark.parametrize(("p0", "p1"), [(0.0, 0.1), (0.2, 0.1), (0.5, 1.0)])
def test_e_cusum_refuses_what_is_no_bet(p0: float, p1: float) -> None:
    with pytest.raises(ValueError, match="p0 < p1"):
        ECusum(p0=p0, p1=p1, threshold=20).path([(0, 1)])


def test_e_cusum_refuses_more_hits_than_observations() -> None:
    with pytest.raises(ValueError, match="hits"):
        ECusum(p0=0.1, p1=0.2, threshold=20).path([(2, 1)])


@pytest.mark.parametrize(("n", "flip_rate", "drop"), [(100, 0.02, 0.08), (200, 0.01, 0.05), (60, 0.05, 0.2)])
def test_mcnemar_power_agrees_with_simulation(n: int, flip_rate: float, drop: float) -> None:
    generator = np.random.default_rng(7)
    rows = generator.multinomial(n, [flip_rate + drop, flip_rate, 1 - 2 * flip_rate - drop], size=5000)
    caught = np.mean([mcnemar_exact(int(b), int(c)) <= 0.05 for b, c, _ in rows])
    assert mcnemar_power(n, drop, flip_rate=flip_rate) == pytest.approx(caught, abs=0.03)


@pytest.mark.parametrize(("n", "repeats"), [(100, 3), (60, 5)])
def test_the_detectable_drop_with_repeats_agrees_with_simulation(n: int, repeats: int) -> None:
    flip_rate = 0.02
    drop = minimum_detectable_drop(n, flip_rate=flip_rate, repeats=repeats)
    once = minimum_detectable_drop(n, flip_rate=flip_rate)
    assert drop is not None
    assert once is not None
    assert drop < once
    generator = np.random.default_rng(23)
    dropped = generator.random((1500, n)) < drop / (1 - 2 * flip_rate)
    before = generator.binomial(repeats, 1 - flip_rate, size=(1500, n))
    after = generator.binomial(repeats, np.where(dropped, flip_rate, 1 - flip_rate))
    caught = np.mean([sign_flip_counts(row) <= 0.05 for row in (before - after).tolist()])
    assert caught == pytest.approx(0.8, abs=0.03)
