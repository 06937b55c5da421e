"""The bodies of the providers' own protocols, form by form. Strict servers check them in tests/contract."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.models.anthropic_messages import AnthropicMessages
from assay.judges.models.base import ChatMessage
from assay.judges.models.extra_fields import with_extra
from assay.judges.models.gemini_generate import GeminiGenerate
from assay.judges.models.protocol import Asked, ChatProtocol
from assay.judges.models.request_form import JsonForm, RequestForm
from assay.judges.models.schema_subset import closed, schema_subset

MESSAGES = (
    ChatMessage(role="system", content="Judge."),
    ChatMessage(role="user", content="R1: It is grey."),
    ChatMessage(role="assistant", content="{"),
    ChatMessage(role="user", content="Again."),
)
EXACT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"const": "answer"},
        "sentences": {
            "type": "array",
            "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 100}],
            "items": False,
            "minItems": 1,
            "maxItems": 1,
        },
    },
    "required": ["kind", "sentences"],
    "additionalProperties": False,
}


def body(protocol: ChatProtocol, *, schema: bool = True, exact: bool = False, **form: Any) -> dict[str, Any]:
    asked = Asked(MESSAGES, REPLY_SCHEMA if schema else None, (lambda: EXACT) if exact else None, 99)
    return protocol.body(RequestForm(**form), "m", asked)


def test_anthropic_marks_the_instructions_for_its_cache_and_nothing_else() -> None:
    asked = body(AnthropicMessages())
    assert asked["system"] == [{"type": "text", "text": "Judge.", "cache_control": {"type": "ephemeral"}}]
    assert str(asked).count("cache_control") == 1
    assert [turn["role"] for turn in asked["messages"]] == ["user", "assistant", "user"]


def test_anthropic_is_held_to_the_schema_by_a_format_or_by_a_tool_or_in_words() -> None:
    by_format = body(AnthropicMessages())["output_config"]["format"]
    assert by_format["type"] == "json_schema"
    assert by_format["schema"]["properties"]["kind"] == REPLY_SCHEMA["properties"]["kind"]
    by_tool = body(AnthropicMessages(), json_form=JsonForm.TOOL)
    assert by_tool["tool_choice"] == {"type": "tool", "name": by_tool["tools"][0]["name"]}
    in_words = body(AnthropicMessages(), json_form=JsonForm.PLAIN)
    assert {"output_config", "tools", "tool_choice"}.isdisjoint(in_words)
    assert "fits this JSON schema" in in_words["system"][0]["text"]


@pytest.mark.parametrize(("choice", "kind"), [("named", "tool"), ("required", "any"), ("auto", "auto")])
def test_anthropic_asks_for_its_tool_in_the_words_of_the_form(choice: str, kind: str) -> None:
    assert body(AnthropicMessages(), json_form=JsonForm.TOOL, tool_choice=choice)["tool_choice"]["type"] == kind


def test_anthropic_is_never_asked_for_what_it_has_not() -> None:
    asked = body(AnthropicMessages(), exact=True, is_exact=True)
    assert not {"logprobs", "top_logprobs", "response_format"} & set(asked)
    assert "prefixItems" not in str(asked)
    assert "temperature" not in body(AnthropicMessages(), temperature=False)


def test_a_loose_schema_is_still_closed_for_anthropics_format() -> None:
    schema = body(AnthropicMessages(), is_loose=True)["output_config"]["format"]["schema"]
    assert "anyOf" not in str(schema)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["sentences"]["items"]["additionalProperties"] is False


def test_gemini_is_held_to_the_schema_by_its_config_or_by_a_function_or_in_words() -> None:
    config = body(GeminiGenerate())["generationConfig"]
    assert (config["responseMimeType"], config["maxOutputTokens"]) == ("application/json", 99)
    assert config["responseJsonSchema"]["required"] == ["kind", "sentences"]
    by_function = body(GeminiGenerate(), json_form=JsonForm.TOOL)
    assert "responseMimeType" not in by_function["generationConfig"]
    assert by_function["toolConfig"]["functionCallingConfig"]["mode"] == "ANY"
    in_words = body(GeminiGenerate(), json_form=JsonForm.OBJECT)
    assert in_words["generationConfig"]["responseMimeType"] == "application/json"
    assert "responseJsonSchema" not in in_words["generationConfig"]
    assert "fits this JSON schema" in in_words["systemInstruction"]["parts"][0]["text"]
    assert "responseMimeType" not in body(GeminiGenerate(), json_form=JsonForm.PLAIN)["generationConfig"]


def test_gemini_takes_the_schema_of_the_very_call() -> None:
    schema = body(GeminiGenerate(), exact=True, is_exact=True)["generationConfig"]["responseJsonSchema"]
    assert schema["properties"]["kind"] == {"enum": ["answer"], "type": "string"}
    assert schema["properties"]["sentences"]["prefixItems"][0]["maximum"] == 100
    assert "items" not in schema["properties"]["sentences"]


def test_gemini_gives_token_probabilities_without_a_schema_too() -> None:
    assert body(GeminiGenerate(), schema=False)["generationConfig"]["responseLogprobs"] is True
    assert "logprobs" not in body(GeminiGenerate(), logprobs=False)["generationConfig"]


@pytest.mark.parametrize("protocol", [AnthropicMessages(), GeminiGenerate()])
def test_without_a_system_role_the_instructions_lead_the_first_turn(protocol: ChatProtocol) -> None:
    asked = body(protocol, system_role=False)
    assert not {"system", "systemInstruction"} & set(asked)
    first = str((asked.get("messages") or asked["contents"])[0])
    assert first.index("Judge.") < first.index("It is grey.")


def test_gemini_names_the_model_in_the_path_alone() -> None:
    assert GeminiGenerate().path("gemini-3.8-flash") == "/models/gemini-3.8-flash:generateContent"
    assert GeminiGenerate().path("tunedModels/mine") == "/tunedModels/mine:generateContent"
    assert GeminiGenerate().path("a?b#c") == "/models/a%3Fb%23c:generateContent"


def test_keys_go_in_the_headers_of_the_provider() -> None:
    assert AnthropicMessages().headers(SecretStr("k")) == {"anthropic-version": "2023-06-01", "x-api-key": "k"}
    assert GeminiGenerate().headers(SecretStr("k")) == {"x-goog-api-key": "k"}
    assert "x-api-key" not in AnthropicMessages().headers(None)
    assert GeminiGenerate().headers(None) == {}


def test_a_subset_of_a_schema_keeps_properties_of_any_name() -> None:
    schema = {"type": "object", "properties": {"maximum": {"type": "integer", "maximum": 3}, "const": {"const": 1}}}
    kept = schema_subset(schema, frozenset({"type", "properties", "enum"}))
    assert kept["properties"] == {"maximum": {"type": "integer"}, "const": {"enum": [1], "type": "integer"}}
    assert closed(kept)["additionalProperties"] is False


def test_extra_fields_replace_ours_unless_they_stand_beside_them() -> None:
    ours = {"output_config": {"format": 1}, "max_tokens": 9}
    extra = {"output_config": {"effort": "low"}, "max_tokens": 5, "top_k": 1}
    assert with_extra(ours, extra, frozenset({"output_config"})) == {
        "output_config": {"format": 1, "effort": "low"}, "max_tokens": 5, "top_k": 1,
    }  # fmt: skip
    assert with_extra(ours, extra, frozenset())["output_config"] == {"effort": "low"}
    assert ours["output_config"] == {"format": 1}
