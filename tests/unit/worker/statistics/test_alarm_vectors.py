"""The published numbers about alarms (`tests/vectors/alerts.json`): rules, charts and tests, and what they cost."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.worker.statistics.alarms import (
    PageRule,
    budget_used,
    burn_rate,
    exact_lower_bound,
    exact_upper_bound,
    fewest_hits,
    fewest_over,
    is_shown_above,
)
from assay.worker.statistics.always_valid import Sprt, confidence_sequence, log_mixture_e
from assay.worker.statistics.cusum import BernoulliCusum, cusum_limit
from assay.worker.statistics.intervals import regularised_beta
from assay.worker.statistics.sequential import ECusum

_FILE = Path(__file__).parents[3] / "vectors" / "alerts.json"
VECTORS: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(_FILE.read_text(encoding="utf-8"))}
WINDOWS = 2880
"""Tumbling windows of 15 minutes in 30 days."""

Integers = NDArray[np.int64]


def at_least(k: int, n: int, p: float) -> float:
    """Probability of k hits of n or more."""
    return 1.0 if k <= 0 else regularised_beta(p, k, n - k + 1)


def read(key: str) -> dict[str, float]:
    """`n=20,p=0.01` as numbers by name; what has no `=` is left out."""
    return {
        name: float(value.split("/")[0]) for name, _, value in (part.partition("=") for part in key.split(",")) if value
    }


def test_a_share_at_its_limit_is_above_it_half_of_the_time() -> None:
    case = VECTORS["slo-5pct-false-alarm"]
    for key, expected in case["expected"].items():
        at = read(key)
        n = int(at["n"])
        assert at_least(fewest_over(n, 0.05), n, at["p"]) == pytest.approx(expected, abs=case["tol"])


def test_false_pages_of_the_plain_rule() -> None:
    case = VECTORS["page-20pct-15min-false-alarm"]
    for key, expected in case["expected"].items():
        at = read(key)
        n = int(at["n"])
        per_window = at_least(fewest_over(n, 0.2), n, at["p"])
        assert per_window == pytest.approx(expected["per_window"], abs=1e-8)
        assert WINDOWS * per_window == pytest.approx(expected["per_30d_2880_tumbling_windows"], abs=1e-3)


def test_what_the_plain_rule_sees() -> None:
    case = VECTORS["page-20pct-detection"]
    for key, powers in case["expected"].items():
        n = int(read(key)["n"])
        for share, expected in powers.items():
            assert at_least(fewest_over(n, 0.2), n, float(share)) == pytest.approx(expected, abs=case["tol"])


def test_from_which_count_on_the_plain_rule_is_quiet() -> None:
    case = VECTORS["page-min-count"]
    for key, expected in case["expected"].items():
        share, _, wanted = key.removeprefix("p=").partition(",")
        most = float(wanted.removesuffix("_per_30d"))
        loud = [n for n in range(1, 150) if WINDOWS * at_least(fewest_over(n, 0.2), n, float(share)) > most]
        assert max(loud) + 1 == expected


def test_fewest_hits_of_the_exact_bound() -> None:
    for key, by_n in VECTORS["exact-kmin"]["expected"].items():
        at = read(key)
        for n, expected in by_n.items():
            fewest = fewest_hits(int(n), at["threshold"], at["alpha"])
            assert fewest == expected
            assert exact_lower_bound(expected, int(n), at["alpha"]) > at["threshold"]
            assert exact_lower_bound(expected - 1, int(n), at["alpha"]) <= at["threshold"]


def test_the_page_rule_with_its_bound() -> None:
    case = VECTORS["page-combined"]
    rule = PageRule(case["input"]["share"], case["input"]["bound"], case["input"]["alpha"])
    for key, expected in case["expected"].items():
        n, k = int(key), expected["k"]
        assert fewest_hits(n, rule.bound_above, rule.alpha) == expected["k_bound"]
        assert fewest_over(n, rule.share_above) == expected["k_over_20pct"]
        assert rule.fewest(n) == k
        assert rule.holds(k, n)
        assert not rule.holds(k - 1, n)
        for share, pages in expected["false_per_2880"].items():
            assert WINDOWS * at_least(k, n, float(share)) == pytest.approx(pages, abs=case["tol"])
        for share, power in expected["power"].items():
            assert at_least(k, n, float(share)) == pytest.approx(power, abs=case["tol"])


def test_burn_rates() -> None:
    expected = VECTORS["burn-rate"]["expected"]
    for name, allowed, share, hours in (
        ("5pct_budget_20pct_15min", 0.05, 0.2, 0.25),
        ("5pct_budget_20pct_1h", 0.05, 0.2, 1),
        ("1pct_budget_5pct_1h", 0.01, 0.05, 1),
    ):
        burn = burn_rate(share, allowed)
        assert burn == pytest.approx(expected[name]["burn_rate"])
        assert budget_used(burn, hours / 24, 30) == pytest.approx(expected[name]["budget_used"], abs=1e-9)
    assert burn_rate(1.0, 0.05) == pytest.approx(expected["max_burn_5pct_budget"])
    for burn in (14.4, 6, 3, 1):
        for budget, share in expected[f"share_for_{burn:g}x"].items():
            assert burn_rate(share, float(budget.removesuffix("%")) / 100) == pytest.approx(burn)
    for name, used, hours in (("2pct_in_1h", 0.02, 1), ("5pct_in_6h", 0.05, 6), ("10pct_in_3d", 0.1, 72)):
        assert budget_used(expected[f"burn_for_{name}"], hours / 24, 30) == pytest.approx(used)


def test_the_path_of_a_cusum() -> None:
    case = VECTORS["bernoulli-cusum-path"]
    given, expected = case["input"], case["expected"]
    chart = BernoulliCusum(given["p0"], given["p1"], given["h"])
    path = chart.path(np.array(given["y"], dtype=np.bool_))
    assert (chart.hit, chart.miss) == pytest.approx((expected["llr1"], expected["llr0"]), abs=case["tol"])
    assert path == pytest.approx(np.array(expected["path"]), abs=case["tol"])
    assert chart.first_alarm(path) == expected["alarm_index_0based"]


def test_run_lengths_of_a_cusum() -> None:
    case = VECTORS["cusum-arl"]
    for limit, share in (("3.0", "0.05"), ("5.0", "0.05"), ("5.0", "0.15")):  # the rest says the same, for seconds
        chart = BernoulliCusum(case["input"]["p0"], case["input"]["p1"], float(limit))
        expected = case["expected"][limit][share]
        assert chart.average_run_length(float(share)) == pytest.approx(expected, rel=case["tol"])


def test_a_limit_has_the_wanted_run_length() -> None:
    assert cusum_limit(0.05, 0.15, 1536.6) == pytest.approx(4.0, abs=0.1)


def test_a_sequential_test_decides_where_it_should() -> None:
    case = VECTORS["sprt"]
    given, expected = case["input"], case["expected"]
    test = Sprt(given["p0"], given["p1"], given["alpha"], given["beta"])
    assert (test.upper, test.lower) == pytest.approx((expected["upper"], expected["lower"]), abs=case["tol"])
    assert test.decision(map(bool, given["y"])) == (expected["decision"], expected["at_index_0based"])


def test_mixture_e_values() -> None:
    case = VECTORS["mixture-e-value"]
    for k, n in case["input"]["cases"]:
        expected = case["expected"][f"{k}/{n}"]
        assert log_mixture_e(k, n, case["input"]["p0"]) == pytest.approx(expected["log_e"], abs=case["tol"])


def test_confidence_sequences_are_wider_than_an_interval() -> None:
    case = VECTORS["confidence-sequence"]
    alpha = case["input"]["alpha"]
    for k, n in case["input"]["cases"]:
        expected = case["expected"][f"{k}/{n}"]
        ends = confidence_sequence(k, n, alpha)
        assert (ends.low, ends.high) == pytest.approx(tuple(expected["cs"]), abs=case["tol"])
        exact = exact_lower_bound(k, n, alpha / 2), exact_upper_bound(k, n, alpha / 2)
        assert exact == pytest.approx(tuple(expected["clopper_pearson"]), abs=case["tol"])
        assert ends.low < exact[0] < exact[1] < ends.high


def test_the_path_of_an_e_cusum() -> None:
    case = VECTORS["e-cusum-path"]
    given = case["input"]
    p1 = given["p0"] + given["lam"] * given["p0"] * (1 - given["p0"])
    logs = ECusum(p0=given["p0"], p1=p1, threshold=1e4).path([(y, 1) for y in given["y"]])
    assert [math.exp(value) for value in logs] == pytest.approx(case["expected"]["path"], rel=1e-8)


def episodes(pages: NDArray[np.bool_]) -> int:
    """How often a page began."""
    return int(pages[0]) + int((pages[1:] & ~pages[:-1]).sum())


def rolling_counts(rng: np.random.Generator, rate: float, share: float) -> tuple[Integers, Integers]:
    """Judged traces and hits of the last 15 minutes, each minute of 30 days."""
    minutes = 30 * 24 * 60
    n = rng.poisson(rate / 15, minutes)
    k = rng.binomial(n, share)
    return tuple(np.convolve(counts, np.ones(15, dtype=np.int64), "valid") for counts in (n, k))  # type: ignore[return-value]


@pytest.mark.parametrize(("rate", "share"), [(10, 0.03), (20, 0.05), (50, 0.05)])
def test_what_looking_every_minute_costs(rate: int, share: float) -> None:
    """The plain rule pages day and night where traffic is thin; with its bound it does a few times a month at most."""
    rule = PageRule(0.2, 0.05, 0.0005)
    needed = np.array([rule.fewest(n) or n + 1 for n in range(200)])
    rng = np.random.default_rng(5)
    plain, bounded = [], []
    for _ in range(12):
        n, k = rolling_counts(rng, rate, share)
        plain.append(episodes(k > 0.2 * n))
        bounded.append(episodes(k >= needed[n]))
    key = f"rate={rate}/15min,p={share}"
    expected = VECTORS["rolling-window-simulation"]["expected"][key]["episodes_rolling_1min"]
    assert fmean(plain) == pytest.approx(expected, rel=VECTORS["rolling-window-simulation"]["tol"], abs=1.0)
    combined = VECTORS["page-combined-rolling"]["expected"][key]
    assert fmean(bounded) == pytest.approx(combined, rel=0.4, abs=VECTORS["page-combined-rolling"]["tol"])


def test_how_long_a_jump_goes_unseen() -> None:
    """A window of 50, a CUSUM and an e-CUSUM that are as quiet as each other; the CUSUM is early, the e-CUSUM
    has a guarantee and pays for it."""
    case = VECTORS["detection-delay"]["expected"]
    rng = np.random.default_rng(7)
    of_window, of_cusum, of_e = (
        case[name]["delay"] for name in ("window_50", "cusum_p0_.03_p1_.10", "e_cusum_A_10000")
    )
    chart = BernoulliCusum(0.03, 0.10, case["cusum_p0_.03_p1_.10"]["h"])
    bet = ECusum(p0=0.03, p1=0.10, threshold=10_000)
    assert bet.bet == pytest.approx(case["e_cusum_A_10000"]["lam"])
    for share in ("0.15", "0.3"):
        delays: dict[str, list[int]] = {"window": [], "cusum": [], "e": []}
        for _ in range(300):
            before, after = rng.random(200) < 0.03, rng.random(1200) < float(share)
            last_50 = np.convolve(np.concatenate([before, after]), np.ones(50), "full")[200:1400]
            delays["window"].append(int(np.argmax(last_50 >= 7)) + 1)
            for name, first in (("cusum", _cusum_delay(chart, after)), ("e", _e_delay(bet, after))):
                delays[name].append(first)
        measured = {name: fmean(values) for name, values in delays.items()}
        assert measured["cusum"] == pytest.approx(of_cusum[share], rel=0.15)
        assert measured["e"] == pytest.approx(of_e[share], rel=0.15)
        assert measured["window"] == pytest.approx(of_window[share], rel=0.15)
        assert measured["cusum"] < measured["e"]


def _cusum_delay(chart: BernoulliCusum, hits: NDArray[np.bool_]) -> int:
    alarm = chart.first_alarm(chart.path(hits))
    assert alarm is not None
    return alarm + 1


def _e_delay(bet: ECusum, hits: NDArray[np.bool_]) -> int:
    alarm = bet.first_alarm(bet.path([(int(hit), 1) for hit in hits[:400]]))
    assert alarm is not None
    return alarm + 1


def test_peeking_at_an_exact_test_and_at_an_e_value() -> None:
    """At exactly the allowed share: a repeated test says it is too high in a quarter of runs, the e-value rarely."""
    case = VECTORS["peeking"]
    p0, runs, n = case["input"]["p0"], 1500, 500
    hits = np.random.default_rng(11).random((runs, n)) < p0
    counts = np.cumsum(hits, axis=1)
    # Both statements grow with the number of hits, so from the fewest hits on which they hold is enough.
    by_test = np.array([next(k for k in range(m + 2) if k > m or is_shown_above(k, m, p0, 0.05)) for m in _to(n)])
    repeated = (counts >= by_test).any(axis=1).mean()
    assert repeated == pytest.approx(case["expected"]["repeated_exact_test_500"], abs=2 * case["tol"])
    by_e = np.array([next(k for k in range(m + 2) if k > m or log_mixture_e(k, m, p0) >= math.log(20)) for m in _to(n)])
    assert (counts >= by_e).any(axis=1).mean() < case["expected"]["mixture_e_value_2000"] + case["tol"]


def _to(n: int) -> range:
    return range(1, n + 1)
