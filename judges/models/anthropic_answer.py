"""Reads the answers of Anthropic's Messages API: blocks of content, the reason of the end, and usage.

Sources: platform.claude.com/docs/en/api/messages and /build-with-claude/handling-stop-reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.judges.errors import ModelUnavailable
from assay.judges.models.answer_end import is_refusal
from assay.judges.models.answer_errors import AnswerError, answered_error
from assay.judges.models.answer_fields import name_of, object_of, objects_of, text_of, written_json
from assay.judges.models.base import Reply
from assay.judges.models.chat_request import TOOL_NAME
from assay.judges.models.reasoned import answer_of
from assay.judges.models.token_usage import read_usage

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "refusal": "content_filter",
}
"""Our words for theirs, e.g. `length` for `max_tokens`. Others stay as they are."""


def read_message(data: object, *, asked_model: str, latency_s: float) -> Reply:
    """Read a 200 answer.

    Args:
        data: the decoded JSON body.
        asked_model: stands in for the served model where the answer does not name it.
        latency_s: seconds the call took.

    Raises:
        AnswerError: the body is an error.
        ModelUnavailable: the body is no message.
        UnjudgeableSample: prompt and reply together filled the model's context window.
    """
    message = object_of(data)
    stop_reason = name_of(message.get("stop_reason"))
    if not isinstance(message.get("content"), list) and not stop_reason:
        raise _no_message(data)
    usage = read_usage(message.get("usage"))
    refusal = _refusal(message) if is_refusal(stop_reason, usage) else None
    return Reply(
        text="" if refusal else _text(message.get("content")),
        refusal=refusal,
        finish_reason=_FINISH_REASONS.get(stop_reason, stop_reason) or None,
        usage=usage,
        model_served=name_of(message.get("model")) or asked_model,
        latency_s=latency_s,
    )


def _no_message(data: object) -> AnswerError | ModelUnavailable:
    """What a body is that is no message: an error, or an answer of something else."""
    error = answered_error(data)
    if error is not None:
        return AnswerError(error)
    return ModelUnavailable(
        "the endpoint answered 200 without a message; check its protocol, and that the URL ends in /v1"
    )


def _text(content: object) -> str:
    """The arguments of the tool that was to be called, else the text. Blocks of thinking are no text.

    Two calls do not make one object, so both are given.
    """
    blocks = objects_of(content)
    called = [block for block in blocks if block.get("type") == "tool_use" and block.get("name") == TOOL_NAME]
    if called:
        return "\n".join(written_json(block.get("input")) for block in called)
    return answer_of("".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text"))


def _refusal(message: Mapping[str, Any]) -> str:
    """What kind of refusal it is. Its explanation is left out: it may repeat the text."""
    return name_of(object_of(message.get("stop_details")).get("category")) or "refusal"
