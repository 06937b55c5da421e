"""A server of Google's generateContent, as documented: it refuses what the API refuses, in its words.

Sources: ai.google.dev/api/generate-content, ai.google.dev/gemini-api/docs/structured-output and /troubleshooting; the
services' proto in googleapis/googleapis; messages of errors from prism-php/prism#974,
mscraftsman/generative-ai#135 and google-gemini/gemini-cli#4231.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.servers.native_server import TOOL, NativeServer, keywords_beyond, verdict_on
from tests.servers.openai_server import Answer, Body, Request, Step

_PATH = re.compile(r"/v1beta/models/([a-z0-9.-]+):generateContent")
_KNOWN = frozenset(
    {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "safetySettings", "cachedContent"}
)
_CONFIG = frozenset(
    {
        *("candidateCount", "stopSequences", "maxOutputTokens", "temperature", "topP", "topK", "seed"),
        *("responseMimeType", "responseSchema", "responseJsonSchema", "responseLogprobs", "logprobs", "thinkingConfig"),
    }
)
_SCHEMA_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "prefixItems", "anyOf", "enum", "format"),
        *("title", "description", "minimum", "maximum", "minItems", "maxItems", "$defs", "$ref", "$id", "$anchor"),
    }
)
_INVALID = "Request contains an invalid argument."


class GeminiServer(NativeServer):
    """The server; enter it to start it on a free loopback port.

    What a model may lack: `logprobs`, `schema`, `tools`, `json`, `temperature`. `thinks`: a part with a thought leads.
    """

    version = "v1beta"
    thinks = False

    def refused(self, request: Request) -> Answer | None:
        """See `NativeServer`."""
        named = _PATH.fullmatch(request.path)
        if named is None:
            return error_answer(404, "NOT_FOUND", "models/x is not found for API version v1beta")
        key = request.headers.get("x-goog-api-key")
        if key is None:
            return error_answer(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")
        if self.key not in (None, key):
            reason = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
            words = "API key not valid. Please pass a valid API key."
            return error_answer(400, "INVALID_ARGUMENT", words, details=reason)
        complaint = next(_complaints(request.body), None) or self._lacking(request.body, named[1])
        return error_answer(400, "INVALID_ARGUMENT", complaint) if complaint else None

    def judged(self, body: Body) -> Answer:
        """The verdict as text, or as the call of the function that was asked for."""
        text = verdict_on(_text_of(body.get("systemInstruction", {})), _prompt(body))
        parts: list[Body] = [{"text": "{hm}", "thought": True}] if self.thinks else []
        if "toolConfig" in body:
            parts.append({"functionCall": {"name": TOOL, "args": json.loads(text)}})
        else:
            parts.append({"text": text})
        more = _logprobs(text) if "responseLogprobs" in body["generationConfig"] else {}
        return Answer(response(parts, body, thoughts=7 if self.thinks else 0, candidate=more))

    def _lacking(self, body: Body, model: str) -> str | None:
        config = body["generationConfig"]
        asked = {
            "logprobs": ("responseLogprobs" in config, f"Logprobs is not enabled for models/{model}"),
            "schema": ("responseJsonSchema" in config, _INVALID),
            "tools": ("tools" in body, "Function calling is not enabled for this model"),
            "json": ("responseMimeType" in config, "JSON mode is not enabled for this model"),
            "temperature": ("temperature" in config, "temperature is not supported for this model"),
        }
        return next((words for name, (is_asked, words) in asked.items() if is_asked and name in self.lacks), None)


def _complaints(body: Body) -> Iterator[str]:
    """What the API holds against a request."""
    config = body.get("generationConfig", {})
    for place, names, known in (("", body, _KNOWN), (" at 'generation_config'", config, _CONFIG)):
        for name in names:
            if name not in known:
                yield f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
    if not body.get("contents"):
        yield "* GenerateContentRequest.contents: contents is not specified"
    for content in body["contents"]:
        if content.get("role") not in ("user", "model"):
            yield "Please use a valid role: user, model."
        if not _text_of(content).strip():
            yield "* GenerateContentRequest.contents: contents.parts must not be empty."
    yield from _about_config(body, config)


def _about_config(body: Body, config: Body) -> Iterator[str]:
    schema = config.get("responseJsonSchema")
    if schema is not None and config.get("responseMimeType") != "application/json":
        yield "responseJsonSchema is only allowed with the mime type application/json"
    declared = [declaration for tool in body.get("tools", []) for declaration in tool["functionDeclarations"]]
    for given in [schema, *(declaration["parametersJsonSchema"] for declaration in declared)]:
        if given is not None and keywords_beyond(given, _SCHEMA_KEYWORDS):
            yield _INVALID
    if declared and "responseMimeType" in config:
        yield "Function calling with a response mime type: 'application/json' is unsupported"
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    if set(calling.get("allowedFunctionNames", [])) - {declaration["name"] for declaration in declared}:
        yield _INVALID
    if not 0 <= config.get("logprobs", 0) <= 20 or ("logprobs" in config and not config.get("responseLogprobs")):
        yield "logprobs must be between 0 and 20 and needs response_logprobs"


def response(
    parts: list[Body] | None,
    request: Body,
    *,
    finish_reason: str = "STOP",
    thoughts: int = 0,
    candidate: Body | None = None,
) -> Body:
    """A response with one candidate. A token is counted as four characters."""
    prompt = len(json.dumps([request.get("systemInstruction"), request["contents"]])) // 4
    written = len(json.dumps(parts)) // 4 if parts else 0
    content = {} if parts is None else {"content": {"role": "model", "parts": parts}}
    usage = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": written,
        "totalTokenCount": prompt + written + thoughts,
    }
    usage |= {"thoughtsTokenCount": thoughts, "cachedContentTokenCount": prompt // 2}
    return {
        "candidates": [{**content, "finishReason": finish_reason, "index": 0, **(candidate or {})}],
        "usageMetadata": usage,
        "modelVersion": "gemini-test-001",
        "responseId": "r1",
    }


def says(text: str, *, finish_reason: str = "STOP", **more: Any) -> Step:
    """A response with this text."""
    return lambda request: Answer(response([{"text": text}], request, finish_reason=finish_reason, **more))


def withheld(finish_reason: str = "SAFETY") -> Step:
    """The reply is withheld: there is no content."""
    return lambda request: Answer(response(None, request, finish_reason=finish_reason))


def blocked(reason: str = "PROHIBITED_CONTENT") -> Step:
    """The prompt is blocked: there is no candidate."""
    usage = {"promptTokenCount": 12, "totalTokenCount": 12}
    return Answer(
        {"promptFeedback": {"blockReason": reason}, "usageMetadata": usage, "modelVersion": "gemini-test-001"}
    )


def error_answer(status: int, kind: str, words: str, *, details: list[Body] | None = None) -> Answer:
    """An error as Google words it."""
    error: Body = {"code": status, "message": words, "status": kind}
    return Answer({"error": error | ({"details": details} if details else {})}, status=status)


def rate_limited(seconds: int) -> Answer:
    """A 429 that says in its body how long to wait."""
    wait = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"}]
    words = f"You exceeded your current quota, please check your plan and billing details. Please retry in {seconds}s."
    return error_answer(429, "RESOURCE_EXHAUSTED", words, details=wait)


def _logprobs(text: str) -> Body:
    """Each word of a text as a token, sure by 90 %."""
    chosen = [{"token": token, "tokenId": 1, "logProbability": -0.105} for token in re.findall(r"\w+|\W", text)]
    tops = [{"candidates": [token, {"token": "other", "tokenId": 2, "logProbability": -2.5}]} for token in chosen]
    return {"logprobsResult": {"chosenCandidates": chosen, "topCandidates": tops}}


def _text_of(content: Body) -> str:
    return "".join(str(part.get("text", "")) for part in content.get("parts", []))


def _prompt(body: Body) -> str:
    return next(_text_of(content) for content in body["contents"] if content["role"] == "user")
