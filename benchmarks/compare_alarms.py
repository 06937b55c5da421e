"""How often `assay compare` is wrong, as a whole: on two equal releases, and where one way of answering got worse.

    .venv/bin/python -m benchmarks.compare_alarms [--runs 500] [--seed 16] [--designs weeks sharp harsh] [--cases NAME…]

Each run draws both releases anew, and asks what the command asks: the rate, four shares of what is no judged answer,
the family of all tests, the verdict. On both sides 5 % of the judged answers are bad, 2 % of the selected traces are
empty, 4 % refusals, 3 % unanswered and 3 % without a risk.

- `weeks`: the traffic of `rate_coverage`. Sessions of 1 to 8 answers go wrong together (correlation .15), 5 % of all
  traces are selected, and the judge has a sensitivity of .85 and a specificity of .95: of five points more bad answers
  it shows less than three.
- `sharp`: the same traffic, and a judge that hardly errs.
- `harsh`: whole sessions are selected, half of whose answers share their fate, with probabilities of .1 and .3. The
  judge hardly errs either.

A release is stopped where it does not pass: exit code 1, or 3. Beside it stands how often the rate alone is at or below
alpha, and how often unanswered traces, all bad on one side and all good on the other, would show any worsening.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.comparing import compared
from assay.worker.reporting.compare.question import Question, Side
from assay.worker.reporting.compare.result import CompareResult
from assay.worker.reporting.compare.selected import End, Selected, SelectedRows
from assay.worker.reporting.compare.sides import BothSides, RowKey
from assay.worker.reporting.compare.verdict import CompareRules
from assay.worker.signals.traffic import Bools, Floats, SliceKey, Traffic, Unanswered
from benchmarks.synthetic_weeks import stated_risk

EQUAL: Mapping[str, float] = {"bad": 0.05, "empty": 0.02, "refused": 0.04, "unanswered": 0.03, "without": 0.03}
"""Shares of one release. `bad` is of the answers that have a risk, the others are of all selected traces."""

JUDGED = 1 - sum(share for name, share in EQUAL.items() if name != "bad")
"""Of the selected traces of an equal release."""


@dataclass(frozen=True)
class Design:
    """What releases are like, and how they are judged.

    Attributes:
        alike: share of answers that have their session's fate; two of one session are correlated by its square.
        pis: selection probabilities, drawn for each trace.
        is_thinned: whether single traces are selected. Else whole sessions are.
        is_sharp: whether the judge hardly errs.
    """

    alike: float
    pis: tuple[float, ...]
    is_thinned: bool
    is_sharp: bool


DESIGNS: Mapping[str, Design] = {
    "weeks": Design(alike=math.sqrt(0.15), pis=(0.05,), is_thinned=True, is_sharp=False),
    "sharp": Design(alike=math.sqrt(0.15), pis=(0.05,), is_thinned=True, is_sharp=True),
    "harsh": Design(alike=0.5, pis=(0.1, 0.3), is_thinned=False, is_sharp=True),
}

CASES: Mapping[str, tuple[int, Mapping[str, float]]] = {
    "equal": (800, {}),
    "equal, many": (8000, {}),
    "bad +5 points": (800, {"bad": 0.10}),
    "empty +10 points": (800, {"empty": 0.12}),
    "refused +10 points": (800, {"refused": 0.14}),
    "unanswered +10 points": (800, {"unanswered": 0.13}),
    "without a risk +10 points": (800, {"without": 0.13}),
}
"""What is compared: how many traces are judged on an equal side (harsh: selected), and what share differs on side b."""

ALPHA = CompareRules().alpha

KEY = RowKey("bot", "grounding")


class Release:
    """One side of traffic, drawn anew."""

    def __init__(
        self, design: Design, n: int, shares: Mapping[str, float], random: np.random.Generator, number: int
    ) -> None:
        self.design = design
        total = round(n / JUDGED / design.pis[0]) if design.is_thinned else n
        sizes = random.integers(1, 9, total)
        self.clusters = np.repeat(np.arange(total), sizes)[:total]
        self.pi = random.choice(design.pis, total)
        self.kind = self._ends(shares, random)
        self.risk = np.where(self.kind == 4, self._risk(shares["bad"], random), np.nan)
        if design.is_thinned:
            self._keep(random.random(total) < self.pi)
        self.clusters += number * 10_000_000

    def _ends(self, shares: Mapping[str, float], random: np.random.Generator) -> np.ndarray:
        edges = np.cumsum([shares[name] for name in ("empty", "unanswered", "refused", "without")])
        return np.searchsorted(edges, self._alike(random), side="right")

    def _risk(self, share: float, random: np.random.Generator) -> Floats:
        """Both sides are judged by one instrument: it was calibrated on equal releases."""
        is_bad: Bools = self._alike(random) < share
        if not self.design.is_sharp:
            return stated_risk(is_bad, EQUAL["bad"], random)
        return np.where(is_bad, random.uniform(0.8, 1.0, is_bad.size), random.uniform(0.0, 0.05, is_bad.size))

    def _alike(self, random: np.random.Generator) -> np.ndarray:
        """A uniform number of each trace. Some have that of their session."""
        n = self.clusters.size
        of_session = random.random(n)[self.clusters]
        return np.where(random.random(n) < self.design.alike, of_session, random.random(n))

    def _keep(self, rows: Bools) -> None:
        self.clusters, self.pi = self.clusters[rows], self.pi[rows]
        self.kind, self.risk = self.kind[rows], self.risk[rows]

    def traffic(self) -> Traffic:
        """What was judged, with what stayed unanswered."""
        scored, silent = self.kind >= 2, self.kind == 1
        n, lost = int(scored.sum()), int(silent.sum())
        return Traffic(
            key=SliceKey(*KEY, "rev-1"),
            risk=self.risk[scored],
            faithfulness=np.full(n, np.nan),
            groundedness=np.full(n, np.nan),
            pi=self.pi[scored],
            clusters=self.clusters[scored],
            days=np.ones(n, dtype=np.int64),
            state_codes=(self.kind[scored] == 2).astype(np.int64),
            state_names=("judged", "refusal"),
            calibrated=True,
            screened=None,
            unanswered=Unanswered(
                self.pi[silent], np.ones(lost, dtype=np.int64), np.zeros(lost, dtype=np.int64), ("dead: poison",)
            ),
        )

    def selected(self) -> SelectedRows:
        """All of it, as compare counts what is no judged answer."""
        unknown = np.full(self.pi.size, np.nan)
        names = ("faithfulness", "input_tokens", "output_tokens", "cost_usd", "duration_s", "first_token_s")
        ends = np.array([End.EMPTY, End.UNANSWERED, End.REFUSED, End.SCORED, End.SCORED])[self.kind]
        own = {"cluster": self.clusters, "end": ends.astype(np.int8)}
        return SelectedRows([{"pi": self.pi, "risk": self.risk, **own, **dict.fromkeys(names, unknown)}])


def run(design: Design, n: int, worse: Mapping[str, float], random: np.random.Generator) -> CompareResult:
    """One comparison."""
    a, b = Release(design, n, EQUAL, random, 0), Release(design, n, {**EQUAL, **worse}, random, 1)
    until = datetime(2026, 11, 29, tzinfo=UTC)
    sides = [Side(name=name, value=name, since=until - timedelta(days=7), until=until) for name in ("v41", "v42")]
    selected = Selected({KEY: a.selected()}, {KEY: b.selected()}, Counter())
    both = {KEY: BothSides({"rev-1": a.traffic()}, {"rev-1": b.traffic()})}
    return compared(Question(by="release", a=sides[0], b=sides[1]), CompareRules(), both, selected, lambda _: 0.5)


def strictly_turned(result: CompareResult) -> bool:
    """Whether unanswered traces, all bad on b and all good on a, would show any worsening at all."""
    test = result.rows[0].tested
    if test is None or test.if_unanswered_bad is None:
        return False
    error = (test.change.high - test.change.low) / (2 * 1.96)
    return test.if_unanswered_bad - 1.645 * error > 0


def row_of(name: str, results: list[CompareResult]) -> str:
    """What came of all runs of a case, in a line."""
    reasons = Counter(result.rows[0].reason.value for result in results)
    worse = sum(result.verdict is GateVerdict.REGRESSED for result in results)
    stopped = sum(result.verdict is not GateVerdict.PASS for result in results)
    tests = [result.rows[0].tested for result in results]
    alone = sum(test is not None and test.p_value <= ALPHA for test in tests)
    strict = sum(strictly_turned(result) for result in results)
    n = round(float(np.mean([result.rows[0].a.with_score for result in results])))
    shares = f"worse {worse / len(results):.1%}, stopped {stopped / len(results):.1%}"
    return f"{name}, n={n:,}: {shares}; {dict(reasons)}, rate alone {alone}, strictly turned {strict}"


def main() -> None:
    """Print one line for each design and case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--designs", nargs="+", choices=DESIGNS, default=list(DESIGNS))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    asked = parser.parse_args()
    print(f"{datetime.now(tz=UTC):%Y-%m-%d}, numpy {np.__version__}, {asked.runs} pairs a case, seed {asked.seed}")
    for design in asked.designs:
        for name in asked.cases:
            n, worse = CASES[name]
            random = np.random.default_rng(asked.seed)
            results = [run(DESIGNS[design], n, worse, random) for _ in range(asked.runs)]
            print(row_of(f"{design}: {name}", results), flush=True)


if __name__ == "__main__":
    main()
