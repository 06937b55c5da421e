"""Answers that were recorded piece by piece, as they were streamed.

A chunk is an event of a stream that carries a piece of text, or none: OpenAI (chat, completions, Responses), Anthropic,
Gemini, Bedrock, Cohere, Ollama, Vercel AI, LangChain, Dify, LlamaIndex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from assay.worker.extraction.fields import plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import plain
from assay.worker.extraction.parts import read_content

Fields = Mapping[str, JsonValue]

_SILENT = {
    *("contentblockstart", "contentblockstop", "messagestart", "messagestop", "messagedelta", "ping"),  # Anthropic
    *("stepstart", "stepfinish", "startstep", "finishstep", "start", "finish", "textstart", "textend"),  # Vercel AI
    *("reasoningstart", "reasoningdelta", "reasoningend", "reasoning", "toolinputstart", "toolinputdelta"),
    *("toolinputavailable", "tooloutputavailable", "toolcall", "toolresult", "toolcallstreamingstart", "sourceurl"),
    *("streamstart", "streamend", "contentstart", "contentend", "toolplandelta", "toolcallstart", "toolcalldelta"),
    *("toolcallend", "citationstart", "citationend", "messageend", "searchresults", "citationgeneration"),  # Cohere
    *("workflowstarted", "nodestarted", "nodefinished", "workflowfinished", "messagefile", "agentthought"),  # Dify
}
"""Kinds of events that carry no text of the answer."""
_TEXT_EVENTS = {
    "textdelta",
    "contentdelta",
    "textgeneration",
    "contentblockdelta",
    "responseoutputtextdelta",
    "message",
}
_TEXT_EVENTS |= {"textchunk", "agentmessage", "token", "messagechunk"}
"""Kinds of events that do."""
_DELTA_KEYS = ("delta", "textdelta", "text", "answer", "content", "token", "chunk")


def streamed(values: Sequence[JsonValue]) -> str | None:
    """The text of a stream's chunks put together; None where a value is no chunk."""
    if not values or piece_of(values[0]) is None:
        return None
    pieces: list[str] = []
    unknown = 0
    for value in values:
        whole = _completed(value)
        if whole is not None:
            return whole
        piece = piece_of(decoded(value))
        unknown += piece is None
        if unknown > len(values) // 2 or (piece is None and not isinstance(value, dict)):
            return None
        if piece is None and isinstance(value, dict) and "role" in value:
            return None  # a message among parts of messages
        pieces.append(piece or "")
    return "".join(pieces)


def piece_of(value: JsonValue) -> str | None:
    """The piece of text in an event of a stream; empty for an event without text, None for anything else."""
    if isinstance(value, list) and len(value) == 2:
        value = value[0]  # LangGraph streams a chunk beside where it came from
    if not isinstance(value, dict) or "role" in value:
        return None
    fields = plainly(value)
    kind = plain(str(fields.get("type", fields.get("eventtype", fields.get("event", "")))))
    if kind in _SILENT or (kind.startswith("response") and kind != "responseoutputtextdelta"):
        return ""
    if kind in _TEXT_EVENTS and not isinstance(fields.get("content"), list):
        return _of_event(fields)
    if isinstance(fields.get("delta"), str) and fields.keys() <= {"delta", "index", "id", "raw", "text"}:
        return str(fields["delta"])  # LlamaIndex
    for read in (_choice, _candidate, _bedrock, _ollama, _langchain):
        piece = read(fields, kind)
        if piece is not None:
            return piece
    return None


def _completed(value: JsonValue) -> str | None:
    """The whole answer in the last event of OpenAI Responses."""
    if not isinstance(value, dict) or value.get("type") != "response.output_text.done":
        return None
    text = value.get("text")
    return text if isinstance(text, str) else None


def _of_event(fields: Fields) -> str | None:
    for key in _DELTA_KEYS:
        inner = fields.get(key)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict):
            return _of_delta(plainly(inner))
    return None


def _of_delta(delta: Fields) -> str:
    """Anthropic's `{type: text_delta, text}`, Cohere's `{message: {content: {text}}}`."""
    for key in ("message", "content"):
        inner = delta.get(key)
        if isinstance(inner, dict):
            return _of_delta(plainly(inner))
    if plain(str(delta.get("type", ""))) in {"thinkingdelta", "signaturedelta", "inputjsondelta", "citationsdelta"}:
        return ""
    text = delta.get("text", delta.get("content"))
    return text if isinstance(text, str) else ""


def _choice(fields: Fields, _: str) -> str | None:
    """OpenAI: `{choices: [{delta: {content}}]}`, and for completions `{choices: [{text}]}`."""
    choices = fields.get("choices")
    if not isinstance(choices, list):
        return None
    if not choices:
        return "" if "usage" in fields or plain(str(fields.get("object", ""))).endswith("chunk") else None
    choice = plainly(choices[0]) if isinstance(choices[0], dict) else {}
    delta = choice.get("delta")
    if isinstance(delta, dict):
        return "".join(read_content(delta.get("content")).texts)
    text = choice.get("text")
    return text if isinstance(text, str) and "message" not in choice else None


def _candidate(fields: Fields, _: str) -> str | None:
    """Gemini: each chunk is a whole answer's shape."""
    candidates = fields.get("candidates")
    if not isinstance(candidates, list) or not candidates or not isinstance(candidates[0], dict):
        return "" if "usagemetadata" in fields and not candidates else None
    content = candidates[0].get("content")
    return "".join(read_content(content).texts) if isinstance(content, dict) else ""


def _bedrock(fields: Fields, _: str) -> str | None:
    """Bedrock: `{contentBlockDelta: {delta: {text}}}`."""
    event = fields.get("contentblockdelta")
    if isinstance(event, dict):
        delta = event.get("delta")
        return _of_delta(plainly(delta)) if isinstance(delta, dict) else ""
    names = ("messagestart", "contentblockstart", "contentblockstop", "messagestop")
    return "" if any(name in fields for name in names) else None


def _ollama(fields: Fields, _: str) -> str | None:
    """Ollama: `{message: {content}, done}` or `{response, done}`."""
    if not isinstance(fields.get("done"), bool):
        return None
    message = fields.get("message")
    text = plainly(message).get("content") if isinstance(message, dict) else fields.get("response")
    return text if isinstance(text, str) else ""


def _langchain(fields: Fields, kind: str) -> str | None:
    """LangChain's chunks of messages, plain or serialised."""
    path = fields.get("id")
    is_serialised = isinstance(path, list) and bool(path) and path[-1] == "AIMessageChunk"
    if kind != "aimessagechunk" and not is_serialised and fields.get("reprof") != "AIMessageChunk":
        return None
    body = fields.get("kwargs", fields.get("data")) if is_serialised else fields
    return "".join(read_content(plainly(body).get("content")).texts) if isinstance(body, dict) else ""
