"""What a model would be sent for a sample, without sending it: for people who write rubrics."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.grades import missing_part
from assay.judges.llm.graded.prompt import GradedLimits, instructions_for, lay_out, plan_asks
from assay.judges.llm.grounding.numbering import GroundingLimits, divide
from assay.judges.llm.grounding.prompt import INSTRUCTIONS, build_messages
from assay.judges.models.base import ChatMessage
from assay.judges.rubric import JudgeName, ModelAt, Rubric
from assay.judges.schema import Sample

MASKED_NONCE = "x" * 16
"""Stands where a call's own nonce stands. A nonce that is shown could be copied into an attack."""

CHARS_PER_TOKEN = 4
"""Characters one token is taken for. English prose has about four, other scripts fewer."""


def stable_part(rubric: Rubric) -> str | None:
    """The first message, the same for every sample of the rubric. None where no model is asked."""
    if rubric.method == "graded":
        return instructions_for(rubric.criteria)
    return INSTRUCTIONS if rubric.method == "grounding" and models_asked(rubric) else None


def models_asked(rubric: Rubric) -> tuple[tuple[JudgeName, ModelAt], ...]:
    """Every model that may be asked, with its tier, from the cheapest to the most expensive. Each is sent the same."""
    return tuple((tier, model) for tier in rubric.judge.tiers for model in rubric.judge.models(tier))


def calls_for(sample: Sample, rubric: Rubric) -> tuple[list[Sequence[ChatMessage]], bool]:
    """The messages of every call a sample would take, nonces masked, and whether anything of it is left out.

    Raises:
        UnjudgeableSample: too long to be judged at all.
    """
    if rubric.method == "graded":
        graded_limits = GradedLimits()
        criteria = [criterion for criterion in rubric.criteria if missing_part(criterion, sample) is None]
        asks = plan_asks(sample, criteria, graded_limits) if criteria else []
        layouts = [lay_out(sample, ask, nonce=MASKED_NONCE, limits=graded_limits) for ask in asks]
        return [layout.messages for layout in layouts], any(ask.partial for ask in asks)
    if stable_part(rubric) is None:
        return [], False
    limits = GroundingLimits()
    parts = divide(sample, limits)
    calls = [build_messages(sample, part, nonce=MASKED_NONCE, limits=limits) for part in parts]
    return list(calls), any(part.partial_context for part in parts)


def estimated_tokens(messages: Sequence[ChatMessage]) -> int:
    """About how many tokens messages take."""
    return sum(len(message.content) for message in messages) // CHARS_PER_TOKEN
