"""What a run or an exam came to, as versioned records. `gate_result.py` has what a gate makes of two runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from assay.judges.schema import Claim, Outcome, Record, Usage
from assay.judges.team_files.problems import first_problem
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.usage import Spent, spent_on
from assay.worker.golden.sets.files import GoldenSetError, read_plain
from assay.worker.golden.sets.manifest import Release
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_share

JudgedBy = Literal["live", "batch"]
"""How a run's judge was asked: `live` at once, `batch` by a provider's batches at half the price."""

JUDGEMENTS_TO_CONFIRM = 3
"""A failure that decides alone counts when the majority of so many judgements of the same answer says so."""


class ItemResult(Record):
    """What became of one answer to one item, with everything needed to show why.

    `repeat` counts from 0. `contexts` are what the target itself returned as evidence; None where the declared ones
    were used. `judgements` holds the status of every time this very answer was judged, where it was judged again to
    confirm a failure; `status` stays that of the first. `cluster` is shared by items that move together
    (`gate.cluster_by`). `spent` is what all judgements took, first tries that failed included. Runs that were written
    before these two were kept have an empty `cluster` and None.
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
    cluster: str = ""
    spent: Spent | None = None

    def as_release(self) -> Release:
        """The answer as a line of a recorded release; no answer becomes an empty one."""
        return Release(
            id=self.id,
            response=self.response or "",
            contexts=self.contexts,
            latency_s=self.target_latency_s,
            tokens=self.target_tokens,
        )

    @property
    def is_settled(self) -> bool:
        """Whether no judge is needed: there is no answer, or one that fails by itself."""
        return self.response is None or self.status is not ItemStatus.MISSING

    @property
    def judging(self) -> Spent:
        """What judging this answer took."""
        return spent_on(self.outcome) if self.spent is None else self.spent

    @property
    def unconfirmed(self) -> bool:
        """Whether it failed and was not judged often enough for that to decide alone: the time was up."""
        return self.status is ItemStatus.FAILED and len(self.judgements) < JUDGEMENTS_TO_CONFIRM

    @property
    def confirmed(self) -> ItemStatus:
        """What the majority of the judgements says; missing where there is none. A pass speaks for itself."""
        if self.unconfirmed:
            return ItemStatus.MISSING
        if not self.judgements:
            return self.status
        for status in (ItemStatus.PASSED, ItemStatus.FAILED):
            if 2 * self.judgements.count(status) > len(self.judgements):
                return status
        return ItemStatus.MISSING


class AnchorResult(Record):
    """One anchor judged: `flagged` is None where the judge failed.

    `judgements` holds all decisions where it was judged again to confirm; `flagged` is then their majority. `spent` is
    what all of them took, as in `ItemResult`.
    """

    id: str
    label: int
    source_id: str | None
    flagged: bool | None
    outcome: Outcome | None = None
    judgements: tuple[bool | None, ...] = ()
    spent: Spent | None = None

    @property
    def judging(self) -> Spent:
        """What judging this anchor took."""
        return spent_on(self.outcome) if self.spent is None else self.spent

    @property
    def right(self) -> bool:
        """Whether judge and people agree."""
        return self.flagged is not None and self.flagged == bool(self.label)


class AnchorVerdict(Record):
    """What the judge said of one anchor; the part of an exam that a later exam is compared with.

    Where it was wrong, `sentence` is the one that it doubted most and `reason` what it said of it; where it failed,
    `reason` says how. `state` is the judge's word where there was no sentence, e.g. `refusal`.
    """

    id: str
    label: int
    flagged: bool | None
    state: str = ""
    sentence: str = ""
    reason: str = ""

    @property
    def has_fallen(self) -> bool:
        """Whether it speaks against the judge: people said otherwise."""
        return self.flagged is not None and self.flagged != bool(self.label)


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


class GoldenRun(Record):
    """One run of a golden set against one target, as it is kept and compared.

    `items` holds `repeats` results an item. `usage` and `cost_usd` are those of every judgement, also of those that
    failed or confirmed; `cost_usd` is None where a price is unknown. `timed_out` says that the whole run's time was up
    before everything had been asked. `judged_by` is `batch` where the judge was asked by a provider's batches: then
    `cost_usd` is at their price.
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
    judged_by: JudgedBy = "live"

    @property
    def outcomes(self) -> list[Outcome | None]:
        """What the judge came to, answer by answer; None where it was not asked."""
        return [item.outcome for item in self.items]

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
        return tuple(name for name, statuses in seen.items() if {ItemStatus.PASSED, ItemStatus.FAILED} <= statuses)

    def pass_rate(self) -> Estimate | None:
        """Share of passed among completed answers, over clusters of items and of an item's repeats.

        None where it cannot be estimated. Missing answers are not in it; the gate looks at them apart.
        """
        done = [item for item in self.items if item.status is not ItemStatus.MISSING]
        names = [item.cluster or item.source_id or item.id for item in done]
        clusters = names if len(set(names)) < len(names) else None
        return hajek_share([item.status is ItemStatus.PASSED for item in done], [1.0] * len(done), clusters=clusters)


def read_run(path: Path) -> GoldenRun:
    """Read a run that was written as JSON.

    Raises:
        GoldenSetError: the file cannot be read or is no run of this version.
    """
    try:
        return GoldenRun.model_validate_json(read_plain(path))
    except ValidationError as exc:
        key, problem = first_problem(exc)
        raise GoldenSetError(path, key, f"{problem}; write the file with `assay golden run --out`") from exc
