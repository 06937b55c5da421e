"""The records judges take and give: sample in, claims and verdict out, and the outcome made of them.

All records are frozen and refuse unknown fields: what a judge concluded is never edited afterwards.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A float in [0, 1]. NaN and infinities are refused, so no failure can hide in a number."""

_UNENCODABLE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, as `\\ud83d` alone."""


def _encodable(text: str) -> str:
    return text if text.isascii() else _UNENCODABLE.sub("\ufffd", text)


Text = Annotated[str, AfterValidator(_encodable)]
"""Text from outside. JSON can name half of a surrogate pair, which no UTF-8 can carry: a record that holds one can be
neither hashed nor stored. Each becomes one U+FFFD, so that offsets stay."""


class Record(BaseModel):
    """Base of every record: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Record):
    """One earlier message of the conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text


class Span(Record):
    """A half-open range of character offsets, `text[start:end]`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.end < self.start:
            raise ValueError(f"span ends before it starts: {self.start}..{self.end}")
        return self


class Sample(Record):
    """Everything a judge may see of one trace or golden item.

    `contexts` is the evidence: retrieved passages and tool outputs, one string each, in the order the
    application saw them. `metadata` never reaches a model.
    """

    id: str
    question: Text = ""
    history: tuple[Turn, ...] = ()
    contexts: tuple[Text, ...] = ()
    response: Text
    reference: Text | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    def content_hash(self) -> str:
        """sha256 over what is judged. The id and the metadata are left out, so equal content has one hash."""
        content = self.model_dump_json(exclude={"id", "metadata"})
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class ClaimVerdict(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_FOUND = "not_found"


class Severity(StrEnum):
    """How much it would matter if the claim were wrong."""

    MINOR = "minor"
    MATERIAL = "material"
    CRITICAL = "critical"


class Evidence(Record):
    """A passage a claim rests on: character offsets into `sample.contexts[context]`."""

    context: int = Field(ge=0)
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Claim(Record):
    """One check-worthy statement of the response and what became of it.

    `source` names who decided last (`local`, `llm`, `rule:values`, …); `p_supported` is that judge's
    probability that the evidence supports the claim, None where it states none. `p_source` says where a model's
    probability comes from: its token probabilities, the number it stated, or a decision model's API.
    """

    text: Text
    span: Span
    verdict: ClaimVerdict
    p_supported: Probability | None = None
    p_source: Literal["tokens", "stated", "decision"] | None = None
    severity: Severity = Severity.MATERIAL
    evidence: tuple[Evidence, ...] = ()
    source: str
    reason: Text = ""


class RuleHit(Record):
    """A rule that fired: which one, where in the response, and why, in words a person understands."""

    rule: str
    span: Span
    detail: Text
    severity: Severity = Severity.MATERIAL


class ResponseKind(StrEnum):
    """What kind of text the response is; only an answer has something to ground."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    NO_CLAIMS = "no_claims"


class GroundingState(StrEnum):
    """The categorical score beside the three numbers: why a number is there, or why it is not."""

    JUDGED = "judged"
    NO_CLAIMS = "no_claims"
    REFUSAL = "refusal"
    NO_EVIDENCE = "no_evidence"
    EVIDENCE_SILENT = "evidence_silent"
    PARTIAL_CONTEXT = "partial_context"
    PARTLY_JUDGED = "partly_judged"
    LANGUAGE_UNSUPPORTED = "language_unsupported"


class RubricState(StrEnum):
    """The categorical score of rubrics that do not ground: whether all their numbers are there, and on all input.

    `partial_input`: something was too long to be shown whole. `not_applicable`: no number at all, the reasons are told.
    """

    SCORED = "scored"
    PARTLY_SCORED = "partly_scored"
    PARTIAL_INPUT = "partial_input"
    NOT_APPLICABLE = "not_applicable"


Part = Literal["question", "history", "contexts", "response", "reference"]
"""A part of a sample, as rubrics name it."""


class Citation(Record):
    """A stretch of a part of a sample: of `contexts[index]`, `history[index]`, or of the text itself."""

    part: Part
    index: int = Field(default=0, ge=0)
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Grade(Record):
    """What one criterion or check came to, for the response or for one passage (`context`).

    `value` is None where the level says why there is no number. Every citation was checked to be text that was shown.
    """

    score: str
    level: str
    value: Probability | None = None
    context: int | None = Field(default=None, ge=0)
    citations: tuple[Citation, ...] = ()
    reason: Text = ""


class Tier(StrEnum):
    """How much a verdict is worth: a cheap screen, a decision model, a chat model, several; `code`: nothing guessed."""

    CODE = "code"
    SCREEN = "screen"
    DECISION = "decision"
    LLM = "llm"
    PANEL = "panel"


class Usage(Record):
    """Tokens and calls one verdict took; zero for judges that call no model.

    `cached_tokens` are among the prompt tokens, and so are `cache_write_tokens`: what a provider put into its cache and
    asks more for. `reasoning_tokens` are among the completion tokens.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Sum field by field."""
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


class TierStep(Record):
    """One step of a verdict's way through the tiers: who was asked, what risk came out, and what happened then.

    `risk` is on the tier's own scale, after rules and calibration; None where it had none or did not answer.
    """

    tier: Tier
    judge: str
    model: str | None = None
    risk: Probability | None = None
    outcome: Literal["decided", "escalated", "audited", "unavailable"]
    reason: Text = ""


class Screening(Record):
    """The first phase of a cascade: what unbiased rates need of a sample, whichever tier decided.

    `scores` are the first tier's, by the same formulas; a score it does not have is not there. `pi2` is the probability
    with which a sample that the first tier judged so goes on: 1 where it had to, the rubric's audit share else.
    `phase2` says whether it did and a later tier's verdict stands.
    """

    scores: dict[str, Probability]
    pi2: Probability
    why: Literal["escalated", "audited", "passed"]
    phase2: bool


class PanelVote(Record):
    """One member's part in a panel: its risk before calibration, or the error that kept it from voting."""

    model: str
    served: Text | None = None
    risk: Probability | None = None
    error: str = ""


class Verdict(Record):
    """What a judge concluded about one sample.

    Every sentence of the response is inside a claim's span, or listed in `not_checkworthy`, or in `unjudged`: the parts
    of a long response that no draw took, because all of them would have cost more than the rubric allows.
    `cost_usd` is None when the model's price is unknown, never 0 for "unknown"; `cost_basis` says which prices were
    taken, or why there are none. `risk` is the judge's own
    probability that a person would mark at least one hallucination; None where it has none to give. `raw_risk` is
    what the risk was before a calibration file was applied to it; None where none was.

    `path` tells which tiers were asked and which decided; a single judge leaves it empty, it is written where rules
    and calibration are applied. Usage, cost and latency are those of all tiers together. `degraded`: a dearer tier
    should have decided and did not answer. `partial_context`: not all of the evidence was shown. `prompt_cut`: the
    endpoint cut the prompt, as the tokens it counted tell, so that no number can be trusted. `language_unsupported`:
    the judge has no words for the language of answer or evidence, and could not decide without them. `needs_review`: a
    person should decide, for `review_reason`.
    """

    judge: str
    tier: Tier
    kind: ResponseKind = ResponseKind.ANSWER
    claims: tuple[Claim, ...] = ()
    not_checkworthy: tuple[Span, ...] = ()
    unjudged: tuple[Span, ...] = ()
    risk: Probability | None = None
    calibrated: bool = False
    raw_risk: Probability | None = None
    path: tuple[TierStep, ...] = ()
    screening: Screening | None = None
    votes: tuple[PanelVote, ...] = ()
    degraded: bool = False
    needs_review: bool = False
    review_reason: Text = ""
    partial_context: bool = False
    prompt_cut: bool = False
    language_unsupported: bool = False
    rule_hits: tuple[RuleHit, ...] = ()
    grades: tuple[Grade, ...] = ()
    rejected_evidence: int = 0
    explanation: Text = ""
    usage: Usage = Usage()
    cost_usd: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    cost_basis: str = ""
    latency_s: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    model_requested: str | None = None
    model_served: Text | None = None
    system_fingerprint: Text | None = None


class Scored(Record):
    """The sample was judged: numbers where they apply, a reason where one does not, and the state always.

    `comments` holds a sentence for each score of its own; a score without one has `comment`.
    `revision` is the evaluator revision: rates are never pooled across two of them.
    """

    outcome: Literal["scored"] = "scored"
    scores: dict[str, Probability]
    not_applicable: dict[str, str]
    state: GroundingState | RubricState
    risk_label: Literal["low", "medium", "high"] | None = None
    comment: Text
    comments: dict[str, Text] = Field(default_factory=dict)
    revision: str
    verdict: Verdict | None = None


class Skipped(Record):
    """The data cannot be judged, and trying again would not change that. Finding out may have cost something.

    `screening` is there where a cascade's first tier had judged it and a later one could not.
    """

    outcome: Literal["skipped"] = "skipped"
    reason: str
    detail: Text = ""
    usage: Usage = Usage()
    cost_usd: float | None = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    screening: Screening | None = None


HoldReason = Literal["limit", "budget", "breaker", "access", "batch"]
"""What a judgement waits for: room in a limit or budget, an endpoint that is down, one whose key, account or model is
refused, or a provider's batch that is not done."""


class Failed(Record):
    """Judging failed: class and message of the error. Never a number.

    `usage` and `cost_usd` are what was spent before it failed; the cost is None where it is not known. `screening` is
    there where a cascade's first tier had judged the sample. `held` says what it waits for where no call was made, or
    none can be until a person mends key, account or model: this is no failed try.
    """

    outcome: Literal["failed"] = "failed"
    error: str
    message: Text
    retry_after_s: float | None = None
    held: HoldReason | None = None
    usage: Usage = Usage()
    cost_usd: float | None = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    screening: Screening | None = None


Outcome = Annotated[Scored | Skipped | Failed, Field(discriminator="outcome")]
"""What became of one (sample, rubric): scored, skipped or failed. Nothing else exists."""
