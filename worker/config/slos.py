"""`slos:` in assay.yaml: what is aimed at, by use case. Each objective is a share of traces that are to be good."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from assay.worker.config.limits import Usd
from assay.worker.config.section import FilledSection

SloProfile = Literal["standard", "rag", "chat", "voice", "agent", "batch", "high-stakes"]
"""Names of the ready sets of objectives in `slo_profiles`."""

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
"""A share of traces. A target of 1 would have no error budget, so that the first bad trace spends it for ever."""

Probability = Annotated[float, Field(gt=0.0, le=1.0)]
"""Where good ends, e.g. 0.15. At 0 every trace would be bad, or every one good, and nothing be aimed at."""


class Aim(FilledSection):
    """One objective. Keys that are left out are those of the profile."""

    share: Share | None = Field(default=None, description="The least share of traces that are to be good, e.g. 0.95.")


class RiskAim(Aim):
    """Traces whose `hallucination_risk` is low enough."""

    risk_below: Probability | None = Field(
        default=None, description="A trace with this risk or a higher one is bad, e.g. 0.15."
    )
    allow_uncalibrated: bool | None = Field(
        default=None, description="Whether a risk counts that no calibration stands behind. Default: it is not known."
    )


class ScoreAim(Aim):
    """Traces whose score is high enough."""

    at_least: Probability | None = Field(default=None, description="A trace with a lower score is bad, e.g. 0.80.")


class SecondsAim(Aim):
    """Traces that were fast enough. A p95 of at most 2 seconds is `{at_most_s: 2, share: 0.95}`."""

    at_most_s: Annotated[float, Field(ge=0.0001, allow_inf_nan=False)] | None = Field(
        default=None, description="Seconds. A trace that took longer is bad."
    )


class CostAim(Aim):
    """Traces that cost little enough."""

    at_most_usd: Annotated[float, Field(ge=0.0000001, allow_inf_nan=False)] | None = Field(
        default=None, description="USD. A trace that cost more is bad."
    )


class CoverageAim(Aim):
    """Selected traces that the fleet worked off in time."""

    within_minutes: Annotated[float, Field(ge=1.0, le=7 * 24 * 60)] | None = Field(
        default=None,
        description="Minutes until it was scored, skipped or dead, from when a sweep could first take it.",
    )


def _off(value: object) -> object:
    if value is True:
        raise ValueError("on is what it is without a word; write its keys, off, or remove the key")
    if isinstance(value, int | float) and value is not False:
        raise ValueError(f"{value:g} does not say of what it is the limit; write keys, as {{share: 0.95}}, or off")
    return False if value == "off" else value


Off = Literal[False, "off"]
"""`off`, which YAML reads as false, and editors as a text."""

_MaybeOff = BeforeValidator(_off)


class Objectives(FilledSection):
    """Objectives by name; what is left out is as the profile says, and `off` is none."""

    quality: Annotated[RiskAim | Off | None, _MaybeOff] = Field(
        default=None, description="Answers with a low hallucination risk."
    )
    faithfulness: Annotated[ScoreAim | Off | None, _MaybeOff] = Field(
        default=None, description="Answers that tell their evidence truly. A median of 0.8 is share 0.5 at least 0.8."
    )
    refusals: Annotated[Aim | Off | None, _MaybeOff] = Field(
        default=None, description="Traces that did not refuse to answer, e.g. share 0.98."
    )
    latency: Annotated[SecondsAim | Off | None, _MaybeOff] = Field(
        default=None, description="Time from the start of a trace to its end."
    )
    first_token: Annotated[SecondsAim | Off | None, _MaybeOff] = Field(
        default=None, description="Time to the first token of the answer (TTFT)."
    )
    token_time: Annotated[SecondsAim | Off | None, _MaybeOff] = Field(
        default=None, description="Time for each token after the first (TPOT)."
    )
    cost: Annotated[CostAim | Off | None, _MaybeOff] = Field(
        default=None, description="What the application's own model calls cost in a trace."
    )
    feedback: Annotated[Aim | Off | None, _MaybeOff] = Field(
        default=None, description="Users' opinions that are no complaint, e.g. share 0.80."
    )
    coverage: Annotated[CoverageAim | Off | None, _MaybeOff] = Field(
        default=None, description="The fleet's own: selected traces that came to their end in time."
    )


class ApplicationBudget(FilledSection):
    """What the application's own traffic may cost, as its traces tell. Nothing is stopped by it; alerts go by it."""

    budget_usd_per_month: Usd | None = Field(
        default=None, description="What the application may cost in a calendar month (UTC), in USD."
    )
    budget_usd_per_day: Usd | None = Field(
        default=None, description="What the application may cost in a UTC day, in USD."
    )

    @model_validator(mode="after")
    def _month_holds_a_day(self) -> Self:
        day, month = self.budget_usd_per_day, self.budget_usd_per_month
        if day and month and month < day:
            raise ValueError(
                f"budget_usd_per_month: {month:g} is less than budget_usd_per_day {day:g}; "
                "raise it, or lower budget_usd_per_day"
            )
        return self


class UseCaseSlos(ApplicationBudget):
    """What is aimed at in some use cases."""

    profile: SloProfile | None = Field(default=None, description="A ready set of objectives.")
    objectives: Objectives = Field(default_factory=Objectives, description="What differs from the profile.")


class Slos(UseCaseSlos):
    """What is aimed at: a profile, what differs from it, and what differs in some use cases."""

    period_days: int = Field(
        default=30, ge=1, le=90, description="Days over which an error budget is spent, the last ones up to now."
    )
    use_cases: dict[Annotated[str, Field(min_length=1)], UseCaseSlos] = Field(
        default_factory=dict,
        description="By name of the use case, globs allowed; the first match in file order counts.",
    )
