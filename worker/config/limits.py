"""The section `limits` of `assay.yaml`: what calls to judge models may take, over all processes together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from assay.worker.config.section import FilledSection

DEFAULT_ENDPOINT = "default"
"""What `limits` calls the usual endpoint, that of OPENAI_BASE_URL and OPENAI_API_KEY."""

Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000_000)]
EndpointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
"""As rubrics name an endpoint, e.g. `in-house`; `default` for the usual one."""


class ModelLimits(FilledSection):
    """What the calls to one model may take. Nothing said: nothing held."""

    requests_per_minute: PerMinute | None = Field(default=None, description="Requests in any minute.")
    tokens_per_minute: PerMinute | None = Field(default=None, description="Tokens in any minute, both ways together.")
    concurrency: int | None = Field(default=None, ge=1, description="Calls in flight, over all processes.")


class EndpointLimits(ModelLimits):
    """What the calls to one endpoint may take, all models together, and some models more tightly."""

    models: dict[str, ModelLimits] = Field(default_factory=dict, description="Tighter limits, by the model's name.")
    free: bool = Field(default=False, description="Its calls cost nothing: budgets ask for no price.")


class Limits(FilledSection):
    """What calls to judge models may take and cost. One account for all workers, in Redis."""

    usd_per_day: Usd | None = Field(default=None, description="All use cases together, in a UTC day.")
    usd_per_month: Usd | None = Field(default=None, description="All use cases together, in a calendar month (UTC).")
    endpoints: dict[EndpointName, EndpointLimits] = Field(
        default_factory=dict, description="By endpoint: `default` for the usual one, else as rubrics name it."
    )

    @model_validator(mode="after")
    def _month_holds_a_day(self) -> Limits:
        if self.usd_per_day and self.usd_per_month and self.usd_per_month < self.usd_per_day:
            raise ValueError(
                f"usd_per_month: {self.usd_per_month:g} is less than usd_per_day {self.usd_per_day:g}; "
                "raise it, or lower usd_per_day"
            )
        return self
