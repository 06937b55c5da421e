"""The events of a stream in Anthropic's or Google's own protocol, put together to the one answer they make up.

Nobody asks for a stream, but some gateways send one. A stream that breaks off before it says why it ended is no answer.
Sources: platform.claude.com/docs/en/build-with-claude/streaming, ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.models.answer_fields import object_of, objects_of, text_of

_BLOCK_TEXTS = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}
"""Where each kind of piece has its text, e.g. `partial_json` of an `input_json_delta`."""


def is_native_stream(pieces: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are pieces of one of the two protocols."""
    return any("candidates" in piece or piece.get("type") == "message_start" for piece in pieces)


def merged_native(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The answer that the pieces make up. None where it broke off."""
    if any("candidates" in piece for piece in pieces):
        return _merged_candidates(pieces)
    return _merged_message(pieces)


def _merged_candidates(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """One response: the parts of all first candidates, and of all else what was said last."""
    candidate: dict[str, Any] = {}
    parts: list[Any] = []
    answer: dict[str, Any] = {}
    for piece in pieces:
        answer |= piece
        for first in objects_of(piece.get("candidates"))[:1]:
            content = object_of(first.get("content")).get("parts")
            parts += content if isinstance(content, list) else []
            candidate |= {name: value for name, value in first.items() if value and name != "logprobsResult"}
    if not candidate.get("finishReason"):
        return None
    return answer | {"candidates": [candidate | {"content": {"role": "model", "parts": parts}}]}


def _merged_message(events: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """One message: its beginning, the blocks in their order, and what the end says of reason and usage."""
    message: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("type") == "message_start":
            message |= object_of(event.get("message"))
            usage |= object_of(message.get("usage"))
        elif event.get("type") == "message_delta":
            message |= object_of(event.get("delta"))
            usage |= object_of(event.get("usage"))
        elif isinstance(event.get("index"), int):
            _add(event, blocks.setdefault(event["index"], {}))
    if not message.get("stop_reason"):
        return None
    return message | {"content": [blocks[index] for index in sorted(blocks)], "usage": usage}


def _add(event: Mapping[str, Any], block: dict[str, Any]) -> None:
    """Add a piece to its block. The input of a tool stays text: the reader of the reply parses it strictly."""
    if event.get("type") == "content_block_start":
        block |= object_of(event.get("content_block"))
        if block.get("type") == "tool_use":
            block["input"] = ""
    delta = object_of(event.get("delta"))
    field = _BLOCK_TEXTS.get(text_of(delta.get("type")))
    if field is not None:
        name = "input" if field == "partial_json" else field
        block[name] = text_of(block.get(name)) + text_of(delta.get(field))
