"""What a model would be sent for a sample, without sending it: for people who write rubrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assay.judges.grades import missing_part
from assay.judges.llm.graded.prompt import GradedLimits, instructions_for, lay_out, plan_asks
from assay.judges.llm.grounding.numbering import GroundingLimits, divide
from assay.judges.llm.grounding.prompt import INSTRUCTIONS, build_messages
from assay.judges.llm.statements.calls import calls_about
from assay.judges.llm.statements.forms import DecisionForm, SentenceForm, StatementCall, StatementForm
from assay.judges.models.base import ChatMessage
from assay.judges.rubric import JudgeName, ModelAt, Rubric
from assay.judges.schema import Sample
from assay.judges.text.composed import composed_sample

MASKED_NONCE = "x" * 16
"""Stands where a call's own nonce stands. A nonce that is shown could be copied into an attack."""

CHARS_PER_TOKEN = 4
"""Characters one token is taken for. English prose has about four, other scripts fewer."""


Ask = Literal["grades", "a table", "one word a sentence", "probabilities"]
"""What a model is asked for."""


def stable_part(rubric: Rubric) -> str | None:
    """The first message, the same for every sample of the rubric. None where no model is asked.

    In a cascade of several forms it is that of the first tier that asks a model.
    """
    if rubric.method == "graded":
        return instructions_for(rubric.criteria)
    if rubric.method != "grounding" or not models_asked(rubric):
        return None
    form = _statement_form(rubric, models_asked(rubric)[0][0])
    return INSTRUCTIONS if form is None else form.instructions


def models_asked(rubric: Rubric) -> tuple[tuple[JudgeName, ModelAt], ...]:
    """Every model that may be asked, with its tier, from the cheapest to the most expensive."""
    return tuple((tier, model) for tier in rubric.judge.tiers for model in rubric.judge.models(tier))


def calls_for(
    sample: Sample, rubric: Rubric, tier: JudgeName | None = None
) -> tuple[list[Sequence[ChatMessage]], bool]:
    """The messages of every call a sample would take, nonces masked, and whether anything of it is left out.

    Args:
        sample: what would be judged.
        rubric: by what.
        tier: the tier that asks. None: the first that asks a model. Others may ask in another form.

    Raises:
        UnjudgeableSample: too long to be judged at all.
    """
    sample = composed_sample(sample).sample
    if rubric.method == "graded":
        return _graded_calls(sample, rubric)
    if stable_part(rubric) is None:
        return [], False
    form = _statement_form(rubric, tier or models_asked(rubric)[0][0])
    limits = GroundingLimits()
    if form is not None:
        asked = calls_about(sample, form, limits, nonce=lambda: MASKED_NONCE).calls
        return [_shown(call) for _, call in asked], any(part.partial_context for part, _ in asked)
    parts = divide(sample, limits)
    calls = [build_messages(sample, part, nonce=MASKED_NONCE, limits=limits) for part in parts]
    return list(calls), any(part.partial_context for part in parts)


def _graded_calls(sample: Sample, rubric: Rubric) -> tuple[list[Sequence[ChatMessage]], bool]:
    limits = GradedLimits()
    criteria = [criterion for criterion in rubric.criteria if missing_part(criterion, sample) is None]
    asks = plan_asks(sample, criteria, limits) if criteria else []
    layouts = [lay_out(sample, ask, nonce=MASKED_NONCE, limits=limits) for ask in asks]
    return [layout.messages for layout in layouts], any(ask.partial for ask in asks)


def asks_for(rubric: Rubric, tier: JudgeName) -> Ask:
    """What a tier asks its models for."""
    if rubric.method == "graded":
        return "grades"
    if tier == "decision":
        return "probabilities"
    by_sentence = tier == "llm" and rubric.judge.llm is not None and rubric.judge.llm.ask == "sentences"
    return "one word a sentence" if by_sentence else "a table"


def _statement_form(rubric: Rubric, tier: JudgeName) -> StatementForm | None:
    """How a tier asks about statements. None where it asks for a table."""
    forms: dict[Ask, StatementForm] = {"probabilities": DecisionForm(), "one word a sentence": SentenceForm()}
    return forms.get(asks_for(rubric, tier))


def _shown(call: StatementCall) -> Sequence[ChatMessage]:
    """The messages of a call, and its questions as one more where they are sent beside them."""
    if call.schema is None:
        return call.messages
    questions = "\n\n".join(each["description"] for each in call.schema["properties"].values())
    return (*call.messages, ChatMessage(role="user", content=questions))


def estimated_tokens(messages: Sequence[ChatMessage]) -> int:
    """About how many tokens messages take."""
    return sum(len(message.content) for message in messages) // CHARS_PER_TOKEN
