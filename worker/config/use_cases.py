"""Use cases in `assay.yaml`: slices of traffic, each with one policy of selecting and judging."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from assay.worker.config.limits import Usd
from assay.worker.config.section import Section
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.stores.registry import titles_with

USUAL_RATES = (0.05, 0.30)
"""Shares of traffic that are judged without a word. A rate outside needs `allow_rate`."""

HIGH_STAKES_LEAST = 0.20
"""A lower rate needs `allow_rate` where the stakes are high."""

JudgeOrEndpoint = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
UsualRate = Annotated[float, Field(ge=USUAL_RATES[0], le=USUAL_RATES[1])]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]


class Match(Section):
    """Which traces: keys are ANDed, the values of one key ORed, globs allowed. Empty matches every trace."""

    environment: tuple[str, ...] = ()
    trace_name: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    user_id: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Stratum(Section):
    """A slice whose rate is raised; decided on columns of the root alone, before anything is judged."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    when: Match
    rate: Rate
    allow_rate: bool = False


class LowTraffic(Section):
    """Below this many traces a day all of them are judged; above half as many again the rate is used.

    A use case whose volume is not known yet is judged whole too, up to the two caps. So no flood is judged whole.
    """

    below_per_day: int = Field(default=1000, ge=0, description="0 turns the rule off.")
    most_per_window: int | None = Field(
        default=None,
        ge=1,
        description="Most traces of one window that are judged because traffic is low; default: as below_per_day.",
    )
    most_per_day: int | None = Field(
        default=None,
        ge=1,
        description="Most traces of any 24 hours that are judged because traffic is low; default: as below_per_day.",
    )


class Defaults(Section):
    """What a use case takes where it says nothing itself."""

    rate: UsualRate = 0.10
    high_stakes_rate: UsualRate = 0.25
    low_traffic: LowTraffic = LowTraffic()
    min_per_day: int = Field(default=50, ge=0)
    quiet_seconds: int = Field(default=60, ge=0)
    rubrics: tuple[str, ...] = Field(default=("grounding",), min_length=1)


class UseCase(Section):
    """A slice of traffic with one policy."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    match: Match = Match()
    stakes: Literal["standard", "high"] = "standard"
    rate: Rate | None = None
    allow_rate: bool = False
    strata: tuple[Stratum, ...] = ()
    rubrics: tuple[str, ...] | None = Field(default=None, min_length=1)
    review_queue: str | None = Field(
        default=None,
        min_length=1,
        description=f"{titles_with(WithReviewQueues)} annotation queue that flagged answers go to; "
        "meant for high stakes.",
    )
    judges_allowed: tuple[JudgeOrEndpoint, ...] | None = Field(
        default=None,
        description="Where this use case's text may go: local, decision, llm, panel (at the usual endpoint), "
        "named endpoints.",
    )
    budget_usd_per_day: Usd | None = Field(
        default=None, description="Most that judging it may cost in a UTC day, in USD. Then it waits for the next one."
    )
    budget_usd_per_month: Usd | None = Field(
        default=None, description="Most that judging it may cost in a calendar month (UTC), in USD."
    )

    weight: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="How many judgements it gets where others get one, while more waits than the fleet can do.",
    )

    @model_validator(mode="after")
    def _month_holds_a_day(self) -> UseCase:
        day, month = self.budget_usd_per_day, self.budget_usd_per_month
        if day and month and month < day:
            raise ValueError(
                f"budget_usd_per_month: {month:g} is less than budget_usd_per_day {day:g}; "
                "raise it, or lower budget_usd_per_day"
            )
        return self

    @model_validator(mode="after")
    def _rates_are_usual(self) -> UseCase:
        asked = [("rate", self.rate, self.allow_rate)]
        if self.stakes == "high" and self.rate is not None and self.rate < HIGH_STAKES_LEAST and not self.allow_rate:
            raise ValueError(f"rate: {self.rate:g} is low for high stakes; set allow_rate: true if meant")
        asked += [(f"strata.{s.name}.rate", s.rate, s.allow_rate) for s in self.strata]
        for key, rate, allowed in asked:
            if rate is not None and not allowed and not USUAL_RATES[0] <= rate <= USUAL_RATES[1]:
                raise ValueError(f"{key}: {rate:g} lies outside 0.05–0.30; set allow_rate: true if it is meant")
        return self
