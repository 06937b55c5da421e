"""The wire format of `/chat/completions`: what is asked, in which dialect, and how an answer is read.

Servers that call themselves OpenAI-compatible differ in three places: whether they enforce a JSON schema, whether they
take a temperature, and how the bound on the completion is called. `RequestForm` holds those choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from judges.errors import ModelRefused, ModelUnavailable
from judges.models.base import Message, Reply
from judges.schema import Record, Usage


class JsonForm(StrEnum):
    """How the server is asked for JSON, the strictest form first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    PLAIN = "text"


_WEAKER = {JsonForm.SCHEMA: JsonForm.OBJECT, JsonForm.OBJECT: JsonForm.PLAIN}
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "structured output", "guided", "json mode")


class RequestForm(Record):
    """The dialect one endpoint speaks."""

    json_form: JsonForm = JsonForm.SCHEMA
    temperature: bool = True
    token_field: str = "max_tokens"  # noqa: S105  # the name of a request field

    def simpler(self, complaint: str) -> RequestForm | None:
        """The form without the feature the server complained about; None if it complained of something else.

        Args:
            complaint: lower-case text of the error's own fields, see `complaint_of`.
        """
        if self.token_field == "max_tokens" and "max_completion_tokens" in complaint:  # noqa: S105  # a field name
            return self.model_copy(update={"token_field": "max_completion_tokens"})
        if self.temperature and "temperature" in complaint:
            return self.model_copy(update={"temperature": False})
        if self.json_form in _WEAKER and any(word in complaint for word in _FORMAT_WORDS):
            return self.model_copy(update={"json_form": _WEAKER[self.json_form]})
        return None


def request_body(
    form: RequestForm, model: str, messages: Sequence[Message], json_schema: Mapping[str, Any] | None, max_tokens: int
) -> dict[str, Any]:
    """The JSON body of one request in the given form."""
    body: dict[str, Any] = {"model": model, "messages": [_encodable(message) for message in messages]}
    body[form.token_field] = max_tokens
    if form.temperature:
        body["temperature"] = 0
    if json_schema is None:
        return body
    if form.json_form is JsonForm.SCHEMA:
        schema = {"name": "verdict", "strict": True, "schema": dict(json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body
    if form.json_form is JsonForm.OBJECT:
        body["response_format"] = {"type": "json_object"}
    _append_schema(body["messages"], json_schema)
    return body


def _encodable(message: Message) -> dict[str, Any]:
    """The message as JSON; halves of surrogate pairs, which no UTF-8 can carry, become question marks."""
    return {"role": message.role, "content": message.content.encode("utf-8", "replace").decode("utf-8")}


def _append_schema(messages: list[dict[str, Any]], json_schema: Mapping[str, Any]) -> None:
    """State the schema in the first message, which is the stable part that providers cache."""
    text = json.dumps(json_schema, separators=(",", ":"))
    messages[0]["content"] += f"\n\nReply with one JSON object that fits this JSON schema, and nothing else:\n{text}"


def complaint_of(body: object) -> str:
    """What an error body says is wrong, lower case: message, parameter and code, never an echoed request."""
    return " ".join(_statements(body)).lower()


def _statements(body: object) -> Iterator[str]:
    """The speaking fields of the error shapes in use: OpenAI's, and the validation list of FastAPI servers."""
    if isinstance(body, str):
        yield body[:2000]
    elif isinstance(body, list):
        for item in body[:20]:
            yield from _statements(item)
    elif isinstance(body, dict):
        for key in ("message", "param", "code", "type", "msg", "loc", "error", "detail"):
            yield from _statements(body.get(key))


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
    finish_reason = _text(choice.get("finish_reason"))
    if finish_reason == "content_filter":
        raise ModelRefused("the provider's content filter withheld the judge's reply")
    refusal = _text(message.get("refusal"))
    return Reply(
        text="" if refusal else without_thoughts(_content(message.get("content"))),
        refusal=refusal,
        finish_reason=finish_reason,
        usage=_usage(data.get("usage")),
        model_served=_text(data.get("model")) or asked_model,
        system_fingerprint=_text(data.get("system_fingerprint")),
        latency_s=latency_s,
    )


def _first_choice(data: object) -> dict[str, Any]:
    """The first choice, known to hold a message."""
    choices = data.get("choices") if isinstance(data, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
        return choice
    raise ModelUnavailable("the endpoint answered 200 without a chat completion; check that the base URL ends in /v1")


def _content(content: object) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def without_thoughts(text: str) -> str:
    """The reply without a leading <think> block; one that never closes leaves nothing.

    Only a leading block counts: a tag further on may be text under judgement that the model quotes.
    """
    start = text.lstrip()
    if not start.startswith("<think>"):
        return text
    _, _, rest = start.partition("</think>")
    return rest.lstrip()


def _usage(usage: object) -> Usage:
    """Tokens as reported; zeros where the server reports none (the price table then says "unknown")."""
    if not isinstance(usage, dict):
        return Usage(calls=1)
    details = usage.get("prompt_tokens_details")
    return Usage(
        calls=1,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
