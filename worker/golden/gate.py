"""The gate: a candidate's run against a baseline's, item by item, and the verdict a pipeline acts on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from judges.schema import Record
from worker.golden.decide import ItemStatus
from worker.golden.exam import ExamState, JudgeExam
from worker.golden.goldenset import GoldenSet, GoldenSetError
from worker.golden.run import GoldenRun, ItemResult
from worker.statistics.intervals import Estimate
from worker.statistics.paired import mcnemar_exact, minimum_detectable_drop

ASSUMED_FLIP_RATE = 0.02
"""Share of items assumed to flip each way by chance alone, for the minimum detectable drop."""


class GateVerdict(StrEnum):
    """What the pipeline is told."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"


EXIT_CODES = {GateVerdict.PASS: 0, GateVerdict.REGRESSED: 1, GateVerdict.INCONCLUSIVE: 3}


class Pair(Record):
    """One item on both sides."""

    baseline: ItemResult
    candidate: ItemResult

    @property
    def worse(self) -> bool:
        """Counts against the candidate. A side that is missing is taken as the candidate's bad luck."""
        return self._passed(self.baseline, if_missing=True) and not self._passed(self.candidate, if_missing=False)

    @property
    def better(self) -> bool:
        """Failed before and passes now."""
        return self.baseline.status is ItemStatus.FAILED and self.candidate.status is ItemStatus.PASSED

    @property
    def both_missing(self) -> bool:
        """Says nothing about either side."""
        return self.baseline.status is self.candidate.status is ItemStatus.MISSING

    @staticmethod
    def _passed(item: ItemResult, *, if_missing: bool) -> bool:
        return if_missing if item.status is ItemStatus.MISSING else item.status is ItemStatus.PASSED


class Slice(Record):
    """Counts of the items with one tag; reported, never tested."""

    tag: str
    n: int
    baseline_passed: int
    candidate_passed: int
    worse: int
    better: int


class GateResult(Record):
    """The gate's verdict and everything it rests on.

    `worse` and `better` are the discordant counts (b and c of McNemar's test). `minimum_detectable_drop` is the true
    drop of the pass rate that this many items catch with 80 % power if `assumed_flip_rate` of them flip each way by
    chance; None where no drop is large enough.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    verdict: GateVerdict
    reasons: tuple[str, ...]
    golden_set: str
    set_digest: str
    revision: str
    baseline: str
    candidate: str
    n: int
    worse: int
    better: int
    p_value: float | None
    alpha: float
    baseline_pass_rate: Estimate | None
    candidate_pass_rate: Estimate | None
    baseline_missing: int
    candidate_missing: int
    minimum_detectable_drop: float | None
    assumed_flip_rate: float = ASSUMED_FLIP_RATE
    must_pass_failures: tuple[str, ...] = ()
    exam: JudgeExam | None = None
    slices: tuple[Slice, ...] = ()
    discordant: tuple[Pair, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regressed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]


def compare(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> GateResult:
    """Compare two runs of one golden set, judged by one evaluator revision.

    Regressed: a must-pass item failed, or the one-sided exact McNemar test on the pass rate says so at the set's alpha.
    Inconclusive: anything that should have run did not, or the judge cannot be trusted. A pass needs neither.

    Raises:
        GoldenSetError: the runs are not of this set as it stands (exit code 2).
    """
    pairs = _pairs(baseline, candidate, golden)
    settings = golden.manifest.gate
    doubts = _judge_doubts(baseline, candidate, golden, exam)
    gaps = _gaps(baseline, candidate, golden)
    broken = [p.candidate.id for p in pairs if p.candidate.id in settings.must_pass and _failed(p.candidate)]
    tested = [pair for pair in pairs if not pair.both_missing]
    worse, better = sum(pair.worse for pair in tested), sum(pair.better for pair in tested)
    p_value = mcnemar_exact(worse, better) if tested else None
    verdict, reasons = _verdict(doubts, gaps, broken, p_value=p_value, alpha=settings.alpha)
    return GateResult(
        verdict=verdict,
        reasons=tuple(reasons),
        golden_set=golden.name,
        set_digest=golden.digest,
        revision=candidate.revision,
        baseline=baseline.target,
        candidate=candidate.target,
        n=len(tested),
        worse=worse,
        better=better,
        p_value=p_value,
        alpha=settings.alpha,
        baseline_pass_rate=baseline.pass_rate(),
        candidate_pass_rate=candidate.pass_rate(),
        baseline_missing=baseline.missing,
        candidate_missing=candidate.missing,
        minimum_detectable_drop=minimum_detectable_drop(len(tested), flip_rate=ASSUMED_FLIP_RATE, alpha=settings.alpha),
        must_pass_failures=tuple(broken),
        exam=exam,
        slices=_slices(tested),
        discordant=tuple(pair for pair in tested if pair.worse or pair.better),
    )


def _pairs(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[Pair]:
    """The two runs item by item, after checking that they can be compared at all."""
    ids = [item.id for item in golden.items]
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        if run.set_digest != golden.digest or run.golden_set != golden.name:
            remedy = f"was made with another state of golden set {golden.name!r}; run it again"
            raise GoldenSetError(f"{side} run", "set_digest", remedy)
        if sorted(item.id for item in run.items) != sorted(ids):
            raise GoldenSetError(f"{side} run", "items", "are not the items of the set; run it again")
    before = {item.id: item for item in baseline.items}
    after = {item.id: item for item in candidate.items}
    return [Pair(baseline=before[item_id], candidate=after[item_id]) for item_id in ids]


def _judge_doubts(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """Why the judge's verdicts cannot carry a decision."""
    doubts = []
    if baseline.revision != candidate.revision:
        doubts.append("baseline and candidate were judged by different evaluator revisions; judge the baseline again")
    if exam is None or exam.state is ExamState.UNEXAMINED:
        if not golden.manifest.gate.allow_unexamined:
            why = exam.reason if exam is not None else "the anchors were not judged"
            doubts.append(f"judge unexamined: {why}; add anchors or set gate.allow_unexamined")
    elif exam.revision != candidate.revision or exam.set_digest != golden.digest:
        doubts.append("the judge's exam is of another evaluator revision or set; examine it again")
    elif exam.state is not ExamState.PASSED:
        doubts.append(f"judge exam {exam.state.value}: {exam.reason}")
    return doubts


def _gaps(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[str]:
    """What did not run, beyond what the set tolerates. A must-pass item always has to run."""
    settings = golden.manifest.gate
    gaps = []
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        missing = [item for item in run.items if item.status is ItemStatus.MISSING]
        if run.completed < settings.min_completed * len(run.items) or run.completed == 0:
            first = f"{missing[0].id}: {missing[0].reasons[0] if missing[0].reasons else 'no reason given'}"
            gaps.append(f"{side}: {run.missing} of {len(run.items)} items missing (first: {first})")
    must = [item.id for item in candidate.items if item.id in settings.must_pass and item.status is ItemStatus.MISSING]
    if must:
        gaps.append(f"must-pass items missing: {', '.join(must)}")
    return gaps


def _verdict(
    doubts: list[str], gaps: list[str], broken: Sequence[str], *, p_value: float | None, alpha: float
) -> tuple[GateVerdict, list[str]]:
    """The verdict and its reasons, the decisive ones first."""
    failures = [f"must-pass item failed: {item_id}" for item_id in broken]
    if doubts:
        return GateVerdict.INCONCLUSIVE, doubts + failures + gaps
    if failures:
        return GateVerdict.REGRESSED, failures + gaps
    if gaps or p_value is None:
        return GateVerdict.INCONCLUSIVE, gaps
    if p_value <= alpha:
        return GateVerdict.REGRESSED, [f"pass rate fell: one-sided exact McNemar p = {p_value:.3g} ≤ {alpha:g}"]
    return GateVerdict.PASS, [f"no regression shown: one-sided exact McNemar p = {p_value:.3g} > {alpha:g}"]


def _failed(item: ItemResult) -> bool:
    return item.status is ItemStatus.FAILED


def _slices(pairs: list[Pair]) -> tuple[Slice, ...]:
    """Counts by tag, in the order of the tags' names."""
    tags = sorted({tag for pair in pairs for tag in pair.candidate.tags})
    groups = [(tag, [pair for pair in pairs if tag in pair.candidate.tags]) for tag in tags]
    return tuple(
        Slice(
            tag=tag,
            n=len(group),
            baseline_passed=sum(pair.baseline.status is ItemStatus.PASSED for pair in group),
            candidate_passed=sum(pair.candidate.status is ItemStatus.PASSED for pair in group),
            worse=sum(pair.worse for pair in group),
            better=sum(pair.better for pair in group),
        )
        for tag, group in groups
    )
