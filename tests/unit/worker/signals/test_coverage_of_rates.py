"""A short run of `benchmarks/rate_coverage.py`: intervals hold the truth of weeks, and comparisons see it move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.worker.signals.changes import compare_rates
from assay.worker.signals.rates import rates
from benchmarks.rate_coverage import DESIGNS, drawn_labels, tallied
from benchmarks.synthetic_weeks import Design, cut_of, halves, make_week

WEEKS = 60
SMALL = {"5 % of 20,000", "all of 2,000", "20 %, errors boosted", "20 %, long sessions"}


@pytest.mark.parametrize("name", sorted(SMALL))
def test_intervals_hold_the_truth(name: str) -> None:
    """Of 60 intervals of 95 % fewer than 52 hold the truth once in 500 times."""
    tallies, plain, _ = tallied(DESIGNS[name], WEEKS, seed=3)
    for figure, tally in tallies.items():
        assert tally.coverage >= 52 / WEEKS, figure
        assert abs(tally.bias) <= 0.001 + 2 * tally.bias_error, figure
    if "boosted" in name:
        assert np.mean(plain) > 0.02


def test_intervals_of_a_cascade_hold_the_truth() -> None:
    tallies, _, _ = tallied(Design(traces=8_000, pi=0.2, cascade=True), 40, seed=3)
    for figure, tally in tallies.items():
        assert tally.coverage >= 34 / 40, figure
        assert abs(tally.bias) <= 0.001 + 2 * tally.bias_error, figure


def test_intervals_of_the_traffic_itself_are_not_too_wide() -> None:
    """Those of rates behind traffic that was judged whole would hold it always."""
    tallies, _, _ = tallied(replace(DESIGNS["all of 2,000"], silent_good=0.2, silent_bad=0.2), 100, seed=4)
    assert tallies["flagged"].coverage < 1.0
    assert np.mean(tallies["flagged"].widths) < np.mean(tallies["flagged_behind"].widths) / 2


def test_failures_that_depend_on_the_answer_are_shown_by_the_bounds() -> None:
    design, generator = Design(pi=0.2, silent_good=0.05, silent_bad=0.3), np.random.default_rng(5)
    held, covered = 0, 0
    for _ in range(30):
        week = make_week(design, generator)
        figures = rates(week.traffic, cut_of(design.rate), labels=drawn_labels(generator))
        assert figures.bounds is not None
        assert figures.problem_share is not None
        held += figures.bounds.low <= week.own_bad <= figures.bounds.high
        covered += figures.problem_share.low <= week.own_bad <= figures.problem_share.high
    assert held == 30
    assert covered < 20


def test_halves_of_one_week_seldom_differ_and_five_points_seldom_hide() -> None:
    generator, alarms, caught = np.random.default_rng(6), 0, 0
    side = Design(traces=16_000, pi=0.05 / 0.97)
    cut = cut_of(side.rate)
    for _ in range(40):
        week = make_week(replace(side, pi=0.1), generator)
        first, second = halves(week.traffic, generator, by_session=True)
        alarms += compare_rates(first, second, cut).metrics["flagged"].p_value < 0.05
        sides = [
            make_week(replace(side, rate=rate), generator, risk_prior=0.05).traffic for rate in (side.rate, 0.1125)
        ]
        change = compare_rates(sides[0], sides[1], cut).metrics["problem_share"]
        caught += change.p_value < 0.10 and change.difference.value > 0
    assert alarms <= 6
    assert caught >= 33
