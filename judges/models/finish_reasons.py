"""Why a model stopped, as far as it is no answer: the finish and stop reasons of all providers.

A row is a meaning, a pattern and a source. Reasons are compared in lower case: Gemini's own names come in capitals
through the compatible form, too (HKUDS/Vibe-Trading#308).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.errors import InvalidVerdict, ModelRefused, ModelUnavailable, UnjudgeableSample
from assay.judges.models.meaning import Meaning
from assay.judges.schema import Usage


class FinishSign(NamedTuple):
    """Reasons that mean the same, and where they are documented."""

    meaning: Meaning
    words: re.Pattern[str]
    example: str
    source: str


FINISHES: tuple[FinishSign, ...] = (
    FinishSign(
        Meaning.BROKEN_REPLY,
        re.compile(r"malformed|unexpected_tool_call|too_many_tool_calls|missing_thought|invalid_tool|tool_call_error"),
        "MALFORMED_FUNCTION_CALL",
        "ai.google.dev/api/generate-content, pydantic/pydantic-ai#3095",
    ),
    FinishSign(
        Meaning.REFUSED,
        re.compile(
            r"content[_ -]?filter|safety|prohibited|block|recitation|\bspii\b|\bpii\b|refus|guardrail|sensitive|moderat"
            r"|policy|violation|^language$|jailbreak|harm|declin|risk|filtered|model_armor|restricted|unsafe|censor"
        ),
        "PROHIBITED_CONTENT",
        "ai.google.dev/api/generate-content, docs.aws.amazon.com/bedrock (guardrail_intervened), docs.z.ai (sensitive)",
    ),
    FinishSign(
        Meaning.TOO_LONG,
        re.compile(r"context_window|context_length|max_context"),
        "model_context_window_exceeded",
        "platform.claude.com/docs/en/api/handling-stop-reasons",
    ),
    FinishSign(
        Meaning.OUTAGE,
        re.compile(r"^error|insufficient_system_resource|\babort|cancel|network|internal|unavailable|timeout|^failed"),
        "insufficient_system_resource",
        "api-docs.deepseek.com (finish_reason), openrouter.ai/docs (finish_reason error), vllm (abort)",
    ),
)
"""Reasons that are no end of an answer. `stop`, `length`, `tool_calls` and what nobody knows are one."""


def finish_meaning(reason: str | None) -> Meaning | None:
    """What a finish or stop reason means where it is no end of an answer, e.g. REFUSED for `SAFETY`."""
    name = (reason or "").strip().lower()
    return next((sign.meaning for sign in FINISHES if sign.words.search(name)), None)


def check_finish(reason: str | None, usage: Usage) -> None:
    """Let an answer pass unless its finish reason says that it is none. What it used stays with the error.

    Raises:
        ModelRefused, UnjudgeableSample, InvalidVerdict, ModelUnavailable
    """
    meaning = finish_meaning(reason)
    if meaning is None:
        return
    error = finish_error(meaning, _shown(reason))
    error.usage = usage
    raise error


def finish_error(meaning: Meaning, reason: str) -> ModelRefused | UnjudgeableSample | InvalidVerdict | ModelUnavailable:
    """The error for an answer that ended so."""
    ended = f"the answer ended with {reason}" if reason else "the answer was withheld"
    if meaning is Meaning.REFUSED:
        return ModelRefused(f"the provider's content filter withheld the judge's reply ({ended})")
    if meaning is Meaning.TOO_LONG:
        return UnjudgeableSample("too_long_for_model", f"the model's window is full ({ended})")
    if meaning is Meaning.BROKEN_REPLY:
        return InvalidVerdict(f"the endpoint could not read the reply in the form asked for ({ended})")
    return ModelUnavailable(f"the endpoint broke the answer off ({ended})")


def block_reason(data: object) -> str | None:
    """Why a prompt was blocked before any answer: Gemini's `promptFeedback`, Azure's `prompt_filter_results`."""
    if not isinstance(data, dict):
        return None
    feedback = data.get("promptFeedback") or data.get("prompt_feedback")
    if isinstance(feedback, dict):
        blocked = feedback.get("blockReason") or feedback.get("block_reason")
        if isinstance(blocked, str) and blocked:
            return _shown(blocked)
    results = data.get("prompt_filter_results") or data.get("prompt_annotations") or data.get("content_filter_results")
    return "content_filter" if _filtered(results, 0) else None


def _filtered(value: object, depth: int) -> bool:
    """Whether any part of a filter's findings says `"filtered": true`."""
    if depth > 5:
        return False
    if isinstance(value, list):
        return any(_filtered(item, depth + 1) for item in value[:50])
    if isinstance(value, dict):
        return value.get("filtered") is True or any(_filtered(item, depth + 1) for item in value.values())
    return False


def _shown(reason: str | None) -> str:
    """The reason for a message, if it looks like one."""
    name = (reason or "").strip()
    return name if re.fullmatch(r"[\w.: -]{1,64}", name) else ""
