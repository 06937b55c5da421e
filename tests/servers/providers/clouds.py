"""Providers in the cloud, spoken to directly."""

from __future__ import annotations

from tests.servers.openai_server import Answer, Body, completion
from tests.servers.providers.provider import (
    Provider,
    Rule,
    any_of,
    bare,
    choice_is_not,
    error,
    form,
    has,
    header_is_not,
    heeding,
    judged,
    mentions,
    verdict_on,
)

_REASONING = (
    Rule(
        has("max_tokens"),
        error(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"),
    ),
    Rule(
        has("temperature"),
        error(400, "Unsupported value: 'temperature' does not support 0 with this model.", code="unsupported_value"),
    ),
    Rule(has("logprobs"), error(403, "You are not allowed to request logprobs from this model")),
)
"""Of OpenAI's reasoning models: livekit/agents#3556, confident-ai/deepeval#3030."""


def _thinks_long(body: Body) -> Answer:
    """Thinking takes 3,000 tokens: what is left of the bound is for the answer."""
    return (
        judged(body) if body["max_completion_tokens"] > 3_000 else Answer(completion("", body, finish_reason="length"))
    )


def _in_parts(body: Body) -> Answer:
    """The answer as a list of parts, the thinking first (docs.mistral.ai/capabilities/reasoning)."""
    text = verdict_on(body)
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Is it so? {}"}]}
    return Answer(completion(None, body, content=[thinking, {"type": "text", "text": text}]))


def _extra(name: str) -> Answer:
    """Mistral's word for a field that it does not know."""
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
    return bare(422, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None})


def _google(message: str) -> Answer:
    """Google's errors come in a list."""
    return bare(400, [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}])


CLOUDS = (
    Provider("OpenAI", "platform.openai.com/docs/api-reference/chat", "works", (1, 1)),
    Provider("OpenAI, reasoning model", "livekit/agents#3556", "works", (4, 1), _REASONING),
    Provider(
        "OpenAI, reasoning model that thinks for thousands of tokens",
        "platform.openai.com/docs/guides/reasoning",
        "setting needed",
        (4, 1),
        _REASONING,
        _thinks_long,
        max_tokens=8_192,
        without=(("scored", 5), ("scored", 2)),
    ),
    Provider(
        "Azure OpenAI, v1 API",
        "learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        "works",
        (1, 1),
        path="/openai/v1/chat/completions",
    ),
    Provider(
        "Azure OpenAI, deployments",
        "learn.microsoft.com/azure/ai-foundry/openai/reference",
        "setting needed",
        (1, 1),
        (Rule(header_is_not("api-key", "k"), error(401, "Access denied due to invalid subscription key", code="401")),),
        settings={"query": {"api-version": "2024-10-21"}, "key_header": "api-key"},
        path="/openai/deployments/d/chat/completions?api-version=2024-10-21",
        without=(("ModelAccessDenied", 1), ("ModelAccessDenied", 1)),
    ),
    Provider(
        "Gemini, OpenAI-compatible",
        "tashfeenahmed/freellmapi#97, mscraftsman/generative-ai#135",
        "works",
        (3, 1),
        (
            Rule(has("logprobs"), _google("Logprobs is not enabled for models/m")),
            Rule(mentions("additionalProperties"), _google('Unknown name "additionalProperties" at response_schema')),
        ),
    ),
    Provider(
        "Gemini, OpenAI-compatible, that refuses unions without saying so",
        "googleapis/google-api-python-client#2570",
        "works",
        (3, 1),
        (Rule(mentions("anyOf"), _google("Request contains an invalid argument.")),),
    ),
    Provider(
        "Anthropic, OpenAI-compatible",
        "platform.claude.com/docs: OpenAI SDK compatibility; response_format and strict are ignored",
        "works",
        (3, 1),
        (Rule(has("temperature"), error(400, "`temperature` is deprecated for this model.")),),
        heeding("tools", "prompt"),
    ),
    Provider(
        "DeepSeek, chat",
        "api-docs.deepseek.com/guides/json_mode",
        "works",
        (2, 1),
        (Rule(form("json_schema"), error(400, "This response_format type is unavailable now")),),
    ),
    Provider(
        "DeepSeek, reasoner",
        "gomate-community/TrustRAG#140, google-gemini/gemini-fullstack-langgraph-quickstart#123",
        "works",
        (6, 1),
        (
            Rule(has("logprobs"), error(400, "deepseek-reasoner does not support the parameter `logprobs`")),
            Rule(has("response_format"), error(400, "deepseek-reasoner does not support Json Output.")),
            Rule(choice_is_not("auto"), error(400, "deepseek-reasoner does not support this tool_choice")),
            Rule(has("tools"), error(400, "deepseek-reasoner does not support Function Calling")),
        ),
    ),
    Provider(
        "Mistral",
        "mistralai/platform-docs-public#7, editor-code-assistant/eca#231",
        "works",
        (2, 1),
        (Rule(has("logprobs"), _extra("logprobs")),),
    ),
    Provider(
        "Mistral, Magistral",
        "docs.mistral.ai/capabilities/reasoning",
        "works",
        (2, 1),
        (Rule(has("logprobs"), _extra("logprobs")),),
        _in_parts,
    ),
    Provider(
        "Groq",
        "groq/groq-python#25, ItzCrazyKns/Vane#980",
        "works",
        (3, 1),
        (
            Rule(has("logprobs"), error(400, "`logprobs` is not supported with this model")),
            Rule(form("json_schema"), error(400, "This model does not support response format `json_schema`.")),
        ),
    ),
    Provider(
        "xAI",
        "yym68686/uni-api#105",
        "works",
        (2, 1),
        (
            Rule(
                has("logprobs"),
                bare(
                    400,
                    {
                        "code": "Client specified an invalid argument",
                        "error": "Argument not supported on this model: logprobs",
                    },
                ),
            ),
        ),
    ),
    Provider(
        "Cohere, OpenAI-compatible",
        "docs.cohere.com/docs/compatibility-api; the wording is assumed",
        "works",
        (2, 1),
        (Rule(has("top_logprobs"), bare(422, {"id": "1", "message": "invalid request: unrecognised fields"})),),
    ),
    Provider(
        "Databricks",
        "docs.databricks.com: structured outputs (no anyOf); the wording is assumed",
        "works",
        (3, 1),
        (
            Rule(has("top_logprobs"), bare(400, {"error_code": "BAD_REQUEST", "message": "Unsupported: top_logprobs"})),
            Rule(
                any_of(mentions("anyOf"), mentions("additionalProperties")),
                bare(400, {"error_code": "BAD_REQUEST", "message": "Bad request: schema uses anyOf"}),
            ),
        ),
    ),
    Provider("Fireworks", "docs.fireworks.ai/structured-responses/structured-response-formatting", "works", (1, 1)),
)
