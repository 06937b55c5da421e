"""Do people's reviews give back the true rate? 500 synthetic weeks of a judge that misses and flags by mistake.

5 % of answers are bad; the judge's sensitivity is .85, its specificity .95. Each week people see all flagged answers
and some others, drawn with a known probability. Told are the bias and the coverage of the 95 % interval, and beside
them what one would get who took the flagged reviews alone.

    python benchmarks/review_coverage.py [--weeks 500]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from assay.worker.ports.review_record import AskedReview
from assay.worker.ports.reviews import ReviewDesign
from assay.worker.signals.rates import rates
from assay.worker.signals.reviewed import people_rate, reviewed_judge
from assay.worker.signals.traffic import Floats, SliceKey, Traffic, Unanswered
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.second_phase import mean_spread, stream_probability

BASE, SENSITIVITY, SPECIFICITY = 0.05, 0.85, 0.95
NOW = datetime(2026, 11, 30, tzinfo=UTC)
WEEKS_OF_LABELS = 12
"""Reviews of so many weeks examine the judge, as those of the last 90 days do in a report."""

_NORMAL = NormalDist()
_THRESHOLD = _NORMAL.inv_cdf(SPECIFICITY)
_SHIFT = _THRESHOLD + _NORMAL.inv_cdf(SENSITIVITY)


class Case(NamedTuple):
    """One kind of weeks."""

    name: str
    judged: int
    drawn: int
    answered: float = 1.0
    graded: bool = True
    odds: float = 1.0


CASES = (
    Case("30 drawn, risk graded", 333, 30),
    Case("30 drawn, risk a flag", 333, 30, graded=False),
    Case("30 drawn, 60 % answered", 333, 30, answered=0.6),
    Case("30 drawn of 2,000 judged", 2_000, 30),
    Case("100 drawn", 333, 100),
    Case("30 drawn, odds 3 times too low", 333, 30, odds=1 / 3),
)


class Week(NamedTuple):
    """One week: its traffic, its reviews, the cut."""

    traffic: Traffic
    reviews: list[AskedReview]
    cut: float


def week(rng: np.random.Generator, case: Case) -> Week:
    """One week of traffic with what people say of it."""
    bad = rng.random(case.judged) < BASE
    score = rng.normal(size=case.judged) + _SHIFT * bad
    flagged = score >= _THRESHOLD
    odds = case.odds * BASE / (1 - BASE) * np.exp(_SHIFT * score - _SHIFT**2 / 2)
    cut_odds = case.odds * BASE / (1 - BASE) * np.exp(_SHIFT * _THRESHOLD - _SHIFT**2 / 2)
    risk, cut = odds / (1 + odds), float(cut_odds / (1 + cut_odds))
    if not case.graded:
        risk, cut = np.where(flagged, 0.472, 0.0082), 0.4
    passed = risk[~flagged]
    spread = mean_spread(passed)
    reviews = []
    for k in range(case.judged):
        pi = 1.0 if flagged[k] else stream_probability(float(risk[k]), case.drawn, passed.size, spread)
        if rng.random() < pi:
            label = int(bad[k]) if rng.random() < case.answered else None
            reviews.append(_review(k, float(risk[k]), pi, label))
    return Week(_traffic(risk), reviews, cut)


def _review(number: int, risk: float, pi: float, label: int | None) -> AskedReview:
    design = ReviewDesign(review_pi=pi, pi=0.2, risk=risk, revision="r", started_at=NOW)
    ids = {"store": "s", "project": "p", "trace_id": f"t{number}", "rubric": "grounding", "use_case": "bot"}
    kept = {**ids, "queue": "q", "asked_at": NOW, "label": label, "reviewed_at": NOW, "design": design}
    return AskedReview.model_validate(kept)


def _traffic(risk: Floats) -> Traffic:
    n = risk.size
    whole, none = np.zeros(n, dtype=np.int64), np.empty(0)
    return Traffic(
        key=SliceKey("bot", "grounding", "r"),
        risk=risk,
        faithfulness=np.full(n, np.nan),
        groundedness=np.full(n, np.nan),
        pi=np.full(n, 0.2),
        clusters=np.arange(n),
        days=whole,
        state_codes=whole,
        state_names=("judged",),
        calibrated=True,
        screened=None,
        unanswered=Unanswered(none, none.astype(np.int64), none.astype(np.int64), ()),
    )


def estimates(rng: np.random.Generator, case: Case, weeks: int) -> Iterator[tuple[str, Estimate | None]]:
    """What each week tells, in three ways."""
    last: list[list[AskedReview]] = []
    for _ in range(weeks + WEEKS_OF_LABELS):
        traffic, reviews, cut = week(rng, case)
        last = [*last[-WEEKS_OF_LABELS + 1 :], reviews]
        if len(last) < WEEKS_OF_LABELS:
            continue
        yield "as people see it", people_rate(reviews, traffic, cut).share
        labels = reviewed_judge([each for own in last for each in own], cut)
        corrected = rates(traffic, cut, labels=labels).corrected if labels else None
        yield "flagged share, corrected", corrected.share if corrected else None
        flagged = [each.label for each in reviews if each.design.review_pi == 1 and each.label is not None]
        if flagged:
            share = sum(flagged) / len(flagged)
            yield "wrong: flagged reviews alone", Estimate(value=share, low=share, high=share, n=len(flagged))


def main() -> None:
    """Print one line for each kind of weeks and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=500)
    weeks = parser.parse_args().weeks
    print(f"{weeks} weeks each; true rate {BASE:.1%}, judge {SENSITIVITY} / {SPECIFICITY}")
    for case in CASES:
        told: dict[str, list[Estimate | None]] = {}
        for name, estimate in estimates(np.random.default_rng(1), case, weeks):
            told.setdefault(name, []).append(estimate)
        for name, every in told.items():
            print(f"{case.name:32} {name:30} {_line(every)}", flush=True)


def _line(every: list[Estimate | None]) -> str:
    known = [each for each in every if each is not None]
    if not known:
        return "never told"
    bias = sum(each.value for each in known) / len(known) - BASE
    covered = sum(each.low <= BASE <= each.high for each in known) / len(known)
    width = sum(each.high - each.low for each in known) / len(known)
    told = f"told {len(known) / len(every):.0%}"
    return f"{told}  bias {bias * 100:+6.2f} points  covered {covered:6.1%}  width {width * 100:5.1f} points"


if __name__ == "__main__":
    main()
