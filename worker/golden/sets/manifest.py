"""The records a golden set is written in: manifest, items, anchors."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from assay.judges.rubric import ScoreName
from assay.judges.schema import Probability, Record, Sample, Turn
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.golden.sets.files import Identified, Name
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.golden.sets.target_settings import TargetSettings

PASS_RATE: Final = "pass_rate"  # noqa: S105  # a metric
"""The usual primary metric of a gate: the share of answers that pass."""

MIN_LABELS_PER_CLASS = 10
"""Anchors of each label that an exam of the judge needs. Even a judge without a mistake shows little on fewer.

10 of 10 right in both classes leaves a lower bound of 0.61.
"""


class GoldenItem(Identified):
    """One frozen input and what must come of it.

    `contexts` is the declared evidence, used where the target returns none of its own. `source_id` groups items that
    depend on each other (one conversation, one document), so that intervals can respect it.
    """

    expect: Literal["answer", "refusal"] = "answer"
    question: str
    history: tuple[Turn, ...] = ()
    contexts: tuple[str, ...] = ()
    reference: str | None = None
    must_include: tuple[str, ...] = ()
    must_not_include: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source_id: str | None = None


class Anchor(Identified):
    """A frozen output with a person's label, re-judged in every run to examine the judge.

    What was asked and the evidence come from the golden item named by `item`, or from `sample`; the response is
    judged as it stands. `label` is 1 where people marked a hallucination, else 0.
    """

    label: Literal[0, 1]
    source_id: str | None = None
    item: str | None = None
    response: str | None = None
    sample: Sample | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Anchor:
        by_item = self.item is not None and self.response is not None
        if by_item == (self.sample is not None) or (self.item is None) != (self.response is None):
            raise ValueError("give either `item` and `response`, or `sample`")
        return self


class Release(Identified):
    """One recorded output of a release: the item's id, what was answered and, if known, on what evidence.

    `latency_s` and `tokens` are what the answer took, where it was recorded.
    """

    response: str
    contexts: tuple[str, ...] | None = None
    latency_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=0)


class Threshold(Record):
    """The side on which a score must lie for an item to pass."""

    at_most: Probability | None = None
    at_least: Probability | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Threshold:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give exactly one of at_most and at_least")
        return self

    def met_by(self, value: float) -> bool:
        """Whether a score passes."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def __str__(self) -> str:
        return f"at most {self.at_most}" if self.at_most is not None else f"at least {self.at_least}"


CLUSTER_BY = r"^(source_id|item|tag:\S.*)$"
"""What `gate.cluster_by` may say, e.g. `tag:doc-`."""


def _known_cluster_by(value: str) -> str:
    """Refuse what names no way to put items together, with the way that was meant."""
    if re.fullmatch(CLUSTER_BY, value) is None:
        known = did_you_mean(value, ("source_id", "item", "tag:PREFIX"), "write one of")
        raise ValueError(f"{value!r} is no way to put items together; {known}")
    return value


ClusterBy = Annotated[str, AfterValidator(_known_cluster_by), Field(json_schema_extra={"pattern": CLUSTER_BY})]


class GateSettings(Record):
    """How two runs are compared.

    `primary` alone decides, at full `alpha`. `mode: regression` blocks what is shown to be worse;
    `mode: non_inferiority` passes only what is shown to be no worse than `margin` (a share: 0.05 is 5 points).
    `secondary` says what a secondary metric that is shown worse does: warn, or block the release.
    `min_completed` is the share of items that must have been answered and judged on both sides; below it the gate is
    inconclusive. Missing items that it tolerates count against the candidate.
    `judge_alpha` is the level at which the judge counts as worse than when the baseline was taken.
    `cluster_by` says which items belong together: those with one `source_id` (items without one stand alone), those
    that share the tag that begins with a prefix (`tag:doc-`), or `item`: every item stands alone. Their drops are
    summed before a test.
    """

    primary: Literal["pass_rate", "groundedness", "faithfulness", "hallucination_risk"] = "pass_rate"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    mode: Literal["regression", "non_inferiority"] = "regression"
    margin: float | None = Field(default=None, gt=0, lt=1)
    secondary: Literal["warn", "block"] = "warn"
    must_pass: tuple[str, ...] = ()
    cluster_by: ClusterBy = "source_id"
    min_completed: float = Field(default=1.0, gt=0, le=1)
    judge_bar: float = Field(default=0.2, ge=0, lt=1)
    judge_alpha: float = Field(default=0.005, gt=0, lt=0.5)
    on_model_change: Literal["warn", "inconclusive"] = "warn"
    allow_unexamined: bool = False
    allow_uncalibrated: bool = False

    @model_validator(mode="after")
    def _margin_belongs_to_its_mode(self) -> GateSettings:
        if (self.mode == "non_inferiority") != (self.margin is not None):
            raise ValueError("`margin` and `mode: non_inferiority` go together; give both or neither")
        if self.mode == "non_inferiority" and self.primary != "pass_rate":
            raise ValueError("`mode: non_inferiority` needs `primary: pass_rate`")
        return self


class Labels(Record):
    """Where items and labels come from."""

    by: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    source: str = ""


CheckName = Literal["size", "duplicates", "tags", "labels", "licence", "leakage", "anchors"]
"""The checks of `assay golden freeze`."""


class Manifest(Record):
    """`manifest.yaml` of a golden set.

    `baseline` names the release a gate compares with where there is no reviewed `baseline/`. `repeats` is how often
    every item is asked, on both sides alike. `timeout_s` bounds a whole run. `not_in` names files (globs, relative to
    the set) in which no item may occur: few-shot prompts, training data. `waive` silences a check, with the reason.
    `schedule` has the fleet run the set by itself.
    """

    name: Name
    description: str = ""
    rubric: Name = "grounding"
    target: TargetSettings
    baseline: Name | None = None
    pass_when: dict[ScoreName, Threshold] = Field(min_length=1)
    gate: GateSettings = GateSettings()
    repeats: int = Field(default=1, ge=1, le=20)
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    schedule: Schedule | None = None
    labels: Labels
    not_in: tuple[str, ...] = ()
    waive: dict[CheckName, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
