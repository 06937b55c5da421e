"""A stream of events that answers a plain request: its pieces put together to the one completion they make up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.native_stream import is_native_stream, merged_native

_STREAM = re.compile(r"(?:data|event|id|retry):")
"""How a stream of events begins, comments aside: `data:`."""

_MOST_EVENTS = 50_000
"""Events of one stream. A token is one, and so many take about 400 ms, a few microseconds at a time."""

_JOINED = ("content", "refusal", "reasoning_content", "reasoning", "thinking")
"""The fields of a piece that are text to be joined."""


def is_event_stream(text: str) -> bool:
    """Whether a text is a stream of events: its first line names a field of one."""
    return _STREAM.match(text) is not None


def merged_events(events: Iterable[str]) -> Any | None:
    """The completion that events make up, or the one event where it is no piece of one.

    None where there are none, where one is no JSON object, where the stream broke off before it said that it ends, or
    where nothing tells how the events belong together.

    Raises:
        AnswerError: one of them reports an error. What came before it is no whole answer.
    """
    pieces: list[Mapping[str, Any]] = []
    has_ended = False
    for data in events:
        has_ended = data.strip() == "[DONE]"
        if has_ended:
            break
        piece = _piece(data)
        if piece is None or len(pieces) >= _MOST_EVENTS:
            return None
        pieces.append(piece)
    if is_native_stream(pieces):
        return merged_native(pieces)
    if any(_first_choice(piece).get("delta") is not None for piece in pieces):
        completion = _completion(pieces)
        return completion if has_ended or completion["choices"][0]["finish_reason"] else None
    return dict(pieces[0]) if len(pieces) == 1 else None


def _piece(data: str) -> Mapping[str, Any] | None:
    """The object an event holds, None where it holds none."""
    try:
        piece = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if isinstance(piece, dict) and piece.get("error"):
        raise AnswerError(piece)
    return piece if isinstance(piece, dict) else None


def events_of(text: str) -> Iterator[str]:
    """The data of each event: its `data` lines joined. Comments and other fields are left out."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line.strip() and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _completion(pieces: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The chat completion that pieces make up. Only the first choice is asked for, so only it is kept."""
    completion: dict[str, Any] = {"object": "chat.completion"}
    message: dict[str, Any] = {"role": "assistant", "content": None}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": None}
    texts: dict[str, list[str]] = {}
    calls = _Calls()
    tokens: list[Any] = []
    for piece in pieces:
        completion |= {key: value for key, value in piece.items() if value and key not in ("choices", "object")}
        part = _first_choice(piece)
        choice |= {key: value for key, value in part.items() if value and key not in ("delta", "message", "logprobs")}
        tokens += _logprobs_of(part)
        delta = part.get("delta") if part.get("delta") is not None else part.get("message")
        if isinstance(delta, dict):
            _gather(delta, texts)
            calls.add(delta)
    message |= {field: "".join(parts) for field, parts in texts.items()} | calls.merged()
    if tokens:
        choice["logprobs"] = {"content": tokens}
    return completion | {"choices": [choice]}


def _first_choice(piece: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a piece, empty where it has none: a piece may hold nothing but the usage."""
    choices = piece.get("choices")
    mappings = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    return next((choice for choice in mappings if choice.get("index", 0) in (0, None)), {})


def _gather(delta: Mapping[str, Any], texts: dict[str, list[str]]) -> None:
    """Add the texts of one piece. Content in parts is text, too."""
    for field in _JOINED:
        value = delta.get(field)
        if isinstance(value, list):
            value = "".join(_part_text(part) for part in value)
        if isinstance(value, str):
            texts.setdefault(field, []).append(value)


def _part_text(part: object) -> str:
    """The text of one part of a content, empty where the part holds none."""
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else None
    return text if isinstance(text, str) else ""


def _logprobs_of(part: Mapping[str, Any]) -> list[Any]:
    """The tokens of a piece with their probabilities, none where it names none."""
    logprobs = part.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return content if isinstance(content, list) else []


class _Calls:
    """The function calls of a stream. A piece names the call it continues by its index."""

    def __init__(self) -> None:
        self._functions: dict[Any, dict[str, list[str]]] = {}

    def add(self, delta: Mapping[str, Any]) -> None:
        """Add what one piece holds of calls, those of the older form among them."""
        calls = delta.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, dict):
                index = call.get("index", place)
                self._add(index if isinstance(index, int | str) else place, call.get("function"))
        self._add(None, delta.get("function_call"))

    def merged(self) -> dict[str, Any]:
        """The fields of the message that the calls make up."""
        functions = {
            index: {name: "".join(parts) for name, parts in pieces.items()} for index, pieces in self._functions.items()
        }
        older = functions.pop(None, None)
        calls = [{"type": "function", "function": function} for function in functions.values()]
        return ({"tool_calls": calls} if calls else {}) | ({"function_call": older} if older else {})

    def _add(self, index: object, function: object) -> None:
        if not isinstance(function, dict):
            return
        pieces = self._functions.setdefault(index, {})
        for name in ("name", "arguments"):
            value = function.get(name)
            value = json.dumps(value) if isinstance(value, dict) else value
            if isinstance(value, str):
                pieces.setdefault(name, []).append(value)
