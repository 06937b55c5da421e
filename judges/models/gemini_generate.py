"""The protocol `:generateContent`: Google's own. See docs/reference/protocols.md for what it has beyond the compatible.

Sources: ai.google.dev/api/generate-content, ai.google.dev/gemini-api/docs/{structured-output,function-calling}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.chat_request import TOOL_NAME, TOP_LOGPROBS
from assay.judges.models.gemini_answer import read_candidate
from assay.judges.models.instructions import instructions_and_turns
from assay.judges.models.loose_schema import loosened
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.models.schema_subset import schema_subset

_JSON = "application/json"
_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "prefixItems", "anyOf", "enum", "format"),
        *("title", "description", "minimum", "maximum", "minItems", "maxItems", "$defs", "$ref"),
    }
)
"""What a schema may hold, e.g. `prefixItems`. There is no `const`: it is written as an `enum` of one."""


class GeminiGenerate:
    """Google's protocol. See `ChatProtocol`."""

    default_url = "https://generativelanguage.googleapis.com/v1beta"
    forms = (JsonForm.SCHEMA, JsonForm.TOOL, JsonForm.OBJECT, JsonForm.PLAIN)
    merged_fields = frozenset({"generationConfig"})

    def path(self, model: str) -> str:
        """It names the model: `/models/gemini-3.8-flash:generateContent`."""
        name = model if "/" in model else f"models/{model}"
        return f"/{quote(name)}:generateContent"

    def headers(self, key: SecretStr | None) -> dict[str, str]:
        """The key in a header of its own: in the address it would stand in logs."""
        return {} if key is None else {"x-goog-api-key": key.get_secret_value()}

    def body(self, form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
        """The JSON body of one request in the given form."""
        json_schema = _schema(form, asked)
        is_held = form.json_form in (JsonForm.SCHEMA, JsonForm.TOOL)
        text, turns = instructions_and_turns(
            asked.messages, None if is_held else json_schema, has_system_role=form.system_role
        )
        body: dict[str, Any] = {
            **({"systemInstruction": {"parts": [{"text": text}]}} if text else {}),
            "contents": [_content(turn) for turn in turns],
            "generationConfig": _config(form, asked.max_tokens, json_schema),
        }
        if json_schema is not None and form.json_form is JsonForm.TOOL:
            body |= _tool(json_schema, form)
        return body

    def read(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """See `read_candidate`."""
        return read_candidate(data, asked_model=asked_model, latency_s=latency_s)


def _schema(form: RequestForm, asked: Asked) -> Mapping[str, Any] | None:
    """The schema of the reply: narrowed to this very call, or in plain words, where the form says so."""
    if form.is_exact and asked.exact_schema is not None:
        return asked.exact_schema()
    return loosened(asked.json_schema) if form.is_loose and asked.json_schema is not None else asked.json_schema


def _content(message: ChatMessage) -> dict[str, Any]:
    role = "model" if message.role == "assistant" else message.role
    return {"role": role, "parts": [{"text": message.content}]}


def _config(form: RequestForm, max_tokens: int, json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Bound, temperature, form of the reply and token probabilities."""
    config: dict[str, Any] = {"maxOutputTokens": max_tokens} if form.token_field else {}
    if form.temperature:
        config["temperature"] = 0
    if form.logprobs:
        config |= {"responseLogprobs": True, "logprobs": TOP_LOGPROBS}
    if json_schema is not None and form.json_form in (JsonForm.SCHEMA, JsonForm.OBJECT):
        config["responseMimeType"] = _JSON
    if json_schema is not None and form.json_form is JsonForm.SCHEMA:
        config["responseJsonSchema"] = schema_subset(json_schema, _KEYWORDS)
    return config


def _tool(json_schema: Mapping[str, Any], form: RequestForm) -> dict[str, Any]:
    """The one function, and that the model must call it."""
    declaration = {
        "name": TOOL_NAME,
        "description": "Takes the whole verdict.",
        "parametersJsonSchema": schema_subset(json_schema, _KEYWORDS),
    }
    calling = {"mode": "AUTO"} if form.tool_choice == "auto" else {"mode": "ANY", "allowedFunctionNames": [TOOL_NAME]}
    return {"tools": [{"functionDeclarations": [declaration]}], "toolConfig": {"functionCallingConfig": calling}}
