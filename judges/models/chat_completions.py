"""The protocol `/chat/completions`: how it is asked, and how its answers are read, whatever form they come in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import SecretStr

from assay.judges.errors import EvaluationError, InvalidVerdict, ModelUnavailable, RequestRejected
from assay.judges.models.answer_errors import AnswerError, answered_error
from assay.judges.models.base import Reply, Token
from assay.judges.models.chat_request import request_body
from assay.judges.models.finish_reasons import block_reason, check_finish, finish_error, is_cut_off, told_refusal
from assay.judges.models.meaning import Meaning
from assay.judges.models.message_text import answer_text
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.models.token_usage import usage_in
from assay.judges.schema import Usage

E = TypeVar("E", bound=EvaluationError)

_MOST_TOKENS = 40_000
_LEAST_LOGPROB = -745.0
"""The least whose probability is a number above 0. JSON may hold integers that no float can."""


NO_KEY = "none"
"""What stands for the key at servers that have none: they accept any word."""


class ChatCompletions:
    """OpenAI's protocol, which nearly all servers and gateways speak. See `ChatProtocol`."""

    default_url = "https://api.openai.com/v1"
    forms = tuple(JsonForm)
    merged_fields: frozenset[str] = frozenset()

    def path(self, model: str) -> str:
        """The same for all models: the body names it."""
        return "/chat/completions"

    def headers(self, key: SecretStr | None) -> dict[str, str]:
        """The key as a bearer token."""
        return {"Authorization": f"Bearer {key.get_secret_value() if key else NO_KEY}"}

    def body(self, form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
        """See `request_body`."""
        return request_body(form, model, asked)

    def read(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """See `read_reply`."""
        return read_reply(data, asked_model=asked_model, latency_s=latency_s)


def read_reply(data: object, *, asked_model: str, latency_s: float) -> Reply:
    """Read a 200 answer.

    Args:
        data: the decoded body.
        asked_model: stands in for the served model where the server does not name it.
        latency_s: seconds the call took.

    Raises:
        AnswerError: the body, or its choice, is an error.
        RequestRejected: the body is not a chat completion.
        ModelUnavailable: there is nothing in the body, or the endpoint broke the answer off.
        ModelRefused: the provider's content filter withheld the answer.
        InvalidVerdict: there is no answer, and nothing says why: the text may be behind it.
        UnjudgeableSample: the model's window was full.
    """
    body, choice = _first_choice(data)
    usage = usage_in(body)
    finish_reason = _text(choice.get("finish_reason"))
    finish_reason = "length" if is_cut_off(finish_reason) else finish_reason
    message = _message(body, choice, usage)
    refusal = _text(message.get("refusal"))
    return Reply(
        text="" if refusal else answer_text(message, is_cut=finish_reason == "length"),
        refusal=refusal,
        finish_reason=finish_reason,
        usage=usage,
        model_served=_text(body.get("model")) or asked_model,
        system_fingerprint=_text(body.get("system_fingerprint")),
        latency_s=latency_s,
        tokens=() if refusal else tuple(_tokens(choice.get("logprobs"))),
    )


def _first_choice(data: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body and its first choice, neither of them an error."""
    body = data if isinstance(data, dict) else {}
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    fault = answered_error(data) or (choice.get("error") if isinstance(choice, dict) else None)
    if fault:
        raise AnswerError(fault, usage_in(body) if body.get("usage") else None)
    if isinstance(choice, dict):
        return body, choice
    blocked = block_reason(body)
    withheld = blocked if blocked is not None else told_refusal(body)
    if withheld is not None:
        raise _with_usage(finish_error(Meaning.REFUSED, withheld), usage_in(body))
    if choices == []:
        raise _with_usage(InvalidVerdict("the endpoint answered with no choice, and says not why"), usage_in(body))
    if not body:
        raise ModelUnavailable("the endpoint answered 200 with nothing; check that the base URL ends in /v1")
    # It may be about the one text, so it is no outage: else whoever wrote the text had the cheaper judge decide.
    raise RequestRejected("the endpoint answered 200 without a chat completion; check that the base URL ends in /v1")


def _message(body: dict[str, Any], choice: dict[str, Any], usage: Usage) -> dict[str, Any]:
    """The message of a choice that did not end in a refusal, an outage or nothing."""
    check_finish(_text(choice.get("finish_reason")), usage)
    message = choice.get("message")
    if isinstance(message, dict) and (message.get("content") or message.get("tool_calls") or message.get("refusal")):
        return message
    # Where there is nothing to read, whatever else says why counts: a gateway's own name for the end, a filter's mark.
    check_finish(_text(choice.get("native_finish_reason")), usage)
    blocked = block_reason(choice) or block_reason(body)
    if blocked is not None:
        raise _with_usage(finish_error(Meaning.REFUSED, blocked), usage)
    if isinstance(message, dict):
        return message
    raise _with_usage(InvalidVerdict("the endpoint answered with a choice without a message, and says not why"), usage)


def _with_usage(error: E, usage: Usage) -> E:
    error.usage = usage
    return error


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
            shares[text] = math.exp(max(logprob, _LEAST_LOGPROB))
    return Token(raw=raw, shares=shares)


def _raw(item: dict[str, Any]) -> bytes | None:
    """The bytes of a token: as given, else of its text."""
    given = item.get("bytes")
    if isinstance(given, list) and all(type(byte) is int and 0 <= byte < 256 for byte in given):
        return bytes(given)
    text = item.get("token")
    return text.encode("utf-8", "replace") if isinstance(text, str) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
