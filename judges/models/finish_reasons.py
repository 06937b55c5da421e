"""Why a model stopped, as far as it is no answer: the finish and stop reasons of all providers.

A row is a meaning, a pattern of families of words, and a source. Reasons are compared in lower case, with `_` between
words: Gemini's own names come in capitals through the compatible form, too (HKUDS/Vibe-Trading#308).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.errors import InvalidVerdict, ModelRefused, ModelUnavailable, UnjudgeableSample
from assay.judges.models.error_words import word_signs
from assay.judges.models.meaning import Meaning
from assay.judges.models.spoken_words import plain_words
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
            r"content_?filter|safety|prohibited|block|recitation|(?:\b|_)s?pii(?:\b|_)|refus|guardrail|sensitive|moderat"
            r"|policy|violation|^language$|jailbreak|harm|declin|risk|filter|model_?armor|restrict|unsafe|censor|toxic|abus"
            r"|black_?list|denied|complian|audit|guard|shield|nsfw|flagged|illegal|malicious|inappropriate|disallow|secur"
            r"|(?:^|_)hate|violen|sexual|过滤|敏感|违规|审核|拦截|安全|фильтр|модерац"
        ),
        "PROHIBITED_CONTENT",
        "ai.google.dev/api/generate-content, docs.aws.amazon.com/bedrock (guardrail_intervened), docs.z.ai (sensitive)",
    ),
    FinishSign(
        Meaning.TOO_LONG,
        re.compile(r"context_?window|context_?length|max_?context|^error_limit$"),
        "model_context_window_exceeded",
        "platform.claude.com/docs/en/api/handling-stop-reasons",
    ),
    FinishSign(
        Meaning.OUTAGE,
        re.compile(
            r"^(?:finish_reason_)?(?:error|failed|failure)$|insufficient_?system_?resource|\babort|cancel|network|internal"
            r"|unavailable|time_?out|overload|server_?error"
        ),
        "insufficient_system_resource",
        "api-docs.deepseek.com (finish_reason), openrouter.ai/docs (finish_reason error), vllm (abort)",
    ),
)
"""Reasons that are no end of an answer. `stop`, `length`, `tool_calls` and what nobody knows are one."""


def finish_meaning(reason: str | None) -> Meaning | None:
    """What a finish or stop reason means where it is no end of an answer, e.g. REFUSED for `SAFETY`."""
    name = re.sub(r"[\s.:/-]+", "_", (reason or "").strip().lower())
    return next((sign.meaning for sign in FINISHES if sign.words.search(name)), None)


_CUT = re.compile(
    r"length|(?:max|model)_?length|(?:max_|model_)?(?:output_|completion_|new_)?tokens?(?:_limit)?|token_limit|incomplete"
    r"|length_limit|max_tokens_(?:reached|exceeded)"
)
"""Reasons that say that a reply was cut off at its token limit, e.g. `max_tokens`."""


def is_cut_off(reason: str | None) -> bool:
    """Whether a reply was cut off at its token limit, however its server says so."""
    return _CUT.fullmatch((reason or "").strip().lower().replace("-", "_")) is not None


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


def told_refusal(data: object) -> str | None:
    """Why a body that is no answer of the usual form tells of a refusal, wherever it stands: other APIs' answers.

    Looked at are fields that name an end or a code (`stopReason`, `FinishReason`, `Code`), messages of errors, and the
    mark of Baidu that a conversation is to be cleared. Words that a model wrote are not.

    Returns:
        The name of it, which may be empty. None where nothing of the kind is told.
    """
    for name, value in _members(data, 0):
        key = re.sub(r"[^a-z]", "", name.lower())
        if key == "needclearhistory" and value is True:
            return ""
        if not isinstance(value, str) or not value:
            continue
        if len(value) <= _MOST_NAME_CHARS and _is_refused_end(key, value):
            return _shown(value)
        if key in _TELLING and any(
            sign.meaning is Meaning.REFUSED for sign, _ in word_signs(plain_words(value[:2_000]))
        ):
            return ""
    return None


_ENDS = re.compile(r"finish|stop|block")
"""Fields that name how an answer ended, e.g. `stopreason`."""

_STATES = re.compile(r"status|code|type|reason|action|flag")
"""Fields that name a state, e.g. `status`: of the answer, or of whoever asked."""

_OF_ACCESS = re.compile(r"denied|auth|restrict|account|key|quota|secur|audit|complian")
"""Words of a state that may be one of whoever asked, e.g. `accessdenied`."""

_TELLING = frozenset(
    {"message", "msg", "errormsg", "errormessage", "reason", "detail", "details", "description", "failure"}
)
"""Fields of errors that speak. Where a model's message stands under one of them it is an object."""

_MOST_NAME_CHARS = 100


def _is_refused_end(key: str, value: str) -> bool:
    """Whether a field names a refusal. A state that may be one of access is none."""
    is_state = not _ENDS.search(key)
    if is_state and (not _STATES.search(key) or _OF_ACCESS.search(value.lower())):
        return False
    return finish_meaning(value) is Meaning.REFUSED


def _members(value: object, depth: int) -> Iterator[tuple[str, object]]:
    """The fields of a body and of what is in it, within bounds."""
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:20]:
            yield from _members(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in list(value.items())[:100]:
            yield str(name), item
            yield from _members(item, depth + 1)


def _shown(reason: str | None) -> str:
    """The reason for a message, if it looks like one."""
    name = (reason or "").strip()
    return name if re.fullmatch(r"[\w.: -]{1,64}", name) else ""
