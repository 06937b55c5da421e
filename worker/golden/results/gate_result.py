"""What a gate found, as a versioned record: everything a report shows is in it, and renderers only read it."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from assay.judges.schema import Record, Usage
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult, JudgedBy, JudgeExam
from assay.worker.statistics.intervals import Estimate, Interval
from assay.worker.statistics.repeats import VarianceComponents


class GateVerdict(StrEnum):
    """What the pipeline is told."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"


EXIT_CODES = {GateVerdict.PASS: 0, GateVerdict.REGRESSED: 1, GateVerdict.INCONCLUSIVE: 3}


FlipSource = Literal["repeats", "baseline", "assumed"]
"""How the share of items that flip by chance is known."""


class Pair(Record):
    """One item on both sides, with all its repeats; `question` and `contexts` are the item's own.

    Items with one `cluster` move together; empty: the item stands alone.
    """

    id: str
    cluster: str = ""
    question: str = ""
    contexts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    baseline: tuple[ItemResult, ...]
    candidate: tuple[ItemResult, ...]

    @cached_property
    def drop(self) -> int:
        """Passes lost. A repeat that is missing is taken as the candidate's bad luck on either side."""
        return self.most_to_lose - sum(item.status is ItemStatus.PASSED for item in self.candidate)

    @property
    def most_to_lose(self) -> int:
        """What the drop would be if every answer of the candidate had failed."""
        return sum(item.status is not ItemStatus.FAILED for item in self.baseline)

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
    def cluster_key(self) -> str:
        """What it shares with the items of its cluster."""
        return self.cluster or f"item {self.id}"

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

    `baseline` and `candidate` are means over the `n` items both sides have; of a score that is the primary, with the
    numbers that stand for answers without one. `better_when` says which way is good. The items lie in so many
    `clusters`, whose sums are tested.
    `adjusted_p` is Holm's over the secondaries; None for the primary. `ratio` is candidate/baseline for what is
    counted (tokens, seconds), where it is tested on its logarithm. `drop_interval` is the 90 % interval of the drop
    (the bound that non-inferiority asks for lies at its upper end).
    """

    metric: str
    test: str
    n: int
    clusters: int
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

    `worse` and `better` count items, `clusters_worse` and `clusters_better` clusters by the sum of their items' changes
    (b and c of McNemar's test, where every item stands alone). `cluster_by` is the set's setting.

    `minimum_detectable_drop` is the true drop of the primary metric that is caught with 80 % power, if it is spread
    over the items; `minimum_detectable_cluster_drop` is that of one that takes whole clusters, where items share any.
    None where no drop is large enough, or it cannot be told. For the pass rate `flip_rate` of the items flip each way
    by chance, of these `flips_together` with their whole cluster. `flips_measured` says by what that is known:
    `repeats` of this gate's baseline, or outputs of the reviewed `baseline` when it was taken; `assumed` where nothing
    tells it.

    `next_steps` say what a person can do about an inconclusive verdict.
    `baseline_runs` names the reviewed outputs that were judged again. `noise` tells the spread among repeats of an
    unchanged release, where there are repeats. `judged_by` is `batch` where a provider's batches
    brought the judge's answers.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_version: Literal[3] = Field(default=3, alias="schema")
    run_id: str = ""
    verdict: GateVerdict
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
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
    cluster_by: str = "source_id"
    clusters: int
    clusters_worse: int
    clusters_better: int
    primary: MetricTest
    secondaries: tuple[MetricTest, ...] = ()
    p_value: float | None
    alpha: float
    baseline_pass_rate: Estimate | None
    candidate_pass_rate: Estimate | None
    baseline_missing: int
    candidate_missing: int
    minimum_detectable_drop: float | None
    minimum_detectable_cluster_drop: float | None = None
    flip_rate: float
    flips_together: float = 0.0
    flips_measured: FlipSource = "assumed"
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
    judged_by: JudgedBy = "live"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regressed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]

    @property
    def discordant(self) -> tuple[Pair, ...]:
        """Pairs that changed, those that got worse first."""
        changed = [pair for pair in self.pairs if pair.drop and not pair.both_missing]
        return tuple(sorted(changed, key=lambda pair: -pair.drop))
