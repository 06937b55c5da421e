"""Selection by hash and estimates from strata, against published numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.statistics.bounded import own_mean
from assay.worker.statistics.weighted import hajek_mean
from tests.unit.worker.statistics.vectors import vector, vectors


@pytest.mark.parametrize("case", [c for c in vectors("hash-") if "hash64_hex" in c["expected"]], ids=lambda c: c["id"])
def test_a_trace_is_kept_by_the_published_hash(case: dict[str, Any]) -> None:
    number, expected = hash64(case["input"]["salt"], case["input"]["trace_id"]), case["expected"]
    assert f"{number:016x}" == expected["hash64_hex"]
    assert number / 2**64 == pytest.approx(expected["u"], abs=case["tol"])
    assert {rate: is_below(number, float(rate)) for rate in expected["keep"]} == expected["keep"]


def test_another_salt_draws_anew() -> None:
    case = vector("hash-salt-independence")
    draws = [hash64(salt, case["input"]["trace_id"]) / 2**64 for salt in case["input"]["salts"]]
    assert draws == pytest.approx(case["expected"]["u"], abs=case["tol"])


def test_of_what_an_application_sampled_by_its_bits_the_rate_is_kept() -> None:
    """Taking the same bits again would keep 40 % of what is stored instead of 10 %."""
    case = vector("double-sampling-trap")
    low64 = np.random.default_rng(3).integers(0, 2**64, size=160_000, dtype=np.uint64)
    stored = low64[low64 < case["input"]["app_rate"] * 2.0**64]
    rate = case["input"]["eval_rate"]
    kept = np.mean([is_below(hash64("s", f"{number:032x}"), rate) for number in stored.tolist()])
    again = np.mean(stored < rate * 2.0**64)
    assert kept == pytest.approx(case["expected"]["salted_hash"], abs=case["tol"])
    assert again == pytest.approx(case["expected"]["low64_after_low64"], abs=case["tol"])


def test_strata_give_the_published_share() -> None:
    """What was drawn by hash has a random number in each stratum, and so a little more variance than quotas have."""
    case = vector("stratified")
    sizes, drawn, flagged = (case["input"][name] for name in ("N_h", "n_h", "k_h"))
    flags = [1.0] * 0
    pis: list[float] = []
    for size, n, k in zip(sizes, drawn, flagged, strict=True):
        flags += [1.0] * k + [0.0] * (n - k)
        pis += [n / size] * n
    mean, own = hajek_mean(flags, pis), own_mean(flags, pis)
    assert mean is not None
    assert own is not None
    expected = case["expected"]
    assert mean.value == own.value == pytest.approx(expected["p_stratified"], abs=case["tol"])
    assert np.mean(flags) == pytest.approx(expected["p_unweighted"], abs=1e-8)
    assert expected["se"] < math.sqrt(mean.variance) < 1.12 * expected["se"]
    low, high = expected["ci_wilson_nstar"]
    ends = replace(own, groups=None).estimate()  # the published interval has one effective size for all
    assert low - 0.002 < ends.low < low
    assert high < ends.high < high + 0.002
