"""Refusals of a form in words of many kinds, none of them in our tables as such, and errors of other kinds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assay.judges.errors import EvaluationError
from assay.judges.models.form_search import MOST_REQUESTS
from assay.judges.models.request_form import KNOWN_FORMS
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, Body, OpenAIServer
from tests.servers.providers.provider import judged
from tests.unit.judges.models.test_http_chat_model import JUDGED, SCHEMA


def asked_forms(body: Body) -> set[str]:
    """The features of a request, by the names in the table below."""
    forms: set[str] = {name for name in ("logprobs", "temperature", "tools", "max_tokens") if name in body}
    forms |= {body["response_format"]["type"]} if "response_format" in body else set()
    forms |= {"system"} if any(message["role"] == "system" for message in body["messages"]) else set()
    forms |= {"closed"} if "additionalProperties" in json.dumps(body.get("response_format", {})) else set()
    forms |= {"named"} if isinstance(body.get("tool_choice"), dict) else set()
    return forms


SCHEMAS = ("json_schema",)
ALL_SCHEMAS = ("json_schema", "tools")
ALL_JSON = ("json_schema", "tools", "json_object")

REFUSALS: list[tuple[tuple[str, ...], int, Any]] = [
    # Nothing is said.
    (SCHEMAS, 400, {"error": {"message": "Bad request"}}),
    (SCHEMAS, 400, {}),
    (SCHEMAS, 400, ""),
    (ALL_SCHEMAS, 422, {"detail": "Unprocessable"}),
    (ALL_JSON, 400, {"error": "invalid_request"}),
    (ALL_JSON, 415, {"message": "Unsupported Media Type"}),
    (SCHEMAS, 501, {"error": {"message": "Not Implemented"}}),
    (("logprobs",), 400, {"code": 11, "msg": "illegal argument"}),
    (("logprobs", "json_schema"), 400, {"success": False, "errors": [{"code": 5006, "message": "bad input"}]}),
    (ALL_JSON, 422, {"status": "error", "reason": "the payload failed our checks"}),
    # The schema or parts of it.
    (SCHEMAS, 400, {"error": {"message": "The structured output definition is beyond what this deployment compiles"}}),
    (SCHEMAS, 400, {"error": {"message": "grammar could not be built from the definition you sent"}}),
    (("closed",), 400, {"error": {"message": "closed objects (additionalProperties) have no meaning here"}}),
    (("closed",), 400, {"message": "We do not know the keyword additional_properties"}),
    (("closed",), 422, {"detail": [{"loc": ["body", "response_format", "json_schema"], "msg": "value is not valid"}]}),
    (SCHEMAS, 400, {"error": {"message": "Output constraint has a complexity of 911, the most is 500"}}),
    (SCHEMAS, 400, {"error": {"message": "Only flat schemas are accepted by this engine"}}),
    (SCHEMAS, 400, {"error": {"message": "strict is not something that this model offers"}}),
    (ALL_SCHEMAS, 400, {"error": {"message": "Our converter gave up on your JSON schema"}}),
    (SCHEMAS, 500, {"error": {"message": "json_schema is not available on this shard"}}),
    # The way to ask for JSON.
    (SCHEMAS, 400, {"error": {"message": "response_format: pick text or json_object"}}),
    (ALL_JSON, 400, {"error": {"message": "This checkpoint has no JSON mode of any sort"}}),
    (("json_schema", "json_object"), 400, {"error": {"message": "Cannot honour the output format asked for"}}),
    (SCHEMAS, 404, {"error": {"message": "No backend supports the parameters of this call"}}),
    (SCHEMAS, 404, {"message": "none of our machines has that capability"}),
    (SCHEMAS, 405, {"message": "feature json_schema is off for this route"}),
    (ALL_JSON, 422, {"error": "constrained decoding needs a build with guidance"}),
    (SCHEMAS, 400, {"error": {"code": "E1017", "message": "E1017"}}),
    (SCHEMAS, 400, {"error": {"message": "Das Antwortformat wird von diesem Modell nicht unterstützt"}}),
    (SCHEMAS, 400, {"error": {"message": "该模型不支持结构化输出"}}),
    (SCHEMAS, 400, {"error": {"message": "Ce modèle n'accepte pas ce format de réponse"}}),
    (SCHEMAS, 400, {"error": {"message": "このモデルは構造化出力に対応していません"}}),
    (ALL_SCHEMAS, 400, {"error": {"message": "Модель не поддерживает этот формат ответа"}}),
    # Function calls.
    (ALL_SCHEMAS, 400, {"error": {"message": "Functions are switched off for base models"}}),
    (("json_schema", "named"), 400, {"error": {"message": "tool_choice may be auto or required here"}}),
    (("json_schema", "named"), 400, {"error": {"message": "toolChoice by name is beyond this model"}}),
    (("json_schema", "named"), 422, {"detail": "tool choice: a word was wanted, an object came"}),
    (ALL_SCHEMAS, 500, {"error": {"message": "json_schema and tools are not supported by the loaded template"}}),
    (ALL_SCHEMAS, 400, {"error": {"message": "plugin-style calls cannot be made on this SKU"}}),
    (ALL_SCHEMAS, 400, {"errors": [{"detail": "no parser configured for calls"}]}),
    # Token probabilities.
    (("logprobs",), 400, {"error": {"message": "log probabilities are a feature of our larger plan"}}),
    (("logprobs",), 403, {"error": {"message": "You may not use logprobs: not allowed for this project"}}),
    (("logprobs",), 422, {"detail": [{"loc": ["body", "top_logprobs"], "msg": "Extra inputs are not permitted"}]}),
    (("logprobs",), 400, {"error": {"message": "top_logprobs must be 0 where speculative decoding is on"}}),
    (("logprobs",), 400, {"message": "Parameter `logprobs` is unknown to us"}),
    (("logprobs",), 500, {"error": {"message": "logprobs is not implemented in this runtime"}}),
    (("logprobs",), 400, {"error": {"message": "logprobs 与该模型不兼容"}}),
    # Temperature, bound, system message.
    (("temperature",), 400, {"error": {"message": "temperature is fixed for thinking models"}}),
    (("temperature",), 400, {"error": {"message": "temperature must lie above 0"}}),
    (("temperature",), 422, {"detail": [{"loc": ["body", "temperature"], "msg": "should be greater than 0"}]}),
    (("temperature",), 500, {"error": {"message": "temperature: unsupported for this family"}}),
    (("max_tokens",), 400, {"error": {"message": "max_tokens is deprecated"}}),
    (("max_tokens",), 400, {"error": {"message": "unknown field max_tokens"}}),
    (("max_tokens",), 422, {"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}),
    (("max_tokens",), 400, {"error": {"message": "Send max_completion_tokens, this name is gone"}}),
    (("system",), 400, {"error": {"message": "the system role does not exist in this chat template"}}),
    (("system",), 400, {"error": {"message": "roles must alternate, and a user has to begin"}}),
    (("system",), 500, {"error": {"message": "template error: a system message is not supported"}}),
    (("system",), 400, {"message": "System prompt not accepted by this model"}),
    # Several at once.
    (("logprobs", "temperature"), 400, {"error": {"message": "neither logprobs nor temperature work with reasoning"}}),
    (("logprobs", "max_tokens", "temperature"), 400, {"error": {"message": "unsupported: max_tokens, logprobs"}}),
    (("logprobs", *ALL_JSON), 400, {"error": {"message": "nope"}}),
    (("temperature", *ALL_SCHEMAS), 400, {"error": {"message": "temperature and json_schema are not supported"}}),
]
"""What is refused, with which status and with which body. A server refuses while one of the features is asked for."""


def refusing(features: tuple[str, ...], status: int, body: Any) -> Any:
    def step(request: Body) -> Answer:
        if asked_forms(request) & set(features):
            return Answer(body if isinstance(body, dict) else str(body).encode(), status=status)
        return judged(request)

    return step


def ask_twice(server: OpenAIServer, **settings: Any) -> list[tuple[str, int]]:
    """What each of two calls comes to, and how many requests it takes."""
    KNOWN_FORMS.clear()  # a port may come twice

    async def run() -> list[tuple[str, int]]:
        model = open_model(url=server.url, key="k", max_wait_s=0, **settings)
        came = []
        for _ in range(2):
            before = len(server.requests)
            try:
                outcome = (await model.complete(JUDGED, json_schema=SCHEMA)).text[:8]
            except EvaluationError as exc:
                outcome = type(exc).__name__
            came.append((outcome, len(server.requests) - before))
        await model.close()
        return came

    return asyncio.run(run())


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row[0]}-{row[1]}-{str(row[2])[:60]}")
def test_refusal_of_a_form_in_any_words_ends_in_a_form_that_works(row: tuple[tuple[str, ...], int, Any]) -> None:
    with OpenAIServer(default=refusing(*row)) as server:
        (first, requests), second = ask_twice(server)
    assert first == '{"kind":' or first.startswith('{"kind"')
    assert 2 <= requests <= MOST_REQUESTS
    assert second == (first, 1)


def test_refusals_are_many_and_differ() -> None:
    assert len({json.dumps(row) for row in REFUSALS}) >= 60


NEAR_MISSES: list[tuple[int, Any]] = [
    # The account: key, credit, quota, model.
    (401, {"error": {"message": "response_format needs a valid key"}}),
    (401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}),
    (401, ""),
    (402, {"error": {"message": "Insufficient credits for json_schema requests"}}),
    (400, {"error": {"message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}),
    (
        400,
        {
            "error": {
                "message": "Budget has been exceeded! Current cost: 5.1, Max budget: 5.0",
                "type": "budget_exceeded",
            }
        },
    ),
    (400, {"error": {"message": "Your credit balance is too low to access the API"}}),
    (400, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    (403, {"error": {"message": "This project has no access to model m", "code": "model_not_found"}}),
    (403, {"error": {"message": "Forbidden"}}),
    (403, {"error": {"message": "Your region is not supported", "code": "unsupported_country_region_territory"}}),
    (404, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}),
    (404, {"error": {"message": "model 'm' not found, try pulling it first"}}),
    (404, {"detail": "Not Found"}),
    (404, {"error": {"code": "404", "message": "Resource not found"}}),
    (404, "404 page not found"),
    (405, {"detail": "Method Not Allowed"}),
    (400, {"error": {"message": "Invalid model name passed in model=m. Call `/v1/models` to view available models"}}),
    (400, {"error": {"message": "The API deployment for this resource does not exist", "code": "DeploymentNotFound"}}),
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    # Too long.
    (
        400,
        {"error": {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}},
    ),
    (400, {"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}}),
    (
        400,
        {"error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}},
    ),
    (
        400,
        {
            "error": {
                "message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575)."
            }
        },
    ),
    (400, {"message": "Input is too long for requested model."}),
    (
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
            "error_type": "validation",
        },
    ),
    (400, {"error": {"message": "The input (5000 tokens) is longer than the model's context length (4096 tokens)."}}),
    (413, {"error": {"message": "Request too large"}}),
    (413, ""),
    (400, {"error": {"message": "Requested token count exceeds the model's maximum context length of 4096 tokens."}}),
    (400, {"error": {"message": "Too many input tokens for this model"}}),
    # The text is refused.
    (400, {"error": {"message": "The response was filtered", "code": "content_filter"}}),
    (400, {"error": {"message": "litellm.ContentPolicyViolationError: blocked"}}),
    (400, {"error": {"message": "Request blocked", "code": "guardrail_intervened"}}),
    (400, {"error": {"message": "Your request was rejected by our safety system", "code": "content_policy_violation"}}),
    (403, {"error": {"message": "Your input was flagged by moderation"}}),
    (400, {"error": {"message": "Input data may contain inappropriate content.", "code": "data_inspection_failed"}}),
    (400, {"error": {"message": "Violation of guardrail policy"}}),
    (446, {"error": {"message": "hooks failed"}}),
    (400, {"error": {"message": "Invalid prompt: flagged as violating our usage policy", "code": "invalid_prompt"}}),
    # A limit.
    (429, {"error": {"message": "Rate limit reached for response_format"}}),
    (429, {"error": {"message": "Too many requests", "code": "rate_limit_exceeded"}}),
    (429, ""),
    (400, {"error": {"message": "ThrottlingException: Too many requests, please wait before trying again"}}),
    (503, {"error": {"message": "slow down"}}),
    # An outage.
    (408, {"error": {"message": "json_schema took too long"}}),
    (409, {"error": {"message": "conflict"}}),
    (500, {"error": {"message": "The server had an error while processing your request", "type": "server_error"}}),
    (500, ""),
    (500, {"detail": "Internal Server Error"}),
    (502, "<html><h1>502 Bad Gateway</h1></html>"),
    (502, {"error": {"message": "upstream: response_format"}}),
    (503, {"error": {"message": "Loading model", "type": "unavailable_error"}}),
    (503, {"error": {"message": "tools not supported while overloaded"}}),
    (504, {"error": {"message": "logprobs timed out"}}),
    (520, "<html>cloud</html>"),
    (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
    # The model's own reply, redirects, pages, bounds.
    (400, {"error": {"message": "Failed to generate JSON.", "code": "json_validate_failed"}}),
    (302, ""),
    (400, "<html><body>Request blocked by the firewall: json_schema</body></html>"),
    (403, "<html>Access denied</html>"),
    (418, {"error": {"message": "response_format"}}),
    (400, {"error": {"message": "max_tokens must be at most 1024"}}),
    (400, {"error": {"message": "max_tokens is too large: 2048. This model supports at most 1024 completion tokens"}}),
]
"""Status and body of what is no refusal of a form."""


@pytest.mark.parametrize("row", NEAR_MISSES, ids=lambda row: f"{row[0]}-{str(row[1])[:60]}")
def test_error_of_another_kind_tries_no_form(row: tuple[int, Any]) -> None:
    status, body = row
    is_page = isinstance(body, str)
    answer = Answer(
        body.encode() if is_page else body, status=status, content_type="text/html" if is_page else "application/json"
    )
    with OpenAIServer(default=answer) as server:
        came = ask_twice(server, attempts=1)
        forms = [asked_forms(request.body) for request in server.requests]
    assert [requests for _, requests in came] == [1, 1]
    assert forms[0] == forms[1] >= {"json_schema", "logprobs", "temperature"}
    assert not came[0][0].startswith("{")


def test_near_misses_are_many_and_differ() -> None:
    assert len({json.dumps(row) for row in NEAR_MISSES}) >= 60
