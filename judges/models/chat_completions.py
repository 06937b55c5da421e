"""The protocol `/chat/completions`: how it is asked, and how its answers are read, whatever form they come in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from assay.judges.errors import ModelRefused, ModelUnavailable
from assay.judges.models.base import Reply, Token
from assay.judges.models.chat_request import request_body
from assay.judges.models.message_text import called_text, written_text
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import RequestForm
from assay.judges.models.token_usage import read_usage

_MOST_TOKENS = 40_000


NO_KEY = "none"
"""What stands for the key at servers that have none: they accept any word."""


class ChatCompletions:
    """OpenAI's protocol, which nearly all servers and gateways speak. See `ChatProtocol`."""

    default_url = "https://api.openai.com/v1"

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
    usage = read_usage(data.get("usage"))
    finish_reason = _text(choice.get("finish_reason"))
    if finish_reason == "content_filter":
        refused = ModelRefused("the provider's content filter withheld the judge's reply")
        refused.usage = usage
        raise refused
    refusal = _text(message.get("refusal"))
    called = called_text(message)
    return Reply(
        text="" if refusal else called or written_text(message),
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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
