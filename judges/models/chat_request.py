"""A request to `/chat/completions`, in whatever dialect the endpoint speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm

TOOL_NAME = "verdict"
TOP_LOGPROBS = 5
"""Alternatives asked for at each token: the most that all servers with alternatives are known to allow."""


def request_body(form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
    """The JSON body of one request in the given form."""
    messages = [{"role": message.role, "content": message.content} for message in asked.messages]
    body: dict[str, Any] = {"model": model, "messages": messages, form.token_field: asked.max_tokens}
    json_schema = asked.json_schema
    if form.temperature:
        body["temperature"] = 0
    if json_schema is None:
        return body
    if form.logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    if form.json_form is JsonForm.SCHEMA:
        schema = {"name": TOOL_NAME, "strict": True, "schema": dict(json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form.json_form is JsonForm.TOOL:
        function = {"name": TOOL_NAME, "strict": True, "parameters": dict(json_schema)}
        body["tools"] = [{"type": "function", "function": function}]
        body["tool_choice"] = {"type": "function", "function": {"name": TOOL_NAME}}
    else:
        if form.json_form is JsonForm.OBJECT:
            body["response_format"] = {"type": "json_object"}
        _append_schema(body["messages"], json_schema)
    return body


def _append_schema(messages: list[dict[str, Any]], json_schema: Mapping[str, Any]) -> None:
    """State the schema in the first message, which is the stable part that providers cache."""
    text = json.dumps(json_schema, separators=(",", ":"))
    messages[0]["content"] += f"\n\nReply with one JSON object that fits this JSON schema, and nothing else:\n{text}"
