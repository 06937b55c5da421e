"""Who judges under a rubric."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from judges.schema import Record

JudgeName = Literal["local", "llm"]


class LlmOptions(Record):
    """How the LLM judge is asked."""

    model: str = Field(min_length=1, description="Model name at the endpoint, e.g. ${ASSAY_JUDGE_MODEL}.")
    max_tokens: int = Field(default=2048, ge=64, le=32768)


class JudgePlan(Record):
    """Which judge decides. One tier for now; the cascade lists several."""

    tiers: tuple[JudgeName, ...] = Field(default=("local",), min_length=1, max_length=1)
    llm: LlmOptions | None = None

    @model_validator(mode="after")
    def _llm_has_options(self) -> JudgePlan:
        if "llm" in self.tiers and self.llm is None:
            raise ValueError("tiers name `llm`; add `llm: {model: ...}`")
        return self
