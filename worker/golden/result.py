"""What runs, exams and gates found, as versioned records: everything a report shows is in them, and only read there."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from judges.schema import Claim, Outcome, Record, Usage
from worker.golden.decide import ItemStatus
from worker.statistics.intervals import Estimate, Interval
from worker.statistics.repeats import VarianceComponents
from worker.statistics.weighted import hajek_share


class ItemResult(Record):
    """What became of one answer to one item, with everything needed to show why.

    `repeat` counts from 0. `contexts` are what the target itself returned as evidence; None where the declared ones
    were used. `judgements` holds the status of every time this very answer was judged, where it was judged again to
    confirm a failure; `status` stays that of the first.
    """

    id: str
    repeat: int = Field(default=0, ge=0)
    status: ItemStatus
    reasons: tuple[str, ...] = ()
    scores: dict[str, float] = Field(default_factory=dict)
    state: str | None = None
    worst_claim: Claim | None = None
    response: str | None = None
    contexts: tuple[str, ...] | None = None
    outcome: Outcome | None = None
    judgements: tuple[ItemStatus, ...] = ()
    target_latency_s: float | None = None
    target_tokens: int | None = None
    tags: tuple[str, ...] = ()
    source_id: str | None = None

    @property
    def confirmed(self) -> ItemStatus:
        """What the majority of the judgements says; missing where there is none. One judgement speaks for itself."""
        if not self.judgements:
            return self.status
        for status in (ItemStatus.PASSED, ItemStatus.FAILED):
            if 2 * self.judgements.count(status) > len(self.judgements):
                return status
        return ItemStatus.MISSING


class AnchorResult(Record):
    """One anchor judged: `flagged` is None where the judge failed.

    `judgements` holds all decisions where it was judged again to confirm; `flagged` is then their majority.
    """

    id: str
    label: int
    source_id: str | None
    flagged: bool | None
    outcome: Outcome | None = None
    judgements: tuple[bool | None, ...] = ()

    @property
    def right(self) -> bool:
        """Whether judge and people agree."""
        return self.flagged is not None and self.flagged == bool(self.label)


class AnchorVerdict(Record):
    """What the judge said of one anchor; the part of an exam that a later exam is compared with."""

    id: str
    label: int
    flagged: bool | None


class ExamState(StrEnum):
    """How the exam ended. Only PASSED lets a gate trust the judge."""

    PASSED = "passed"
    BELOW_BAR = "below_bar"
    BELOW_BASELINE = "below_baseline"
    UNEXAMINED = "unexamined"
    INCOMPLETE = "incomplete"


class JudgeChange(Record):
    """The judge against itself when the baseline was taken: one-sided exact McNemar test on the anchors both judged.

    `worse` anchors were right then and are wrong now. `models_before` is empty where no model served them.
    """

    worse: int
    better: int
    n: int
    p_value: float
    alpha: float
    revision_before: str
    models_before: tuple[str, ...] = ()


class JudgeExam(Record):
    """What the anchors say of the judge.

    A judge *flags* an anchor where it would not pass `pass_when`. `informedness` is sensitivity + specificity − 1
    with its lower 95 % bound in `informedness_low`; both are None where a class has no judged label. `change` is None
    where no reviewed baseline tells how the judge was before.
    """

    state: ExamState
    reason: str
    set_digest: str
    revision: str
    bar: float
    positives: int
    negatives: int
    missing: int
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    informedness: float | None = None
    informedness_low: float | None = None
    change: JudgeChange | None = None
    models_served: tuple[str, ...] = ()
    confirmed: int = 0
    anchors: tuple[AnchorVerdict, ...] = ()
    usage: Usage = Usage()
    cost_usd: float | None = None

    @property
    def model_changed(self) -> bool:
        """Whether other models served the judge than when the baseline was taken."""
        before = self.change.models_before if self.change is not None else ()
        return bool(before and self.models_served and before != self.models_served)


class GoldenRun(Record):
    """One run of a golden set against one target, as it is kept and compared.

    `items` holds `repeats` results an item. `cost_usd` is None where a judgement's price is unknown. `timed_out` says
    that the whole run's time was up before everything had been asked.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_version: Literal[2] = Field(default=2, alias="schema")
    run_id: str = ""
    golden_set: str
    set_digest: str
    rubric: str
    rubric_hash: str
    revision: str
    target: str
    repeats: int = Field(default=1, ge=1)
    started: AwareDatetime
    finished: AwareDatetime
    timed_out: bool = False
    items: tuple[ItemResult, ...]
    exam: JudgeExam | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None
    models_served: tuple[str, ...] = ()

    def count(self, status: ItemStatus) -> int:
        """How many answers ended so."""
        return sum(item.status is status for item in self.items)

    @property
    def missing(self) -> int:
        """Answers that never came, or were not judged."""
        return self.count(ItemStatus.MISSING)

    @property
    def completed(self) -> int:
        """Answers that came and were judged."""
        return len(self.items) - self.missing

    def unstable(self) -> tuple[str, ...]:
        """Items that both passed and failed in this run; nobody can tell with one repeat."""
        seen: dict[str, set[ItemStatus]] = {}
        for item in self.items:
            seen.setdefault(item.id, set()).add(item.status)
        return tuple(name for name, found in seen.items() if {ItemStatus.PASSED, ItemStatus.FAILED} <= found)

    def pass_rate(self) -> Estimate | None:
        """Share of passed among completed answers, clustered by source where every item names one, else by item.

        None where it cannot be estimated. Missing answers are not in it; the gate looks at them apart.
        """
        done = [item for item in self.items if item.status is not ItemStatus.MISSING]
        sources = [item.source_id for item in done]
        clusters: list[str | None] | None = sources
        if None in sources:
            clusters = [item.id for item in done] if self.repeats > 1 else None
        return hajek_share([item.status is ItemStatus.PASSED for item in done], [1.0] * len(done), clusters=clusters)


class GateVerdict(StrEnum):
    """What the pipeline is told."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"


EXIT_CODES = {GateVerdict.PASS: 0, GateVerdict.REGRESSED: 1, GateVerdict.INCONCLUSIVE: 3}


class Pair(Record):
    """One item on both sides, with all its repeats; `question` and `contexts` are the item's own."""

    id: str
    question: str = ""
    contexts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    baseline: tuple[ItemResult, ...]
    candidate: tuple[ItemResult, ...]

    @cached_property
    def drop(self) -> int:
        """Passes lost. A repeat that is missing is taken as the candidate's bad luck on either side."""
        before = sum(item.status is not ItemStatus.FAILED for item in self.baseline)
        return before - sum(item.status is ItemStatus.PASSED for item in self.candidate)

    @property
    def worse(self) -> bool:
        """Counts against the candidate."""
        return self.drop > 0

    @property
    def better(self) -> bool:
        """Passes more often than before."""
        return self.drop < 0

    @property
    def both_missing(self) -> bool:
        """Says nothing about either side."""
        return all(item.status is ItemStatus.MISSING for item in (*self.baseline, *self.candidate))

    @property
    def telling(self) -> tuple[ItemResult, ItemResult]:
        """The two answers that show the change best: a pass and a fail where there are such."""
        wanted = (ItemStatus.PASSED, ItemStatus.FAILED) if self.drop >= 0 else (ItemStatus.FAILED, ItemStatus.PASSED)
        sides = zip((self.baseline, self.candidate), wanted, strict=True)
        first, second = (next((item for item in side if item.status is status), side[0]) for side, status in sides)
        return first, second


class Slice(Record):
    """Counts of the items with one tag; reported, never tested. Passes count every repeat."""

    tag: str
    n: int
    baseline_passed: int
    candidate_passed: int
    worse: int
    better: int


class MetricTest(Record):
    """One metric on both sides and whether the candidate is shown to be worse.

    `baseline` and `candidate` are means over the `n` items both sides have. `better_when` says which way is good.
    `adjusted_p` is Holm's over the secondaries; None for the primary. `ratio` is candidate/baseline for what is
    counted (tokens, seconds), where it is tested on its logarithm. `drop_interval` is the 90 % interval of the drop
    (the bound that non-inferiority asks for lies at its upper end).
    """

    metric: str
    test: str
    n: int
    baseline: float | None
    candidate: float | None
    better_when: Literal["higher", "lower"]
    p_value: float | None
    adjusted_p: float | None = None
    ratio: float | None = None
    drop_interval: Interval | None = None
    shown_worse: bool = False


class GateResult(Record):
    """The gate's verdict and everything it rests on; renderers read nothing else.

    `worse` and `better` count items (b and c of McNemar's test). `minimum_detectable_drop` is the true drop of the
    primary metric that this many items catch with 80 % power; for the pass rate `assumed_flip_rate` of the items are
    taken to flip each way by chance. None where no drop is large enough, or it cannot be told.
    `baseline_runs` names the reviewed outputs that were judged again. `noise` tells the spread among repeats of an
    unchanged release, where there are repeats.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_version: Literal[2] = Field(default=2, alias="schema")
    run_id: str = ""
    verdict: GateVerdict
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    golden_set: str
    set_digest: str
    revision: str
    baseline: str
    candidate: str
    baseline_runs: tuple[str, ...] = ()
    mode: Literal["regression", "non_inferiority"] = "regression"
    margin: float | None = None
    repeats: int = 1
    n: int
    worse: int
    better: int
    primary: MetricTest
    secondaries: tuple[MetricTest, ...] = ()
    p_value: float | None
    alpha: float
    baseline_pass_rate: Estimate | None
    candidate_pass_rate: Estimate | None
    baseline_missing: int
    candidate_missing: int
    minimum_detectable_drop: float | None
    assumed_flip_rate: float
    must_pass: tuple[str, ...] = ()
    must_pass_failures: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    noise: VarianceComponents | None = None
    exam: JudgeExam | None = None
    slices: tuple[Slice, ...] = ()
    pairs: tuple[Pair, ...] = ()
    started: AwareDatetime | None = None
    finished: AwareDatetime | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regressed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]

    @property
    def discordant(self) -> tuple[Pair, ...]:
        """Pairs that changed, those that got worse first."""
        changed = [pair for pair in self.pairs if pair.drop and not pair.both_missing]
        return tuple(sorted(changed, key=lambda pair: -pair.drop))
