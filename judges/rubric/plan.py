"""Who judges under a rubric: one judge, or a cascade of them, from the cheapest to the most expensive."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, field_validator, model_validator

from assay.judges.schema import GroundingState, Probability, Record

JudgeName = Literal["local", "decision", "llm", "panel"]
"""The judges a rubric may name, from the cheapest to the most expensive. `judges/registry.py` builds each of them."""

TIER_ORDER: tuple[JudgeName, ...] = get_args(JudgeName)
"""The order in which a rubric's tiers must stand."""

EndpointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
"""Name of an endpoint that the deployment's environment configures, in letters, digits and hyphens."""

SENTENCE_CALLS = 40
"""Calls a sample may take where each sentence is a call: as many as a table takes sentences in one."""

_ModelName = Annotated[str, Field(min_length=1)]


class ModelAt(Record):
    """A model, at the usual endpoint or at a named one."""

    model: _ModelName = Field(description="Model name at the endpoint, e.g. ${ASSAY_JUDGE_MODEL}.")
    endpoint: EndpointName | None = Field(
        default=None, description="An endpoint of the environment (ASSAY_ENDPOINT_NAME_URL); none: the usual one."
    )

    @field_validator("endpoint")
    @classmethod
    def _no_judge(cls, endpoint: str | None) -> str | None:
        if endpoint in TIER_ORDER:
            raise ValueError(f"`{endpoint}` names a judge; give the endpoint another name")
        return endpoint


class SpendOptions(ModelAt):
    """A model, and what asking it about one sample may take: told before the first call.

    `key` is where these options stand in a rubric, and `cheaper` how else a sample comes to cost less: for messages.
    """

    key: ClassVar[str] = "judge.llm"
    cheaper: ClassVar[str] = "lower judge.llm.max_tokens"

    max_calls: int = Field(default=8, ge=1, le=200, description="Calls one sample may take. More is too expensive.")
    max_usd: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="USD one sample may cost at most, told before its first call.",
    )
    too_expensive: Literal["skip", "sample"] = Field(
        default="skip",
        description="A sample that takes more: skip it, or judge a random part of its sentences and say so.",
    )


class LlmOptions(SpendOptions):
    """How the LLM judge is asked."""

    max_tokens: int = Field(default=2048, ge=64, le=32768)
    ask: Literal["table", "sentences"] = Field(
        default="table",
        description="table: all sentences in one reply; sentences: one call each, read from its token probabilities, "
        f"for small models that cannot write a table. max_calls is then {SENTENCE_CALLS} where nothing is said.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_call_for_each(cls, data: object) -> object:
        """The bound on calls that fits the form: what a table takes in one call are as many calls as sentences."""
        if isinstance(data, dict) and data.get("ask") == "sentences" and "max_calls" not in data:
            return {**data, "max_calls": SENTENCE_CALLS}
        return data


class DecisionOptions(SpendOptions):
    """How a decision model is asked: statements in, their probabilities out, no text."""

    key: ClassVar[str] = "judge.decision"
    cheaper: ClassVar[str] = "let a part of it be judged by judge.decision.too_expensive: sample"


class MemberOptions(LlmOptions):
    """How each model of a panel is asked: in a table, and bounded by the panel's own keys."""

    key: ClassVar[str] = "judge.panel"
    cheaper: ClassVar[str] = "name fewer models"


class PanelOptions(Record):
    """Several models that judge the same sample; take different model families, or they err together."""

    models: tuple[_ModelName | ModelAt, ...] = Field(min_length=2, max_length=7)
    decide: Literal["majority", "median"] = Field(
        default="majority",
        description="majority: votes on each sentence, mean probability; median: the median probability decides.",
    )
    max_calls: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="Calls that each model may take for one sample. Nothing: as judge.llm says, else 8.",
    )
    max_usd: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="USD that all models together may cost for one sample. Nothing: as judge.llm says.",
    )
    too_expensive: Literal["skip", "sample"] | None = Field(
        default=None,
        description="A sample that takes more: skip it, or judge a random part. Nothing: as judge.llm says, else skip.",
    )

    @property
    def members(self) -> tuple[ModelAt, ...]:
        """The models with their endpoints."""
        return tuple(ModelAt(model=entry) if isinstance(entry, str) else entry for entry in self.models)

    @model_validator(mode="after")
    def _members_differ(self) -> PanelOptions:
        if len({member.model for member in self.members}) < len(self.models):
            raise ValueError("a model sits on the panel twice; its votes would not be independent")
        return self


class EscalateWhen(Record):
    """When a sample goes on to the next tier: the first five about the first tier's verdict, the rest about both.

    Both ends of `risk_between` belong to it. Two tiers disagree where one of them passes the response at the rubric's
    `high` cut and the other does not, or where their risks lie at least `risk_apart` apart.
    """

    risk_between: tuple[Probability, Probability] = (0.05, 0.9)
    rule_hits: bool = True
    states: tuple[GroundingState, ...] = (GroundingState.PARTIAL_CONTEXT, GroundingState.LANGUAGE_UNSUPPORTED)
    disagreement: bool = True
    risk_apart: Annotated[float, Field(gt=0, le=1)] = 0.5

    @field_validator("risk_between")
    @classmethod
    def _ordered(cls, band: tuple[float, float]) -> tuple[float, float]:
        if band[1] < band[0]:
            raise ValueError("the second number lies below the first")
        return band


class JudgePlan(Record):
    """Which judges decide. With one tier it judges everything; the other keys say when a cascade goes on.

    `stakes` belongs here and not to the use case alone, because it changes which judge decides: golden sets and the
    gate examine the same evaluator revision as production uses only if the rubric says it.
    """

    tiers: tuple[JudgeName, ...] = Field(default=("local",), min_length=1, max_length=len(TIER_ORDER))
    decision: DecisionOptions | None = None
    llm: LlmOptions | None = None
    panel: PanelOptions | None = None
    escalate_when: EscalateWhen = EscalateWhen()
    stakes: Literal["standard", "high"] = Field(
        default="standard", description="high: every sample goes straight on to the last tier."
    )
    audit_share: Probability = Field(
        default=0.05, description="Share of what would not go on that goes to the second tier all the same."
    )
    on_failure: Literal["wait", "screen"] = Field(
        default="wait",
        description="A provider that does not answer: wait for it, or let the cheaper tier's verdict stand, marked.",
    )

    @model_validator(mode="after")
    def _tiers_have_options(self) -> JudgePlan:
        if "decision" in self.tiers and self.decision is None:
            raise ValueError("tiers name `decision`; add `decision: {model: ..., endpoint: ...}`")
        if "llm" in self.tiers and self.llm is None:
            raise ValueError("tiers name `llm`; add `llm: {model: ...}`")
        if "panel" in self.tiers and self.panel is None:
            raise ValueError("tiers name `panel`; add `panel: {models: [...]}`")
        if self.tiers != tuple(name for name in TIER_ORDER if name in self.tiers):
            raise ValueError(f"tiers must stand in the order {', '.join(TIER_ORDER)}, each at most once")
        return self

    @property
    def is_cascade(self) -> bool:
        """Whether more than one judge may be asked."""
        return len(self.tiers) > 1

    def models(self, tier: JudgeName) -> tuple[ModelAt, ...]:
        """The models a tier asks. None for the local judge."""
        if tier == "decision" and self.decision is not None:
            return (self.decision,)
        if tier == "llm" and self.llm is not None:
            return (self.llm,)
        return self.panel.members if tier == "panel" and self.panel is not None else ()

    def member_options(self) -> MemberOptions:
        """How each model of the panel is asked. `max_usd` is that of all of them together.

        What `panel` does not say is as `llm` says. Its bound on calls holds only where it asks for a table, too.
        """
        panel, llm = self.panel, self.llm
        bounds = {} if llm is None else llm.model_dump(include={"max_tokens", "max_usd", "too_expensive"})
        if llm is not None and llm.ask == "table":
            bounds["max_calls"] = llm.max_calls
        if panel is not None:
            bounds |= panel.model_dump(include={"max_calls", "max_usd", "too_expensive"}, exclude_none=True)
        return MemberOptions(model="panel", **bounds)

    def destinations(self) -> frozenset[str]:
        """Where the text under judgement may go: the names of endpoints, or of tiers that use the usual one."""
        names: set[str] = set()
        for tier in self.tiers:
            names |= {member.endpoint or tier for member in self.models(tier)} or {tier}
        return frozenset(names)
