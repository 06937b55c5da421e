"""Do the intervals of rates hold what they say, and does a comparison see what it should?

    python -m benchmarks.rate_coverage [--weeks 500] [--tables 1 2 3 4]

Draws weeks of traffic of which the truth is known (`synthetic_weeks`): 5 % of answers are bad, sessions of 1 to 8
traces go wrong together, a judge of sensitivity .85 and specificity .95, 3 % failures. All estimates are the product's.

1. Coverage of the 95 % intervals, for the week's own traffic and for the rate behind it, with how many lay too low and
   too high; bias; what the plain mean of scored traces would have been off by.
2. Failures that depend on the answer: 5 % of the good and 30 % of the bad ones end without a verdict. How far off is
   the rate, and do the bounds that are shown hold the truth?
3. The share of bad answers with the judge's errors taken out, by 40 + 160 labels drawn anew each week.
4. Comparisons: false alarms on two halves of one week, and how often a worsening of five points is caught with 800
   judged traces on each side: five points of bad answers, of which this judge shows four, and five points of flagged
   ones. `worse` is a test in one direction at .05, as `assay compare` decides by, `moved` one in both.

Exits 1 where a coverage of table 1 lies outside 93–97 % by more than chance explains, a bias is above .1 points by
more than that, false alarms exceed 6 %, or fewer than 90 % of the worsenings are caught by the problem share, again by
more than chance.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from assay.worker.signals.changes import compare_rates
from assay.worker.signals.rates import rates
from assay.worker.signals.traffic import Traffic
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.judge_error import JudgeLabels
from benchmarks.synthetic_weeks import (
    SENSITIVITY,
    SPECIFICITY,
    Design,
    Week,
    cut_of,
    flagged_behind,
    halves,
    make_week,
)

LONG = Design(traces=5_000, turns=(5, 20), icc=0.3)
DESIGNS: dict[str, Design] = {
    "5 % of 20,000": Design(),
    "20 % of 20,000": Design(pi=0.2),
    "all of 2,000": Design(traces=2_000, pi=1.0),
    "5 %, errors boosted": Design(boosted=True),
    "20 %, errors boosted": Design(pi=0.2, boosted=True),
    "5 %, long sessions": LONG,
    "20 %, long sessions": replace(LONG, pi=0.2),
    "all, long sessions": replace(LONG, pi=1.0),
    "5 %, cascade": Design(cascade=True),
    "20 %, cascade": Design(pi=0.2, cascade=True),
    "20 %, cascade, boosted": Design(pi=0.2, cascade=True, boosted=True),
}
"""What table 1 draws. Long sessions have 5 to 20 traces, and their answers are twice as alike."""

NAMES = ("problem_share", "flagged", "problem_behind", "flagged_behind")
LOWEST, HIGHEST, BIAS, FALSE_ALARMS, CAUGHT = 0.93, 0.97, 0.001, 0.06, 0.90


@dataclass
class Tally:
    """What came of one figure over many weeks, beside the truth of each."""

    errors: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    too_low: int = 0
    too_high: int = 0

    def add(self, estimate: Estimate | None, truth: float, drawn: float | None = None) -> None:
        """One week. What could not be estimated counts as missed.

        Args:
            estimate: of the week.
            truth: that the interval should hold.
            drawn: the truth by draws that are right on the average (`Week.drawn_problem`). Given, the bias is the mean
                distance from it: what chance did to the sample moves both alike.
        """
        self.held.append(estimate is not None and estimate.low <= truth <= estimate.high)
        if estimate is not None:
            self.too_low += estimate.high < truth
            self.too_high += estimate.low > truth
            self.errors.append(estimate.value - (truth if drawn is None else drawn))
            self.widths.append(estimate.high - estimate.low)

    @property
    def coverage(self) -> float:
        """Share of the weeks whose interval held the truth."""
        return float(np.mean(self.held))

    @property
    def bias(self) -> float:
        """How far the estimate is off on average."""
        return float(np.mean(self.errors))

    @property
    def bias_error(self) -> float:
        """What the bias may be by chance alone, at 95 %."""
        return 1.96 * float(np.std(self.errors)) / math.sqrt(len(self.errors))

    def is_kept(self) -> bool:
        """Whether coverage and bias are what was promised, or off by no more than chance."""
        chance = 1.96 * math.sqrt(0.05 * 0.95 / len(self.held))
        within = LOWEST - chance <= self.coverage <= HIGHEST + chance
        return within and abs(self.bias) <= BIAS + self.bias_error


def truths_of(week: Week, design: Design) -> dict[str, float]:
    """What each figure should say of this week."""
    behind = {"problem_behind": design.rate, "flagged_behind": flagged_behind(design.rate)}
    return {"problem_share": week.own_problem, "flagged": week.own_flagged, **behind}


def draws_of(week: Week) -> dict[str, float]:
    """What the sample of this week would say by true probabilities: on the average the truth of each figure."""
    return dict(zip(NAMES, 2 * (week.drawn_problem, week.drawn_flagged), strict=True))


def tallied(design: Design, weeks: int, seed: int) -> tuple[dict[str, Tally], list[float], list[int]]:
    """The figures of so many weeks, how far plain means were off, and how many traces were scored."""
    generator, cut = np.random.default_rng(seed), cut_of(design.rate)
    tallies: dict[str, Tally] = {name: Tally() for name in NAMES}
    plain, sizes = [], []
    for _ in range(weeks):
        week = make_week(design, generator)
        figures, drawn = rates(week.traffic, cut), draws_of(week)
        for name, truth in truths_of(week, design).items():
            tallies[name].add(getattr(figures, name), truth, drawn[name])
        plain.append(week.plain - week.own_problem)
        sizes.append(week.traffic.n)
    return tallies, plain, sizes


def coverage_table(weeks: int) -> bool:
    """Print table 1; whether it keeps the promise."""
    print(f"\n1. {weeks} weeks a row: coverage of 95 % intervals and bias in points (± its 95 % chance)\n")
    head = f"{'coverage':>9}{'low':>5}{'high':>5}{'width':>8}{'bias':>16}   plain mean"
    print(f"{'design':<24}{'n':>6}  {'figure':<16}{head}")
    kept = True
    for seed, (name, design) in enumerate(DESIGNS.items()):
        tallies, plain, sizes = tallied(design, weeks, seed)
        for figure, tally in tallies.items():
            kept &= tally.is_kept()
            mark = "" if tally.is_kept() else "  <--"
            off = f"{100 * float(np.mean(plain)):+.2f}" if figure == "problem_share" else ""
            bias = f"{100 * tally.bias:+.3f} ± {100 * tally.bias_error:.3f}"
            width = f"{100 * float(np.mean(tally.widths)):.2f}"
            misses = f"{tally.coverage:>9.3f}{tally.too_low:>5}{tally.too_high:>5}"
            row = f"{name:<24}{int(np.mean(sizes)):>6}  {figure:<16}{misses}{width:>8}{bias:>16}"
            print(f"{row}   {off}{mark}", flush=True)
            name = ""  # noqa: PLW2901  # told once
    return kept


def silence_table(weeks: int) -> bool:
    """Print table 2; whether bounds held the truth in at least 93 % of the weeks."""
    print(f"\n2. {weeks} weeks a row: 5 % of good and 30 % of bad answers without a verdict\n")
    print("design             bias of the rate, points   its coverage   bounds hold the truth   width of bounds")
    kept = True
    for pi in (0.05, 0.2):
        design = Design(pi=pi, silent_good=0.05, silent_bad=0.30)
        generator, cut, tally = np.random.default_rng(100), cut_of(design.rate), Tally()
        held, widths = [], []
        for _ in range(weeks):
            week = make_week(design, generator)
            figures = rates(week.traffic, cut)
            tally.add(figures.problem_share, week.own_bad)
            bounds = figures.bounds
            held.append(bounds is not None and bounds.low <= week.own_bad <= bounds.high)
            widths.append(bounds.high - bounds.low if bounds else math.nan)
        kept &= float(np.mean(held)) >= LOWEST
        row = f"{100 * tally.bias:>+24.2f}{tally.coverage:>15.3f}{np.mean(held):>24.3f}{100 * np.mean(widths):>18.1f}"
        print(f"{pi:<6.0%} of 20,000  {row}", flush=True)
    return kept


def corrected_table(weeks: int) -> bool:
    """Print table 3; whether the corrected share covers."""
    print(f"\n3. {weeks} weeks a row: the share of bad answers, judge's errors taken out by 40 + 160 labels\n")
    print("design             flagged, mean   corrected, mean   coverage   width   clipped")
    kept = True
    for pi in (0.05, 0.2):
        design, generator, tally = Design(pi=pi), np.random.default_rng(200), Tally()
        clipped, flagged = 0, []
        for _ in range(weeks):
            week = make_week(design, generator)
            figures = rates(week.traffic, cut_of(design.rate), labels=drawn_labels(generator))
            corrected = figures.corrected
            tally.add(corrected.share if corrected else None, week.own_bad)
            clipped += bool(corrected and corrected.clipped)
            flagged.append(figures.flagged.value if figures.flagged else math.nan)
        kept &= tally.coverage >= LOWEST - 0.02
        means = f"{100 * np.mean(flagged):>15.2f}{100 * (design.rate + tally.bias):>18.2f}"
        rest = f"{tally.coverage:>11.3f}{100 * np.mean(tally.widths):>8.1f}{clipped / weeks:>10.3f}"
        print(f"{pi:<6.0%} of 20,000  {means}{rest}")
    return kept


def drawn_labels(generator: np.random.Generator) -> JudgeLabels:
    """How the judge does on 40 bad and 160 good answers."""
    caught, passed = generator.binomial(40, SENSITIVITY), generator.binomial(160, SPECIFICITY)
    return JudgeLabels(positives=40, caught=int(caught), negatives=160, passed=int(passed))


Pair = Callable[[np.random.Generator], tuple[Traffic, Traffic, float]]


def comparisons() -> dict[str, tuple[bool, Pair]]:
    """What table 4 compares: whether there is a difference, and both sides with the cut."""
    side = Design(traces=16_000, pi=0.05 / 0.97)
    alone = replace(side, turns=(1, 1), icc=0.0)

    def split(design: Design, *, by_session: bool) -> Pair:
        return lambda generator: (
            *halves(make_week(design, generator).traffic, generator, by_session=by_session),
            cut_of(design.rate),
        )

    def moved(before: Design, after: Design) -> Pair:
        # Both sides are judged by one instrument: its risk was calibrated at the first rate.
        def pair(generator: np.random.Generator) -> tuple[Traffic, Traffic, float]:
            sides = [make_week(design, generator, risk_prior=before.rate).traffic for design in (before, after)]
            return sides[0], sides[1], cut_of(before.rate)

        return pair

    return {
        "halves by session, 5 %": (False, split(replace(side, traces=32_000), by_session=True)),
        "halves by trace, 20 %": (False, split(Design(traces=8_000, pi=0.2), by_session=False)),
        "halves by trace, all, long sessions": (False, split(DESIGNS["all, long sessions"], by_session=False)),
        "halves by session, all, long sessions": (False, split(DESIGNS["all, long sessions"], by_session=True)),
        "bad 5 to 10 %, 800 each, alone": (True, moved(alone, replace(alone, rate=0.10))),
        "flagged 9 to 14 %, 800 each, sessions": (True, moved(side, replace(side, rate=0.1125))),
        "bad 5 to 10 %, 800 each, sessions": (True, moved(side, replace(side, rate=0.10))),
    }


def comparison_table(weeks: int) -> bool:
    """Print table 4; whether it keeps the promise."""
    print(f"\n4. {weeks} comparisons a row: share that is shown\n")
    print(f"{'':<40}{'problem_share':>16}{'flagged':>20}")
    print(f"{'two sides':<40}{'worse':>8}{'moved':>8}{'worse':>12}{'moved':>8}")
    kept, chance = True, 1.96 * math.sqrt(0.05 * 0.95 / weeks)
    for seed, (name, (differs, pair)) in enumerate(comparisons().items()):
        worse, moved = shown(pair, weeks, 300 + seed)
        if not differs:
            kept &= max(*worse.values(), *moved.values()) <= FALSE_ALARMS + chance
        else:
            kept &= worse["problem_share"] >= CAUGHT - chance
        figures = [worse["problem_share"], moved["problem_share"], worse["flagged"], moved["flagged"]]
        print("{:<40}{:>8.3f}{:>8.3f}{:>12.3f}{:>8.3f}".format(name, *figures), flush=True)
    return kept


def shown(pair: Pair, weeks: int, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """How often each rate is shown to be worse, in one direction, and to have moved, in either."""
    generator = np.random.default_rng(seed)
    worse: dict[str, list[bool]] = {"problem_share": [], "flagged": []}
    moved: dict[str, list[bool]] = {"problem_share": [], "flagged": []}
    for _ in range(weeks):
        metrics = compare_rates(*pair(generator)).metrics
        for name, seen in worse.items():
            change = metrics[name]
            moved[name].append(change.p_value < 0.05)
            seen.append(change.difference.value > 0 and change.p_value < 0.10)
    means = [{name: float(np.mean(seen)) for name, seen in side.items()} for side in (worse, moved)]
    return means[0], means[1]


TABLES = {1: coverage_table, 2: silence_table, 3: corrected_table, 4: comparison_table}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=500)
    parser.add_argument("--tables", type=int, nargs="+", choices=sorted(TABLES), default=sorted(TABLES))
    options = parser.parse_args(arguments)
    started = time.monotonic()
    print(f"{datetime.now(tz=UTC):%Y-%m-%d}, numpy {np.__version__}, {options.weeks} weeks a row")
    kept = [TABLES[table](options.weeks) for table in options.tables]
    print(f"\n{'kept' if all(kept) else 'NOT KEPT'}, {time.monotonic() - started:.0f} s")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
