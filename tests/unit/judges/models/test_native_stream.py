"""Streams that nobody asked for, in the providers' own protocols."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.models.anthropic_answer import read_message
from assay.judges.models.base import Reply
from assay.judges.models.gemini_answer import read_candidate
from assay.judges.models.native_stream import is_native_stream, merged_native

VERDICT = '{"kind":"answer","sentences":[{"supported":1,"evidence":[1],"p":97}]}'


def message_events(pieces: list[str], *, kind: str = "text", ends: bool = True) -> list[dict[str, Any]]:
    """The events of a message as documented."""
    block = {"type": "text", "text": ""} if kind == "text" else {"type": "tool_use", "name": "verdict", "input": {}}
    name, field = ("text_delta", "text") if kind == "text" else ("input_json_delta", "partial_json")
    thought = {"type": "thinking_delta", "thinking": VERDICT}
    start: dict[str, Any] = {
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    }
    end = {"stop_reason": "end_turn" if kind == "text" else "tool_use"}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": thought},
        {"type": "content_block_start", "index": 1, "content_block": block},
        *({"type": "content_block_delta", "index": 1, "delta": {"type": name, field: piece}} for piece in pieces),
        {"type": "content_block_stop", "index": 1},
        *([{"type": "message_delta", "delta": end, "usage": {"output_tokens": 7}}] if ends else []),
        {"type": "message_stop"},
    ]


def response_chunks(pieces: list[str], *, ends: bool = True) -> list[dict[str, Any]]:
    """The chunks of a response as documented."""
    texts = [{"text": VERDICT, "thought": True}, *({"text": piece} for piece in pieces)]
    chunks: list[dict[str, Any]] = [{"candidates": [{"content": {"role": "model", "parts": [text]}}]} for text in texts]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 7, "totalTokenCount": 16}
    if ends:
        chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    chunks[-1] |= {"usageMetadata": usage, "modelVersion": "gemini-x"}
    return chunks


def read(pieces: list[dict[str, Any]]) -> Reply | None:
    assert is_native_stream(pieces)
    merged = merged_native(pieces)
    if merged is None:
        return None
    reader = read_candidate if "candidates" in merged else read_message
    return reader(merged, asked_model="m", latency_s=0.0)


@pytest.mark.parametrize("cuts", [(), (1,), (5, 6, 40)])
def test_the_pieces_make_up_the_text_without_the_thoughts(cuts: tuple[int, ...]) -> None:
    ends = (*cuts, len(VERDICT))
    pieces = [VERDICT[start:end] for start, end in zip((0, *cuts), ends, strict=True)]
    for stream in (message_events(pieces), message_events(pieces, kind="tool"), response_chunks(pieces)):
        reply = read(stream)
        assert reply is not None
        assert json.loads(reply.text) == json.loads(VERDICT)
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 7)
        assert reply.model_served in ("claude-x", "gemini-x")


def test_a_stream_that_breaks_off_is_no_answer_however_whole_its_text_is() -> None:
    assert read(message_events([VERDICT], ends=False)) is None
    assert read(response_chunks([VERDICT], ends=False)) is None


def test_the_last_piece_alone_is_never_the_reply() -> None:
    reply = read(response_chunks(["{}", VERDICT]))
    assert reply is not None
    assert reply.text == "{}" + VERDICT


def test_a_list_of_chunks_is_read_like_a_stream() -> None:
    assert read_candidate(response_chunks([VERDICT]), asked_model="m", latency_s=0.0).text == VERDICT


@given(st.data())
def test_no_odd_event_raises(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([message_events([VERDICT]), response_chunks([VERDICT])]))
    leaves = st.none() | st.integers() | st.text(max_size=5)
    odd = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner))
    place = data.draw(st.integers(0, len(whole) - 1))
    field = data.draw(st.sampled_from(sorted(whole[place])))
    pieces = [*whole[:place], whole[place] | {field: data.draw(odd)}, *whole[place + 1 :]]
    merged_native(pieces)
