"""The wire format of `/chat/completions`: how an answer is read, whatever form it was asked for in."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from assay.judges.errors import ModelRefused, ModelUnavailable
from assay.judges.models.base import Reply, Token
from assay.judges.models.reasoned import answer_of
from assay.judges.models.request_form import TOOL_NAME
from assay.judges.schema import Usage

_MOST_TOKENS = 40_000


def read_reply(data: object, *, asked_model: str, latency_s: float) -> Reply:
    """Read a 200 answer.

    Args:
        data: the decoded JSON body, or the raw text where the server did not send JSON.
        asked_model: stands in for the served model where the server does not name it.
        latency_s: seconds the call took.

    Raises:
        ModelUnavailable: the body is not a chat completion.
        ModelRefused: the provider's content filter cut the answer.
    """
    choice = _first_choice(data)
    assert isinstance(data, dict)  # noqa: S101  # _first_choice saw to it; tells mypy
    message = choice["message"]
    usage = _usage(data.get("usage"))
    finish_reason = _text(choice.get("finish_reason"))
    if finish_reason == "content_filter":
        refused = ModelRefused("the provider's content filter withheld the judge's reply")
        refused.usage = usage
        raise refused
    refusal = _text(message.get("refusal"))
    called = _called(message.get("tool_calls"))
    return Reply(
        text="" if refusal else called or answer_of(_content(message.get("content"))),
        refusal=refusal,
        finish_reason=finish_reason,
        usage=usage,
        model_served=_text(data.get("model")) or asked_model,
        system_fingerprint=_text(data.get("system_fingerprint")),
        latency_s=latency_s,
        tokens=() if refusal or called else tuple(_tokens(choice.get("logprobs"))),
    )


def _first_choice(data: object) -> dict[str, Any]:
    """The first choice, known to hold a message."""
    choices = data.get("choices") if isinstance(data, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
        return choice
    raise ModelUnavailable("the endpoint answered 200 without a chat completion; check that the base URL ends in /v1")


def _content(content: object) -> str:
    """The text of a message: a string, or the text parts of a list. Parts that hold reasoning are no text."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS]
        return "".join(_text(part.get("text")) or "" for part in parts)
    return content if isinstance(content, str) else ""


_TEXT_PARTS = ("text", "output_text")


def _called(calls: object) -> str:
    """The arguments of the function calls that were asked for. Two calls do not make one object, so both are given."""
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    ours = [function for function in functions if isinstance(function, dict) and function.get("name") == TOOL_NAME]
    arguments = [function.get("arguments") for function in ours if function.get("arguments") is not None]
    return "\n".join(argument if isinstance(argument, str) else json.dumps(argument) for argument in arguments)


def _usage(usage: object) -> Usage:
    """Tokens as reported. They are zero where the server reports none; the price table then says "unknown"."""
    if not isinstance(usage, dict):
        return Usage(calls=1)
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    prompted, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    reasoned = _count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0
    # Some servers count reasoning beside the completion, not in it. Their total tells. It is paid for either way.
    is_beside = _count(usage.get("total_tokens")) == prompted + written + reasoned
    return Usage(
        calls=1,
        prompt_tokens=prompted,
        cached_tokens=_count(prompt.get("cached_tokens")) if isinstance(prompt, dict) else 0,
        completion_tokens=written + reasoned if is_beside else written,
        reasoning_tokens=reasoned,
    )


def _tokens(logprobs: object) -> Iterator[Token]:
    """The tokens of the message with their alternatives. None at all where any of them is not as documented."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or len(content) > _MOST_TOKENS:
        return
    read = [_token(item) for item in content]
    if all(token is not None for token in read):
        yield from (token for token in read if token is not None)


def _token(item: object) -> Token | None:
    if not isinstance(item, dict) or (raw := _raw(item)) is None:
        return None
    top = item.get("top_logprobs")
    alternatives = [item, *top] if isinstance(top, list) else [item]
    shares: dict[bytes, float] = {}
    for alternative in alternatives:
        text, logprob = (
            (_raw(alternative), alternative.get("logprob")) if isinstance(alternative, dict) else (None, None)
        )
        if text is not None and isinstance(logprob, int | float) and not isinstance(logprob, bool) and logprob <= 0:
            shares[text] = math.exp(logprob)
    return Token(raw=raw, shares=shares)


def _raw(item: dict[str, Any]) -> bytes | None:
    """The bytes of a token: as given, else of its text."""
    given = item.get("bytes")
    if isinstance(given, list) and all(type(byte) is int and 0 <= byte < 256 for byte in given):
        return bytes(given)
    text = item.get("token")
    return text.encode("utf-8", "replace") if isinstance(text, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
