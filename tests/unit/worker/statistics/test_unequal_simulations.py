"""Published simulations of unequal draws, with fewer rounds: no bias, and the spreads that were published."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.worker.statistics.bounded import own_mean
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.second_phase import mean_spread, stream_probability
from assay.worker.statistics.two_phase import two_phase_rate
from assay.worker.statistics.weighted import hajek_mean
from tests.unit.worker.statistics.vectors import vector

Floats = NDArray[np.float64]
ROUNDS = 300


class Traffic(NamedTuple):
    """Traces with their true flag and the risk that a cheap judge gives them."""

    flags: Floats
    risks: Floats


def traffic(n: int, share: float, seed: int) -> Traffic:
    """A calibrated risk: a trace is flagged with just that probability, and about `share` of all are."""
    rng = np.random.default_rng(seed)
    risks = rng.beta(0.35, 0.35 * (1 - share) / share, n)
    return Traffic((rng.random(n) < risks).astype(np.float64), risks)


def test_escalated_risks_are_weighed_back() -> None:
    """A plain mean of what was judged is more than twice the truth; Hájek's is right, and its interval holds."""
    case = vector("ht-hajek-simulation")
    every = traffic(case["input"]["N"], case["expected"]["truth"], seed=7)
    base, above = case["input"]["base"], case["input"]["escalate_above"]
    pi = np.where(every.risks > above, 1.0, base)
    rng = np.random.default_rng(8)
    weighted, plain, covered = [], [], []
    for _ in range(ROUNDS):
        seen = rng.random(pi.size) < pi
        mean = own_mean(every.flags[seen], pi[seen])
        assert mean is not None
        ends = mean.estimate()
        weighted.append(mean.value)
        plain.append(every.flags[seen].mean())
        covered.append(ends.low <= every.flags.mean() <= ends.high)
    truth, spread = every.flags.mean(), np.std(weighted)
    assert truth == pytest.approx(case["expected"]["truth"], abs=0.01)
    assert np.mean(weighted) == pytest.approx(truth, abs=case["tol"])
    assert abs(np.mean(weighted) - truth) < 3.5 * spread / np.sqrt(ROUNDS)
    assert np.mean(plain) / truth - 1 > 0.7 * case["expected"]["naive_relative_error"], (
        "of this traffic; 1.52 published"
    )
    assert np.mean(covered) == pytest.approx(case["expected"]["coverage_wilson_nstar"], abs=0.035)


def test_going_on_by_risk_needs_fewer_dear_calls() -> None:
    """5,000 traces and 500 calls: the ratios of the spreads are those published, and nothing is biased."""
    case = vector("importance-sampling")
    every = traffic(case["input"]["N"], case["expected"]["uniform"]["hajek_mean"], seed=11)
    budget, truth = case["input"]["budget"], every.flags.mean()
    draws = {
        name: _pis(every.risks, budget, uniform_share)
        for name, uniform_share in (("uniform", 1.0), ("optimal_sqrt_f_1_minus_f", 0.0), ("mixed_80_20", 0.2))
    }
    rng = np.random.default_rng(12)
    spreads: dict[str, dict[str, float]] = {}
    for name, pi in draws.items():
        weighted, corrected = _rounds(rng, every, pi)
        for values in (weighted, corrected):
            assert abs(values.mean() - truth) < 3.5 * values.std() / np.sqrt(values.size), name
        spreads[name] = {"hajek_sd": float(weighted.std()), "difference_sd": float(corrected.std())}
    published = case["expected"]
    for name in ("optimal_sqrt_f_1_minus_f", "mixed_80_20"):
        ratio = spreads[name]["difference_sd"] / spreads["uniform"]["hajek_sd"]
        assert ratio == pytest.approx(published[name]["difference_sd"] / published["uniform"]["hajek_sd"], abs=0.12)
        assert spreads[name]["difference_sd"] < spreads["uniform"]["difference_sd"]


def _pis(risks: Floats, budget: int, uniform_share: float) -> Floats:
    spread = mean_spread(risks)
    return np.array([stream_probability(risk, budget, risks.size, spread, uniform_share) for risk in risks.tolist()])


def _rounds(rng: np.random.Generator, every: Traffic, pi: Floats) -> tuple[Floats, Floats]:
    """Hájek's mean of what went on, and the difference estimate from all, of so many rounds."""
    weighted, corrected = [], []
    ones = np.ones(pi.size)
    for _ in range(ROUNDS):
        seen = rng.random(pi.size) < pi
        mean = hajek_mean(every.flags[seen], pi[seen])
        rate = two_phase_rate(
            PhaseColumns(first=every.risks, final=every.flags, seen=seen, chosen=seen, pi=ones, pi2=pi)
        )
        assert mean is not None
        assert rate is not None
        weighted.append(mean.value)
        corrected.append(rate.value)
    return np.asarray(weighted), np.asarray(corrected)
