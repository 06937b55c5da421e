"""The same fixed answers in Anthropic's and in Gemini's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Body = dict[str, Any]


def anthropic_messages(body: Body) -> list[Body]:
    """The messages of a request to Anthropic, as OpenAI words them; tools' results have a role of their own."""
    messages: list[Body] = [{"role": "system", "content": _texts([body.get("system") or ""])}]
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else [message["content"]]
        results = [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_result"]
        messages += [{"role": "tool", "content": _texts([part.get("content")])} for part in results]
        if not results:
            messages.append({"role": message["role"], "content": _texts(parts)})
    return messages


def anthropic_tools(body: Body) -> list[Body]:
    return [{"function": {**tool, "parameters": tool["input_schema"]}} for tool in body.get("tools") or []]


def anthropic_reply(message: Body, body: Body) -> Body:
    """An answer of Anthropic's messages API."""
    calls = message.get("tool_calls") or []
    blocks: list[Body] = [{"type": "text", "text": message["content"]}] if message.get("content") else []
    for call in calls:
        function = call["function"]
        arguments = json.loads(function["arguments"])
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": function["name"], "input": arguments})
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 120, "output_tokens": 20},
    }


def gemini_messages(body: Body) -> list[Body]:
    """The contents of a request to Gemini, as OpenAI words them."""
    messages: list[Body] = [{"role": "system", "content": _texts([body.get("systemInstruction")])}]
    for content in body["contents"]:
        results = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        messages += [{"role": "tool", "content": json.dumps(result["response"])} for result in results]
        if not results:
            messages.append({"role": content.get("role", "user"), "content": _texts(content["parts"])})
    return messages


def gemini_tools(body: Body) -> list[Body]:
    functions = [function for tool in body.get("tools") or [] for function in tool.get("functionDeclarations", [])]
    return [{"function": function} for function in functions]


def gemini_reply(message: Body) -> Body:
    """An answer of Gemini's generateContent."""
    parts: list[Body] = [{"text": message["content"]}] if message.get("content") else []
    for call in message.get("tool_calls") or []:
        arguments = json.loads(call["function"]["arguments"])
        parts.append({"functionCall": {"name": call["function"]["name"], "args": arguments}})
    counts = {"promptTokenCount": 120, "candidatesTokenCount": 20, "totalTokenCount": 140}
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-2.5-flash"}


def _texts(parts: Iterable[Any]) -> str:
    """All text in some parts, documents included."""
    texts = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, list):
            texts.append(_texts(part))
        elif isinstance(part, dict):
            inner = part.get("source") or part
            texts.append(_texts([inner.get("text") or inner.get("data") or inner.get("parts") or inner.get("content")]))
    return " ".join(text for text in texts if text)
