"""The protocol `/messages`: Anthropic's own. See docs/reference/protocols.md for what it has beyond the compatible one.

Sources: platform.claude.com/docs: api/messages, build-with-claude/{structured-outputs,prompt-caching}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from assay.judges.models.anthropic_answer import read_message
from assay.judges.models.base import Reply
from assay.judges.models.chat_request import TOOL_NAME
from assay.judges.models.instructions import instructions_and_turns
from assay.judges.models.loose_schema import loosened
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm, ToolChoice
from assay.judges.models.schema_subset import closed, schema_subset

API_VERSION = "2023-06-01"
"""Of the API, not of a model, e.g. `2023-06-01`. An endpoint's own header `anthropic-version` replaces it."""

_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "description"),
        *("title", "$defs", "$ref"),
    }
)
"""What a schema may hold, e.g. `const`. Bounds are refused: `maximum` of an integer (laravel/ai#715)."""

_TOOL_CHOICES: dict[ToolChoice, dict[str, str]] = {
    "named": {"type": "tool", "name": TOOL_NAME},
    "required": {"type": "any"},
    "auto": {"type": "auto"},
}
"""How a call is asked for. Newer models take `auto` alone (can1357/oh-my-pi#12939)."""


class AnthropicMessages:
    """Anthropic's protocol. See `ChatProtocol`.

    The instructions carry a mark of the cache. Token probabilities do not exist here, so no form asks for them.
    """

    default_url = "https://api.anthropic.com/v1"
    forms = (JsonForm.SCHEMA, JsonForm.TOOL, JsonForm.PLAIN)
    merged_fields = frozenset({"output_config"})

    def path(self, model: str) -> str:
        """The same for all models: the body names it."""
        return "/messages"

    def headers(self, key: SecretStr | None) -> dict[str, str]:
        """The version of the API, and the key in a header of its own."""
        version = {"anthropic-version": API_VERSION}
        return version if key is None else version | {"x-api-key": key.get_secret_value()}

    def body(self, form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
        """The JSON body of one request in the given form."""
        json_schema = asked.json_schema
        is_held = json_schema is not None and form.json_form in (JsonForm.SCHEMA, JsonForm.TOOL)
        text, turns = instructions_and_turns(
            asked.messages, None if is_held else json_schema, has_system_role=form.system_role
        )
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": asked.max_tokens,
            **({"system": [_cached(text)]} if text else {}),
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        }
        if form.temperature:
            body["temperature"] = 0
        if json_schema is not None and is_held:
            body |= _held_to(json_schema, form)
        return body

    def read(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """See `read_message`."""
        return read_message(data, asked_model=asked_model, latency_s=latency_s)


def _cached(text: str) -> dict[str, Any]:
    """The instructions as a block that ends what is cached. They are the same for all calls of a judge."""
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


def _held_to(json_schema: Mapping[str, Any], form: RequestForm) -> dict[str, Any]:
    """The fields that hold the model to a schema.

    A tool is not strict: models that know strict tools know a format as well, so the tool is for those before them.
    """
    schema = schema_subset(loosened(json_schema) if form.is_loose else json_schema, _KEYWORDS)
    if form.json_form is JsonForm.SCHEMA:
        return {"output_config": {"format": {"type": "json_schema", "schema": closed(schema)}}}
    tool = {"name": TOOL_NAME, "description": "Takes the whole verdict.", "input_schema": schema}
    return {"tools": [tool], "tool_choice": _TOOL_CHOICES[form.tool_choice]}
