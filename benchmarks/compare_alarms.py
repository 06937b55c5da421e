"""How often `assay compare` is wrong, as a whole: on two equal releases, and where one way of answering got worse.

    .venv/bin/python -m benchmarks.compare_alarms [--runs 300] [--seed 16]

Each run draws both releases anew: sessions of 1 to 8 answers of which half share their fate, selection probabilities of
.1 and .3, and on both sides 5 % bad answers, 2 % empty ones, 4 % refusals, 3 % unanswered, 3 % without a risk. Beside
the verdicts it tells how often the test of the rate alone is below alpha, and how often unanswered traces, all bad on
one side and all good on the other, would show any worsening at all.
"""

from __future__ import annotations

import argparse
from array import array
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from assay.worker.reporting.compare.comparing import compared
from assay.worker.reporting.compare.question import Question, Side
from assay.worker.reporting.compare.result import CompareResult
from assay.worker.reporting.compare.selected import End, Selected, SelectedRows
from assay.worker.reporting.compare.sides import BothSides, RowKey
from assay.worker.reporting.compare.verdict import CompareRules
from assay.worker.signals.traffic import SliceKey, Traffic, Unanswered

EQUAL: Mapping[str, float] = {"bad": 0.05, "empty": 0.02, "refused": 0.04, "unanswered": 0.03, "without": 0.03}
"""Shares of one release. `bad` is of the answers that have a risk, the others are of all selected traces."""

CASES: Mapping[str, tuple[int, Mapping[str, float]]] = {
    "equal": (800, {}),
    "equal, many": (8000, {}),
    "bad +5 points": (800, {"bad": 0.10}),
    "empty +10 points": (800, {"empty": 0.12}),
    "refused +10 points": (800, {"refused": 0.14}),
    "unanswered +10 points": (800, {"unanswered": 0.13}),
    "without a risk +10 points": (800, {"without": 0.13}),
}
"""What is compared: selected traces on each side, and what is another share on side b."""

ALPHA = CompareRules().alpha

KEY = RowKey("bot", "grounding")


class Release:
    """One side of traffic, drawn anew."""

    def __init__(self, n: int, shares: Mapping[str, float], random: np.random.Generator, number: int) -> None:
        sizes = random.integers(1, 9, n)
        self.clusters = np.repeat(np.arange(n), sizes)[:n] + number * 10_000_000
        self.pi = random.choice([0.1, 0.3], n)
        ends = self._alike(random)
        edges = np.cumsum([shares[name] for name in ("empty", "unanswered", "refused", "without")])
        self.kind = np.searchsorted(edges, ends, side="right")
        is_bad = self._alike(random) < shares["bad"]
        risk = np.where(is_bad, random.uniform(0.8, 1.0, n), random.uniform(0.0, 0.05, n))
        self.risk = np.where(self.kind == 4, risk, np.nan)

    def _alike(self, random: np.random.Generator) -> np.ndarray:
        """A uniform number of each trace. In half of them it is that of its session."""
        n = self.clusters.size
        of_session = random.random(n)[self.clusters - self.clusters[0]]
        return np.where(random.random(n) < 0.5, of_session, random.random(n))

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
        chunk = {"pi": self.pi, "risk": self.risk, **dict.fromkeys(names, unknown)}
        return SelectedRows([chunk], array("q", self.clusters.tolist()), array("b", ends.tolist()))


def run(n: int, worse: Mapping[str, float], random: np.random.Generator) -> CompareResult:
    """One comparison."""
    a, b = Release(n, EQUAL, random, 0), Release(n, {**EQUAL, **worse}, random, 1)
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


def main() -> None:
    """Print one line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    asked = parser.parse_args()
    for name in asked.cases:
        n, worse = CASES[name]
        random = np.random.default_rng(asked.seed)
        results = [run(n, worse, random) for _ in range(asked.runs)]
        verdicts = Counter(result.verdict.value for result in results)
        reasons = Counter(result.rows[0].reason.value for result in results)
        strict = sum(strictly_turned(result) for result in results)
        tests = [result.rows[0].tested for result in results]
        alone = sum(test is not None and test.p_value <= ALPHA for test in tests)
        counts = f"{dict(verdicts)} {dict(reasons)}"
        print(f"{name}, n={n:,} a side, {asked.runs} runs: {counts}, rate alone {alone}, strictly turned {strict}")


if __name__ == "__main__":
    main()
