"""A server of Anthropic's Messages API, as documented: it refuses what the API refuses, in its words.

Sources: platform.claude.com/docs/en/api/messages and /api/errors, /build-with-claude/structured-outputs,
/build-with-claude/prompt-caching and /build-with-claude/handling-stop-reasons; the types of anthropic-sdk-python;
messages of errors from laravel/ai#715, can1357/oh-my-pi#12939 and anthropics/claude-code#58367.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.servers.native_server import TOOL, NativeServer, keywords_beyond, verdict_on
from tests.servers.openai_server import Answer, Body, Request, Step

_REQUIRED = ("model", "max_tokens", "messages")
_KNOWN = frozenset(
    {
        *_REQUIRED,
        *("system", "temperature", "top_p", "top_k", "stop_sequences", "stream", "tools", "tool_choice", "thinking"),
        *("output_config", "metadata", "service_tier", "cache_control", "container", "inference_geo"),
    }
)
_SCHEMA_KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "description"}
)
_WORDINGS = {
    "output_config": "output_config.format: Structured outputs is not supported for this model.",
    "named_tool": 'tool_choice: type "tool" and "any" are not supported for this model.',
    "tools": "Tool use is not supported for this model.",
    "temperature": "`temperature` is deprecated for this model.",
}
"""How models refuse what they lack, e.g. `temperature` is deprecated for this model."""


class AnthropicServer(NativeServer):
    """The server; enter it to start it on a free loopback port.

    `thinks`: answers begin with a block of thinking. `least_cached`: characters of a prefix that can be cached.
    """

    thinks = False
    least_cached = 1

    def refused(self, request: Request) -> Answer | None:
        """See `NativeServer`."""
        if request.path != "/v1/messages":
            return error_answer(404, "not_found_error", "Not found")
        if "anthropic-version" not in request.headers:
            return error_answer(400, "invalid_request_error", "anthropic-version: header is required")
        key = request.headers.get("x-api-key")
        if key is None or self.key not in (None, key):
            return error_answer(401, "authentication_error", "invalid x-api-key")
        complaint = next(_complaints(request.body), None) or self._lacking(request.body)
        return error_answer(400, "invalid_request_error", complaint) if complaint else None

    def judged(self, body: Body) -> Answer:
        """The verdict as text, or as the call of the tool that was asked for."""
        text = verdict_on(_system(body), _prompt(body))
        blocks: list[Body] = [{"type": "thinking", "thinking": "{hm}", "signature": "x"}] if self.thinks else []
        if "tool_choice" in body:
            blocks.append({"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": json.loads(text)})
        else:
            blocks.append({"type": "text", "text": text})
        reason = "tool_use" if "tool_choice" in body else "end_turn"
        return Answer(message(blocks, body, stop_reason=reason, cache=self._cached(body)))

    def _cached(self, body: Body) -> tuple[int, int]:
        """Tokens read from the cache and written to it: the prefix that ends in a mark, if it is long enough."""
        blocks = body.get("system")
        is_marked = isinstance(blocks, list) and bool(blocks) and "cache_control" in blocks[-1]
        if not is_marked or len(_system(body)) < self.least_cached:
            return 0, 0
        prefix = json.dumps([body["model"], body.get("tools"), body.get("output_config"), blocks])
        with self._lock:
            earlier = [json.dumps([r.body.get(k) for k in _PREFIX]) for r in self.requests[:-1]]
        tokens = len(_system(body)) // 4
        return (tokens, 0) if prefix in earlier else (0, tokens)

    def _lacking(self, body: Body) -> str | None:
        is_forced = body.get("tool_choice", {}).get("type") in ("tool", "any")
        used = {*body, *(["named_tool"] if is_forced else [])}
        return next((words for name, words in _WORDINGS.items() if name in self.lacks and name in used), None)


_PREFIX = ("model", "tools", "output_config", "system")


def _complaints(body: Body) -> Iterator[str]:
    """What the API holds against a request."""
    yield from (f"{name}: Extra inputs are not permitted" for name in body if name not in _KNOWN)
    yield from (f"{name}: Field required" for name in _REQUIRED if name not in body)
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        yield "max_tokens: Input should be greater than or equal to 1"
    if not 0 <= body.get("temperature", 1) <= 1:
        yield "temperature: range: 0..1"
    yield from _about_turns(body["messages"])
    yield from _about_system(body.get("system", []))
    yield from _about_schemas(body)


def _about_turns(messages: list[Body]) -> Iterator[str]:
    for place, turn in enumerate(messages):
        if turn["role"] not in ("user", "assistant"):
            yield f'messages: Unexpected role "{turn["role"]}". The Messages API accepts a top-level `system` parameter'
        if not str(turn["content"]).strip():
            yield f"messages.{place}: text content blocks must be non-empty"
    if not messages or messages[0]["role"] != "user":
        yield "messages: first message must use the user role"
    elif messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."


def _about_system(system: Any) -> Iterator[str]:
    for place, block in enumerate(system if isinstance(system, list) else []):
        if block.get("type") != "text" or not block.get("text", "").strip():
            yield f"system.{place}: text content blocks must be non-empty"
        if set(block) - {"type", "text", "cache_control", "citations"}:
            yield f"system.{place}: Extra inputs are not permitted"
        if block.get("cache_control", {"type": "ephemeral"}) != {"type": "ephemeral"}:
            yield f"system.{place}.cache_control: Input tag does not match any of the expected tags: 'ephemeral'"


def _about_schemas(body: Body) -> Iterator[str]:
    wanted = body.get("output_config", {}).get("format")
    if wanted is not None:
        if set(wanted) != {"type", "schema"} or wanted["type"] != "json_schema":
            yield "output_config.format: Extra inputs are not permitted"
        yield from (
            f"output_config.format.schema: For '{kind}' type, property '{keyword}' is not supported"
            for kind, _, keyword in (beyond.partition(".") for beyond in _unsupported(wanted.get("schema", {})))
        )
        if _is_open(wanted["schema"]):
            yield "output_config.format.schema: For 'object' type, 'additionalProperties' must be set to false"
    for tool in body.get("tools", []):
        if tool.get("input_schema", {}).get("type") != "object":
            yield "tools.0.custom.input_schema.type: Field required"
    choice = body.get("tool_choice", {})
    if choice.get("type") == "tool" and choice["name"] not in [tool["name"] for tool in body.get("tools", [])]:
        yield "tool_choice: Tool not found in provided tools"


def _is_open(schema: Body) -> bool:
    """Whether any object in a schema is not closed."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema["items"]] if "items" in schema else []
    is_object = schema.get("type") == "object"
    return (is_object and schema.get("additionalProperties") is not False) or any(map(_is_open, inner))


def _unsupported(schema: Body) -> list[str]:
    return keywords_beyond(schema, _SCHEMA_KEYWORDS)


def message(
    blocks: list[Body], request: Body, *, stop_reason: str = "end_turn", cache: tuple[int, int] = (0, 0), **more: Any
) -> Body:
    """A message object. A token is counted as four characters."""
    read, written = cache
    prompt = (len(_system(request)) + sum(len(str(turn["content"])) for turn in request["messages"])) // 4
    return {
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": f"{request['model']}-20260101",
        "content": blocks,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": prompt - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "output_tokens": len(json.dumps(blocks)) // 4,
            "service_tier": "standard",
        },
        **more,
    }


def says(text: str, *, stop_reason: str = "end_turn", **more: Any) -> Step:
    """A message with this text."""
    blocks = [{"type": "text", "text": text}] if text else []
    return lambda request: Answer(message(blocks, request, stop_reason=stop_reason, **more))


def refuses() -> Step:
    """The model's safety classifiers stop the reply."""
    details = {"type": "refusal", "category": "bio", "explanation": "no"}
    return says("I will", stop_reason="refusal", stop_details=details)


def error_answer(status: int, kind: str, words: str, headers: dict[str, str] | None = None) -> Answer:
    """An error as Anthropic words it."""
    error = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_test"}
    return Answer(error, status=status, headers=headers or {})


def _system(body: Body) -> str:
    system = body.get("system", "")
    return system if isinstance(system, str) else "\n\n".join(str(block["text"]) for block in system)


def _prompt(body: Body) -> str:
    return next(str(turn["content"]) for turn in body["messages"] if turn["role"] == "user")
