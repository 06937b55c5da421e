"""Gateways, which stand before other providers and add refusals of their own."""

from __future__ import annotations

import json

from tests.servers.openai_server import Answer, Body, Request
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
    system_message,
)


def _is_above_bound(request: Request) -> bool:
    return any(request.body.get(name, 0) > 1_024 for name in ("max_tokens", "max_completion_tokens"))


def _streamed(body: Body) -> Answer:
    """The answer as events."""
    whole = judged(body).body
    assert isinstance(whole, dict)
    choice = whole["choices"][0]
    chunk = {
        "id": "c",
        "object": "chat.completion.chunk",
        "model": whole["model"],
        "choices": [{"index": 0, "delta": choice["message"], "finish_reason": "stop"}],
        "usage": whole["usage"],
    }
    events = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    return Answer(events.encode(), content_type="text/event-stream")


_NO_PARAMETERS = error(404, "No endpoints found that can handle the requested parameters.", code=404)

GATEWAYS = (
    Provider(
        "LiteLLM",
        "docs.litellm.ai/docs/completion/drop_params",
        "works",
        (2, 1),
        (
            Rule(
                has("logprobs"),
                error(400, "litellm.UnsupportedParamsError: bedrock does not support parameters: ['logprobs']"),
            ),
        ),
    ),
    Provider(
        "OpenRouter, model that ignores schemas and has no functions",
        "dnakov/anon-kode#2",
        "works",
        (3, 1),
        (Rule(has("tools"), error(404, "No endpoints found that support tool use.", code=404)),),
        heeding("json_object", "prompt"),
    ),
    Provider(
        "OpenRouter, routed by parameters",
        "block/buzz#3018, xorbitsai/xagent#1575",
        "works",
        (5, 1),
        (Rule(any_of(has("logprobs"), form("json_schema"), has("tools")), _NO_PARAMETERS),),
    ),
    Provider(
        "OpenRouter, whose provider refuses schemas and the router does not say why",
        "openrouter.ai/docs/api-reference/errors",
        "works",
        (6, 1),
        (Rule(any_of(has("response_format"), has("tools")), error(400, "Provider returned error", code=400)),),
    ),
    Provider(
        "Bedrock access gateway, model without a choice of function",
        "aws-samples/bedrock-access-gateway#92, BerriAI/litellm#27846",
        "works",
        (3, 1),
        (
            Rule(
                has("response_format"),
                bare(400, {"message": "BedrockException: output_config.format: Extra inputs are not permitted"}),
            ),
            Rule(
                choice_is_not("auto"),
                bare(400, {"detail": "This model doesn't support the toolConfig.toolChoice.tool field. Remove it"}),
            ),
        ),
    ),
    Provider(
        "Gateway with a key header of its own",
        "portkey.ai/docs, docs.konghq.com/hub/kong-inc/key-auth",
        "setting needed",
        (1, 1),
        (Rule(header_is_not("x-gateway-key", "k"), bare(401, {"message": "No API key found in request"})),),
        settings={"key_header": "x-gateway-key"},
        without=(("ModelAccessDenied", 1), ("ModelAccessDenied", 1)),
    ),
    Provider(
        "Gateway that only streams",
        "leookun/cursor-byok#14, AMD-AGI/GEAK#301",
        "setting needed",
        (1, 1),
        (Rule(lambda request: not request.body.get("stream"), bare(400, {"detail": "Stream must be set to true"})),),
        _streamed,
        settings={"extra_body": {"stream": True}},
        without=(("RequestRejected", 8), ("RequestRejected", 8)),
    ),
    Provider(
        "Gateway that streams whatever is asked",
        "open-webui/computer#193",
        "works",
        (1, 1),
        reply=_streamed,
    ),
    Provider(
        "DashScope (Qwen), thinking model",
        "infiniflow/ragflow#8972, modelscope/evalscope#998",
        "setting needed",
        (1, 1),
        (
            Rule(
                lambda request: request.body.get("enable_thinking") is not False,
                error(
                    400,
                    "parameter.enable_thinking must be set to false for non-streaming calls",
                    code="invalid_parameter_error",
                ),
            ),
        ),
        settings={"extra_body": {"enable_thinking": False}},
        without=(("RequestRejected", 8), ("RequestRejected", 8)),
    ),
    Provider(
        "Gateway that takes no system message and does not say so",
        "AMD-AGI/GEAK#301 (the wording)",
        "setting needed",
        (1, 1),
        (Rule(system_message, bare(400, {"statusCode": 400, "message": "Bad Request"})),),
        settings={"system_role": False},
        without=(("scored", 7), ("scored", 1)),
    ),
    Provider(
        "Gateway that bounds the completion under ours",
        "huggingface/text-generation-inference: max_total_tokens; the wording is assumed",
        "setting needed",
        (1, 1),
        (Rule(_is_above_bound, error(400, "max_tokens must be <= 1024")),),
        max_tokens=1_024,
        without=(("RequestRejected", 1), ("RequestRejected", 1)),
    ),
    Provider(
        "Gateway that refuses in no words at all",
        "Usagi-org/ai-goofish-monitor#198 (a gateway's 500 for a 400)",
        "works",
        (5, 1),
        (
            Rule(
                any_of(has("logprobs"), form("json_schema"), has("tools")),
                bare(400, {"statusCode": 400, "message": "Bad Request"}),
            ),
        ),
    ),
)
