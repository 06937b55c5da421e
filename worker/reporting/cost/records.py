"""What `assay cost` tells, as data. In USD; unknown is None, and never 0."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate

CostFact = Literal["feature", "user_tier", "model", "provider", "prompt_version", "day"]
"""What cost can be split by."""


class Money(Record):
    """A sum with its 95 % interval. Where everything was selected and told, both ends are the value."""

    value: float
    low: float
    high: float


class CostPart(Record):
    """Traffic of one use case, or of one value of a fact.

    Attributes:
        value: of the fact. None: the traces do not tell it, or nothing is split.
        requests: of all traffic.
        n: traces of the sample.
        n_known: those of them that tell their cost.
        known_share: weighted share of them. The others are taken to cost as much, and not 0.
        total: of all traffic. None: too few tell theirs.
        per_request: of the requests behind the traffic. None: less than two tell theirs.
    """

    value: str | None = None
    requests: float
    n: int
    n_known: int
    known_share: float
    total: Money | None
    per_request: Estimate | None


class Jump(Record):
    """A prompt's version that takes more or less tokens than the one before. `ratio` is new over old."""

    prompt_name: str
    prompt_version: str
    before: str
    ratio: Estimate


class ProjectedMonth(Record):
    """Where the calendar month (UTC) is going.

    Attributes:
        so_far: of the month, as is `today` of the day.
        projected: None below two complete days.
        method: `weekday pattern`, or `mean day` where less than 14 complete days are known.
        days: complete days that told it.
        budget_usd: what the application may cost in the month, as is `budget_usd_per_day` in a day. None: nobody said.
        state: how it stands to the budget. `over` and `likely over`: the projection or the cost so far is above it,
            with its lower bound above it, or without. None: no budget, or no projection and so far within it.
        day_state: whether today came to 80 % of the day's budget.
    """

    so_far: Money | None
    today: Money | None
    projected: Money | None
    method: str | None = None
    days: int = 0
    budget_usd: float | None = None
    budget_usd_per_day: float | None = None
    state: Literal["within", "likely over", "over"] | None = None
    day_state: Literal["within", "near", "over"] | None = None


class UseCaseCost(Record):
    """One use case.

    Attributes:
        counted: whether sweeps counted the requests of the period, and not the sample alone tells them.
        parts: by the fact that was asked for.
        jumps: versions of prompts that came up in the last 7 days.
    """

    use_case: str
    counted: bool
    whole: CostPart
    parts: tuple[CostPart, ...] = ()
    month: ProjectedMonth
    jumps: tuple[Jump, ...] = ()


class CostReport(Record):
    """What the application's answers cost in a period.

    Attributes:
        schema_version: of this form.
        month: of all use cases together.
        notes: what limits it.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    since: AwareDatetime
    until: AwareDatetime
    by: CostFact | None = None
    use_cases: tuple[UseCaseCost, ...]
    month: ProjectedMonth | None = None
    notes: tuple[str, ...] = ()


def cost_schema() -> dict[str, Any]:
    """The JSON schema of `assay cost --json`."""
    return CostReport.model_json_schema(by_alias=True, mode="serialization")
