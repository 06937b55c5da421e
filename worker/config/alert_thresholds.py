"""`alerts.thresholds` in assay.yaml: from where on an alert is due, where no objective of `slos:` says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.worker.config.section import FilledSection

Share = Annotated[float, Field(gt=0, lt=1)]
Seconds = Annotated[float, Field(ge=60, le=30 * 86_400)]


class AlertThresholds(FilledSection):
    """How much is too much. What is aimed at, e.g. 5 % flagged, is an objective and stands in `slos:`."""

    spike_share: Share = Field(default=0.20, description="Page: flagged share of the last 15 minutes, above this.")
    spike_least_traces: int = Field(default=10, ge=5, le=1_000_000, description="Judged traces that it takes at least.")
    least_traces: int = Field(
        default=30, ge=10, le=1_000_000, description="Traces that any other rate or percentile takes at least."
    )
    decline_pvalue: Share = Field(
        default=0.01, description="Ticket: faithfulness of 24 h fell, by a p-value below this."
    )
    decline_share: Share = Field(default=0.03, description="And the share of faithful answers fell by more than this.")
    burn_day: float = Field(default=3.0, ge=1, le=100, description="Ticket: burn rate of a day, its lower bound.")
    burn_three_days: float = Field(default=1.0, ge=1, le=100, description="Ticket: burn rate of three days, likewise.")
    month_over_budget: Share = Field(default=0.15, description="Ticket: projected month above the budget by this part.")
    day_of_budget: Share = Field(default=0.80, description="Ticket: part of a day's budget that is spent.")
    token_jump: float = Field(
        default=2.0,
        gt=1,
        le=1000,
        description="Ticket: tokens of a prompt version over those of the one before, lower bound.",
    )
    psi: float = Field(default=0.25, gt=0, le=100, description="Ticket: population stability index of topics.")
    refusal_change: Share = Field(default=0.005, description="Told: refusals rose within 7 days by more than this.")
    no_scores_seconds: Seconds = Field(default=1800, description="Page: nothing was scored for so long though due.")
    breaker_seconds: Seconds = Field(default=300, description="Page: a judge endpoint has failed for so long.")
    beat_seconds: Seconds = Field(default=300, description="Page: beat has sent nothing for so long.")
    stale_seconds: Seconds = Field(default=900, description="Ticket: rates were not computed for so long.")
    dead_letters: int = Field(default=20, ge=1, description="Ticket: so much work gave up and waits for a person.")
    unverified: int = Field(
        default=20, ge=1, description="Page: so many traces of a day whose scores the store never showed."
    )
