"""Servers of models that a team runs itself."""

from __future__ import annotations

import json

from tests.servers.openai_server import Answer, Body, completion
from tests.servers.providers.provider import (
    Provider,
    Rule,
    any_of,
    bare,
    error,
    form,
    has,
    heeding,
    judged,
    mentions,
    prose,
    system_message,
    verdict_on,
)


def _vllm(message: str, status: int = 400) -> Answer:
    """vLLM's errors stand at the top."""
    return bare(
        status, {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": status}
    )


def _reasoned(body: Body) -> Answer:
    """A reasoning parser that puts all of it into the reasoning (vllm-project/vllm#15618)."""
    return Answer(completion(None, body, reasoning_content=verdict_on(body)))


def _runs_on(body: Body) -> Answer:
    """A small model held to a grammar: where it leaves the number of entries open, it never stops."""
    if "prefixItems" in json.dumps(body.get("response_format", {})):
        return judged(body)
    return Answer(completion('{"kind":"answer","sentences":[{"not_checkworthy":1},', body, finish_reason="length"))


_TGI = "Failed to deserialize the JSON body into the target type: response_format: missing field `value`"
_LLAMA_TOOLS = Rule(has("tools"), error(500, "tools param requires --jinja flag", kind="server_error", code=500))

OWN_SERVERS = (
    Provider("vLLM", "docs.vllm.ai/en/latest/features/structured_outputs.html", "works", (1, 1)),
    Provider(
        "vLLM, without token probabilities (`--max-logprobs 0`)",
        "vllm-project/vllm#5299",
        "works",
        (2, 1),
        (Rule(has("logprobs"), _vllm("Requested sample logprobs of 5, which is greater than max allowed: 0")),),
    ),
    Provider(
        "vLLM, whose grammar refuses the schema, without function calls",
        "vllm-project/vllm#16880",
        "works",
        (4, 1),
        (
            Rule(form("json_schema"), _vllm("The provided JSON schema contains features not supported by xgrammar.")),
            Rule(has("tools"), _vllm('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser')),
        ),
    ),
    Provider(
        "vLLM, whose grammar breaks the engine (500)",
        "vllm-project/vllm#43920, #44401",
        "works",
        (4, 1),
        (Rule(any_of(has("response_format"), has("tools")), _vllm("Internal Server Error", 500)),),
    ),
    Provider(
        "vLLM, model without a system role (Gemma 2)",
        "vllm-project/vllm#2964",
        "works",
        (2, 1),
        (Rule(system_message, _vllm("System role not supported")),),
    ),
    Provider(
        "vLLM, reasoning parser that takes the answer for reasoning",
        "vllm-project/vllm#15618",
        "works",
        (1, 1),
        reply=_reasoned,
    ),
    Provider("Ollama", "ollama/ollama: docs/openai.md", "works", (1, 1)),
    Provider(
        "Ollama, version that ignores schemas, model without function calls",
        "ollama/ollama#10001",
        "works",
        (3, 1),
        (Rule(has("tools"), error(400, "registry.example/library/tiny does not support tools")),),
        heeding("json_object", "prompt"),
    ),
    Provider("llama.cpp", "ggml-org/llama.cpp: tools/server/README.md", "works", (1, 1)),
    Provider(
        "llama.cpp, older, without `--jinja`",
        "ikawrakow/ik_llama.cpp#778, defilantech/LLMKube#126",
        "works",
        (3, 1),
        (
            Rule(
                form("json_schema"),
                error(
                    500,
                    'response_format type must be one of "text" or "json_object", but got: json_schema',
                    kind="server_error",
                    code=500,
                ),
            ),
            _LLAMA_TOOLS,
        ),
    ),
    Provider(
        "llama.cpp, small model that runs past the last sentence",
        "measured: make test-endpoints",
        "setting needed",
        (1, 1),
        reply=_runs_on,
        settings={"exact_schema": True},
        without=(("InvalidVerdict", 2), ("scored", 2)),
    ),
    Provider(
        "TGI, which wants its own words for a schema",
        "huggingface/text-generation-inference#3058, #2899",
        "works",
        (2, 1),
        (
            Rule(
                has("response_format"),
                bare(422, _TGI),
            ),
        ),
    ),
    Provider(
        "TGI, model whose template knows no functions",
        "huggingface/text-generation-inference#2310; the wording is assumed",
        "works",
        (4, 1),
        (
            Rule(has("response_format"), bare(422, _TGI)),
            Rule(has("tools"), bare(422, {"error": "Tool error: Template error", "error_type": "tool_error"})),
        ),
    ),
    Provider(
        "LM Studio",
        "lmstudio-ai/lmstudio-bug-tracker#169",
        "works",
        (1, 1),
        (Rule(form("json_object"), bare(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})),),
    ),
    Provider(
        "LM Studio, model that cannot be held to a union",
        "lmstudio-ai/lmstudio-bug-tracker#189; the wording is assumed",
        "works",
        (3, 1),
        (
            Rule(mentions("anyOf"), bare(400, {"error": "Error in iterating prediction stream"})),
            Rule(form("json_object"), bare(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})),
        ),
    ),
    Provider(
        "Completion server of a base model that never writes JSON",
        "no report: what stays out of reach",
        "cannot",
        (5, 2),
        reply=prose,
        without=(("InvalidVerdict", 5), ("InvalidVerdict", 2)),
    ),
)
