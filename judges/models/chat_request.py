"""A request to `/chat/completions`, in whatever dialect the endpoint speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.judges.models.loose_schema import loosened
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.models.schema_request import schema_request

TOOL_NAME = "verdict"
TOP_LOGPROBS = 5
"""Alternatives asked for at each token: the most that all servers with alternatives are known to allow."""


def request_body(form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
    """The JSON body of one request in the given form."""
    body: dict[str, Any] = {"model": model, "messages": _messages(form, asked)}
    if form.token_field:
        body[form.token_field] = asked.max_tokens
    if form.temperature:
        body["temperature"] = 0
    if form.logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return body if asked.json_schema is None else body | _json_request(form, asked, asked.json_schema)


def _json_request(form: RequestForm, asked: Asked, json_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold the model to the schema, or to JSON."""
    match form.json_form:
        case JsonForm.SCHEMA:
            exact = asked.exact_schema() if form.is_exact and asked.exact_schema else json_schema
            schema = {"name": TOOL_NAME, **_strict(form), "schema": _schema(form, exact)}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case JsonForm.TOOL:
            function = {"name": TOOL_NAME, **_strict(form), "parameters": _schema(form, json_schema)}
            named = {"type": "function", "function": {"name": TOOL_NAME}}
            choice = named if form.tool_choice == "named" else form.tool_choice
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case JsonForm.OBJECT:
            return {"response_format": {"type": "json_object"}}
    return {}


def _strict(form: RequestForm) -> dict[str, Any]:
    """The word for a schema that is held to. Servers that know none may refuse the word."""
    return {} if form.is_loose else {"strict": True}


def _schema(form: RequestForm, json_schema: Mapping[str, Any]) -> dict[str, Any]:
    return loosened(json_schema) if form.is_loose else dict(json_schema)


def _messages(form: RequestForm, asked: Asked) -> list[dict[str, Any]]:
    """The messages. A schema in words stands in the first, the stable part that providers cache."""
    written = [{"role": message.role, "content": message.content} for message in asked.messages]
    if asked.json_schema is not None and form.json_form in (JsonForm.OBJECT, JsonForm.PLAIN):
        written[0]["content"] += f"\n\n{schema_request(asked.json_schema)}"
    return written if form.system_role else _led_by_instructions(written)


def _led_by_instructions(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without a system role: its text leads the first message of the user."""
    instructions = [message["content"] for message in written if message["role"] == "system"]
    rest = [message for message in written if message["role"] != "system"]
    if instructions and rest:
        rest[0]["content"] = "\n\n".join([*instructions, rest[0]["content"]])
    return rest or written
