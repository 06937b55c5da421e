"""From a trace to the sample a judge may see, along the paths its rubric names.

A missing part is missing: an absent question stays empty, absent evidence gives no contexts. Nothing is invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import JsonValue

from judges.errors import UnjudgeableSample
from judges.rubric import SamplePaths
from judges.schema import Sample, Turn
from worker.schema import Trace

_TEXT_KEYS = ("text", "content", "page_content", "answer", "response", "output", "question", "query", "input")
_REASONING = ("reasoning", "thinking", "redacted_thinking")
"""Types of message parts that hold a model's reasoning."""

ROLES: dict[str, Literal["system", "user", "assistant", "tool"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "agent": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Roles as frameworks call them, in our words."""


def build_sample(trace: Trace, paths: SamplePaths) -> Sample:
    """Extract question, history, contexts and response.

    Raises:
        UnjudgeableSample: the trace has no response (`no_response`).
    """
    response = _first_text(trace, paths.response, role="assistant")
    if response is None:
        raise UnjudgeableSample("no_response", f"nothing at {', '.join(paths.response)}")
    question = _first_text(trace, paths.question, role="user") or ""
    return Sample(
        id=trace.id,
        question=question,
        history=_history(trace, paths.history, question),
        contexts=tuple(_contexts(trace, paths.contexts)),
        response=response,
        metadata={"trace_name": trace.root.name, "environment": trace.root.environment},
    )


def values_at(trace: Trace, path: str) -> list[JsonValue]:
    """Everything a path leads to: one value for `root.…`, one per observation for `TYPE.…`."""
    head, _, rest = path.partition(".")
    if head == "root":
        content: JsonValue = {"input": trace.input, "output": trace.output, "metadata": trace.root.metadata}
        return _follow([content], rest)
    steps = sorted((o for o in trace.observations if o.type.lower() == head.lower()), key=lambda o: o.start)
    return _follow([{"input": o.input, "output": o.output, "metadata": o.metadata} for o in steps], rest)


def _follow(values: Sequence[JsonValue], path: str) -> list[JsonValue]:
    current = list(values)
    for key in filter(None, path.split(".")):
        current = [value[key] for value in current if isinstance(value, dict) and value.get(key) is not None]
    return [value for value in current if value not in (None, "", [], {})]


def _first_text(trace: Trace, paths: Sequence[str], *, role: str) -> str | None:
    for path in paths:
        for value in values_at(trace, path):
            text = _text(value, role=role)
            if text is not None:
                return text
    return None


def _text(value: JsonValue, *, role: str) -> str | None:
    """The text of a value: itself, a known key, or the last message of the wanted role."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        messages = [m for m in value if isinstance(m, dict) and ROLES.get(str(m.get("role", "")).lower()) == role]
        return _text(messages[-1].get("content"), role=role) if messages else _joined(value)
    if isinstance(value, dict):
        if isinstance(value.get("messages"), list):
            return _text(value["messages"], role=role)
        known = next((value[key] for key in _TEXT_KEYS if value.get(key)), None)
        return _text(known, role=role) if known is not None else json.dumps(value, ensure_ascii=False)
    return None if value is None else json.dumps(value)


def _joined(parts: Sequence[JsonValue]) -> str | None:
    """Text parts of one message, as multimodal APIs send them; what a model thought before it answered is no answer."""
    said = [part for part in parts if isinstance(part, dict) and part.get("type") not in _REASONING]
    texts = [part["text"] for part in said if isinstance(part.get("text"), str)]
    texts += [part for part in parts if isinstance(part, str)]
    return "\n".join(str(text) for text in texts) if texts else None


def _contexts(trace: Trace, paths: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        for value in values_at(trace, path):
            for passage in _passages(value):
                if passage.strip() and passage not in seen:
                    seen.add(passage)
                    yield passage


def _passages(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _passages(item)
    elif isinstance(value, dict):
        inner = next((value[key] for key in ("documents", "results", "contexts", "chunks") if value.get(key)), None)
        inner = inner if inner is not None else next((value[key] for key in _TEXT_KEYS if value.get(key)), None)
        if inner is not None:
            yield from _passages(inner)
        elif value:
            yield json.dumps(value, ensure_ascii=False)
    elif value is not None:
        yield json.dumps(value)


def _history(trace: Trace, paths: Sequence[str], question: str) -> tuple[Turn, ...]:
    for path in paths:
        for value in values_at(trace, path):
            turns = [turn for turn in map(_turn, value if isinstance(value, list) else []) if turn is not None]
            if turns and turns[-1].role == "user" and turns[-1].content == question:
                turns = turns[:-1]
            if turns:
                return tuple(turns)
    return ()


def _turn(message: JsonValue) -> Turn | None:
    if not isinstance(message, dict):
        return None
    role = ROLES.get(str(message.get("role", "")).lower())
    content = _text(message.get("content"), role="")
    return Turn(role=role, content=content) if role and content else None
