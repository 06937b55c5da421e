"""How often does the gate block an unchanged release, and does it catch what it promises to catch?

    python -m benchmarks.gate_false_alarms [--releases 2000]

Simulates releases and hands them to the product's own decision code (`grade` for the judge's exam, `compare` for the
gate, all default checks on, two must-pass items whose failures are confirmed by a majority of three judgements).

A/A: nothing changed. Every verdict of the judge flips by chance with the given probability, on both sides, in the
exam, and in each confirmation. Every exit code but 0 counts as a false alarm. Planted: some items fail for good, so
that the measured pass rate drops by ten points, or by the minimum detectable drop that the gate itself prints.

Exits 1 where an upper 95 % limit of the A/A figures (flips up to 2 %) exceeds 6 %, fewer than 90 % of the ten-point
drops at n = 200 are caught, or the power at the printed drop is off 80 % by more than 3 points.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from assay.judges.rubric import parse_rubric
from assay.worker.golden.gate.comparison import compare
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import (
    JUDGEMENTS_TO_CONFIRM,
    AnchorResult,
    GoldenRun,
    ItemResult,
    JudgeExam,
)
from assay.worker.golden.runs.exam import grade
from assay.worker.golden.sets.baseline import Approval, Baseline, BaselineAnchor, BaselineOutputs, BaselineRecord
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import Anchor, GateSettings, GoldenItem, Labels, Manifest, Threshold
from assay.worker.golden.sets.target_settings import RecordedTargetSettings
from assay.worker.statistics.clusters import cluster_sums
from assay.worker.statistics.intervals import clopper_pearson
from assay.worker.statistics.paired import drop_p_value
from assay.worker.statistics.power import minimum_detectable_drop

Bools = NDArray[np.bool_]

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PASSING = 0.85
"""Share of items that truly pass. The first two, the must-pass items, always do."""
MUST_PASS = ("item-0", "item-1")
GATE = GateSettings(must_pass=MUST_PASS)
ANCHORS = 160
JUDGE_RIGHT = 0.85
TAKES = 6
RELEASES_A_WORLD = 100
LIMIT, CAUGHT, POWER, WITHIN = 0.06, 0.90, 0.80, 0.03


@dataclass(frozen=True)
class World:
    """A golden set of n items whose judge flips each verdict with one probability.

    `clusters` numbers the cluster of each item. Those in `as_one` flip whole or not at all.
    """

    golden: GoldenSet
    passes: Bools
    judge_right: Bools
    flip: float
    clusters: NDArray[np.int64]
    as_one: Bools
    takes: list[dict[bool, list[ItemResult]]]
    answers: list[dict[bool, AnchorResult]]

    @classmethod
    def of(
        cls,
        n: int,
        flip: float,
        generator: Generator,
        *,
        sizes: Sequence[int] | None = None,
        as_one: float = 0.0,
        gate: GateSettings = GATE,
    ) -> World:
        """A set in memory, with a reviewed baseline of the judge's exam.

        Args:
            n: items.
            flip: probability that a verdict flips.
            generator: of everything that is random.
            sizes: of the clusters that the items lie in; None: each item stands alone.
            as_one: probability that a cluster flips as one.
            gate: the set's gate settings.
        """
        clusters = np.repeat(np.arange(len(sizes or (1,) * n)), sizes or (1,) * n)
        passes = generator.random(n) < PASSING
        passes[: len(MUST_PASS)] = True
        right = generator.random(ANCHORS) < JUDGE_RIGHT
        anchors = tuple(
            Anchor(id=f"a{i}", label=1 if i % 4 == 0 else 0, item="item-0", response="r") for i in range(ANCHORS)
        )
        digests = {"items": f"{n}", "anchors": "a", "pass_when": "p"}
        golden = GoldenSet(
            directory=Path(),
            manifest=Manifest(
                name="simulated",
                target=RecordedTargetSettings(kind="recorded"),
                pass_when={"hallucination_risk": Threshold(at_most=0.5)},
                gate=gate,
                labels=Labels(by="nobody", licence="none needed"),
            ),
            rubric=parse_rubric("name: simulated", source="benchmark"),
            items=tuple(
                GoldenItem(
                    id=f"item-{i}",
                    question="?",
                    tags=("even" if i % 2 == 0 else "odd",),
                    source_id=None if sizes is None else f"source-{clusters[i]}",
                )
                for i in range(n)
            ),
            anchors=anchors,
            digests=digests,
        )
        flagged = (right ^ (generator.random(ANCHORS) < flip)) == np.array([a.label for a in anchors], dtype=bool)
        baseline = Baseline(
            directory=Path(),
            record=BaselineRecord(
                digests=digests,
                target="t",
                revision="r",
                outputs=(BaselineOutputs(file="t", run_id="x", repeat=0, started=NOW, passed=1, failed=0),),
                approved=Approval(by="nobody", at=NOW, why="simulation"),
            ),
            anchors=tuple(
                BaselineAnchor(id=anchor.id, flagged=bool(flag)) for anchor, flag in zip(anchors, flagged, strict=True)
            ),
        )
        takes = [{passed: _takes(item, passed, generator) for passed in (True, False)} for item in golden.items]
        whole = generator.random(int(clusters[-1]) + 1) < as_one
        golden = golden.model_copy(update={"baseline": baseline})
        return cls(golden, passes, right, flip, clusters, whole, takes, _answers(anchors))

    def noisy(self, truth: Bools, generator: Generator) -> Bools:
        """What the judge says of each item this time."""
        flips = generator.random(truth.size) < self.flip
        together = (generator.random(self.as_one.size) < self.flip)[self.clusters]
        return truth ^ np.where(self.as_one[self.clusters], together, flips)

    def run(self, truth: Bools, generator: Generator, *, confirm: bool) -> GoldenRun:
        """A run: statuses, and scores, tokens and seconds with noise of their own."""
        passed = self.noisy(truth, generator)
        takes = generator.integers(0, TAKES, truth.size)
        items = [self.takes[i][bool(passed[i])][take] for i, take in enumerate(takes)]
        for index in range(len(MUST_PASS)) if confirm else ():
            again = self._judgements(index, truth, passed, generator)
            items[index] = items[index].model_copy(update={"judgements": again})
        return GoldenRun.model_construct(
            golden_set=self.golden.name,
            set_digest=self.golden.digest,
            rubric="simulated",
            rubric_hash="h",
            revision="r",
            target="t",
            repeats=1,
            started=NOW,
            finished=NOW,
            items=tuple(items),
        )

    def _judgements(self, index: int, truth: Bools, passed: Bools, generator: Generator) -> tuple[ItemStatus, ...]:
        """Further judgements of a must-pass item that failed."""
        if passed[index]:
            return ()
        again = truth[index] ^ (generator.random(JUDGEMENTS_TO_CONFIRM - 1) < self.flip)
        return (ItemStatus.FAILED, *(ItemStatus.PASSED if passes else ItemStatus.FAILED for passes in again))

    def exam(self, generator: Generator) -> JudgeExam:
        """The judge's exam, without the confirmation that would make it milder."""
        right = self.judge_right ^ (generator.random(ANCHORS) < self.flip)
        results = [self.answers[i][bool(was_right)] for i, was_right in enumerate(right)]
        return grade(self.golden, results, "r")

    def dropped(self, drop: float, generator: Generator) -> Bools:
        """Which items pass truly when the measured pass rate falls by `drop`."""
        after = self.passes.copy()
        if drop:
            candidates = np.flatnonzero(self.passes)[len(MUST_PASS) :]
            # Items drop independently, so that the drop is the one whose power the gate states.
            share = drop / (1 - 2 * self.flip) * self.passes.size / candidates.size
            after[candidates[generator.random(candidates.size) < share]] = False
        return after

    def lost(self, drop: float, generator: Generator) -> list[int]:
        """Passes lost per item by a release that is worse by `drop`; nothing but the statuses is made."""
        before = self.noisy(self.passes, generator)
        after = self.noisy(self.dropped(drop, generator), generator)
        passes: list[int] = (before.astype(int) - after).tolist()
        return passes

    def is_shown(self, lost: Sequence[int]) -> bool:
        """Whether the gate's test of the pass rate calls these losses a regression."""
        return drop_p_value(cluster_sums(lost, self.clusters.tolist())) <= self.golden.manifest.gate.alpha

    def release(self, dropped: float, generator: Generator) -> GateResult:
        """One release against the baseline. `dropped` of the items fail for good where they passed."""
        return self.compared(self.dropped(dropped, generator), generator)

    def compared(self, after: Bools, generator: Generator) -> GateResult:
        """One release against the baseline, of which these items pass truly."""
        before = self.run(self.passes, generator, confirm=False)
        candidate = self.run(after, generator, confirm=True)
        return gate_result(compare(before, candidate, self.golden, self.exam(generator)))


def _takes(item: GoldenItem, passed: bool, generator: Generator) -> list[ItemResult]:  # noqa: FBT001  # the status
    """Answers to an item that end so, from which both sides draw alike. Building one for each run takes too long."""
    takes = []
    for _ in range(TAKES):
        risk = float(np.clip(generator.normal(0.2 if passed else 0.8, 0.05), 0, 1))
        grounded = float(np.clip(generator.normal(1 - risk, 0.05), 0, 1))
        takes.append(
            ItemResult(
                id=item.id,
                status=ItemStatus.PASSED if passed else ItemStatus.FAILED,
                scores={"hallucination_risk": risk, "groundedness": grounded},
                response="r",
                tags=item.tags,
                target_latency_s=float(generator.lognormal(0, 0.3)),
                target_tokens=int(generator.integers(200, 400)),
            )
        )
    return takes


def _answers(anchors: Sequence[Anchor]) -> list[dict[bool, AnchorResult]]:
    """Each anchor judged rightly and wrongly."""
    return [
        {
            right: AnchorResult(id=a.id, label=a.label, source_id=None, flagged=right == bool(a.label))
            for right in (True, False)
        }
        for a in anchors
    ]


def simulate(n: int, flip: float, releases: int, *, dropped: float = 0.0, seed: int = 1) -> Counter[str]:
    """Verdicts of so many releases, each with items, judge and baseline of its own."""
    generator = np.random.default_rng([seed, n, round(1000 * flip), round(1e6 * dropped)])
    verdicts: Counter[str] = Counter()
    for turn in range(releases):
        if turn % RELEASES_A_WORLD == 0:
            world = World.of(n, flip, generator)
        result = world.release(dropped, generator)
        verdicts[result.verdict.value] += 1
        verdicts["primary"] += result.primary.shown_worse
        verdicts["must_pass"] += bool(result.must_pass_failures)
        verdicts["warned"] += bool(result.warnings)
    return verdicts


def upper(k: int, n: int) -> float:
    """One-sided upper 95 % limit of a share."""
    interval = clopper_pearson(k, n, 0.90)
    return 1.0 if interval is None else interval.high


def main() -> int:
    """Print the tables. The exit status is 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=2000, help="simulated releases per cell")
    releases = parser.parse_args().releases
    planted = releases // 2
    started, kept = time.perf_counter(), True
    print(f"{date.today()}, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")  # noqa: DTZ011
    print(f"{releases} unchanged releases a cell; exit 0 is the only right one\n")
    print("  n  flips  non-zero exits            by primary  must-pass  inconclusive   exit 0 with a warning")
    for n in (100, 200):
        for flip in (0.01, 0.02, 0.05):
            counts = simulate(n, flip, releases)
            alarms = counts["regressed"] + counts["inconclusive"]
            limit = upper(alarms, releases)
            kept &= flip > 0.02 or limit <= LIMIT
            rates = [counts[key] / releases for key in ("primary", "must_pass", "inconclusive", "warned")]
            print(
                f"{n:>3}  {flip:>4.0%}   {alarms / releases:>5.2%}, upper limit {limit:>5.2%}  "
                + "".join(f"{rate:>12.2%}" for rate in rates)
            )
    print(f"\n{planted} releases a cell with a planted drop\n\n  n  flips  planted drop              caught")
    for n, flip, dropped, least in ((200, 0.01, 0.10, CAUGHT), (200, 0.02, 0.10, CAUGHT), (200, 0.05, 0.10, 0.0)):
        share = simulate(n, flip, planted, dropped=dropped)["regressed"] / planted
        kept &= share >= least
        print(f"{n:>3}  {flip:>4.0%}   10 points                 {share:.1%}")
    for n in (100, 200):
        drop = minimum_detectable_drop(n, flip_rate=0.02)
        if drop is None:
            raise AssertionError("a hundred items detect something")
        share = simulate(n, 0.02, planted, dropped=drop)["primary"] / planted
        kept &= abs(share - POWER) <= WITHIN
        print(f"{n:>3}    2%   {100 * drop:.1f} points (as printed)   {share:.1%} by the primary metric, promised 80 %")
    print(f"\n{time.perf_counter() - started:.0f} s; {'all promises kept' if kept else 'A PROMISE IS NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
