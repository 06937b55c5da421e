"""A short run of `benchmarks/compare_alarms.py`: equal releases pass, and one that gives fewer answers does not."""

from __future__ import annotations

import numpy as np
import pytest

from assay.worker.golden.results.gate_result import GateVerdict
from benchmarks.compare_alarms import CASES, DESIGNS, run

RUNS = 60


def passed(case: str, design: str = "harsh", runs: int = RUNS) -> int:
    """How many of the runs pass."""
    random = np.random.default_rng(5)
    n, worse = CASES[case]
    return sum(run(DESIGNS[design], n, worse, random).verdict is GateVerdict.PASS for _ in range(runs))


def test_equal_releases_pass() -> None:
    assert passed("equal") >= 52  # at 5 % false alarms fewer are seen once in 200 times


@pytest.mark.parametrize("case", [name for name in CASES if name.endswith("+10 points")])
def test_a_share_that_rises_far_does_not_pass(case: str) -> None:
    assert passed(case) <= 0.2 * RUNS


def test_five_points_more_bad_answers_seldom_pass() -> None:
    """At 90 % caught, more than 8 of 30 pass once in 500 times."""
    assert passed("bad +5 points", "weeks", 30) <= 8
