"""The parts of a message's content: text, thoughts, calls of tools, what tools answered, documents, pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import JsonValue

from assay.worker.extraction.failures import is_failure
from assay.worker.extraction.fields import EMPTY, first, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import (
    CALL_PARTS,
    DOCUMENT_PARTS,
    ERROR_STATES,
    RESULT_PARTS,
    TEXT_PARTS,
    THOUGHT_PARTS,
    plain,
)

_PART_KEYS = {"text", "type", "annotations", "citations", "id", "index", "cachecontrol", "recipientid", "logprobs"}
_PART_KEYS |= {"providermetadata", "state"}
"""Keys of a part of a message, and of no retrieved passage."""
_KINDS = ("type", "partkind", "blocktype", "contenttype", "kind", "reprof")
_ANSWERED = ("result", "output", "content", "response", "outcome", "value", "text")
_SERVER_CALLS = {"servertooluse", "mcptooluse"}
"""Calls that the endpoint answers itself, in the same message. Anthropic."""
_DEPTH = 8
_SENTENCE_END = re.compile(r"[.!?:;。！？…।][\"'”’»)\]*_`]*\Z|\n\Z")
"""The end of a sentence, with what closes after it: `30 days.")`."""
_WORDS = re.compile(r"\S+\s+\S+\s+\S+")
_CONTINUES = re.compile(r"[,.;:!?)\]}%'’”»。，、；：！？）]|[a-z]")
"""How a text begins that goes on with a sentence: `, not 30`."""


@dataclass
class Result:
    """What a tool answered."""

    value: JsonValue
    has_failed: bool = False


@dataclass
class Content:
    """A message's content by kinds of parts."""

    texts: list[str] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    is_call: bool = False
    results: list[Result] = field(default_factory=list)
    documents: list[JsonValue] = field(default_factory=list)


def read_content(content: JsonValue) -> Content:
    """Sort a message's content into kinds."""
    read = Content()
    _read(content, read, _DEPTH)
    read.texts = read.texts or read.preamble
    return read


def joined(texts: Sequence[str]) -> str:
    """Pieces of a text put together: where a piece goes on with a sentence nothing comes between."""
    if not texts:
        return ""
    pieces = [texts[0]]
    for left, right in pairwise(texts):
        pieces += [_between(left, right), right]
    return "".join(pieces)


def _between(left: str, right: str) -> str:
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return ""
    if _CONTINUES.match(right) and not (right[0].isalpha() and _SENTENCE_END.search(left[-20:])):
        return ""
    if _SENTENCE_END.search(left[-20:]) or (_WORDS.search(left[:400]) and _WORDS.search(right[:400])):
        return "\n"
    return ""


def _read(content: JsonValue, read: Content, depth: int) -> None:
    if isinstance(content, str):
        read.texts.append(content)
    elif isinstance(content, list) and depth > 0:
        for part in content:
            _read(part, read, depth - 1)
    elif isinstance(content, dict) and depth > 0:
        _read_part(content, read, depth)
    elif isinstance(content, bool | int | float):
        read.texts.append(json.dumps(content))


def _read_part(part: Mapping[str, JsonValue], read: Content, depth: int) -> None:
    fields = plainly(part)
    kind = next((plain(str(fields[name])) for name in _KINDS if isinstance(fields.get(name), str)), "")
    if kind in THOUGHT_PARTS or fields.get("thought") is True or "reasoningcontent" in fields:
        return
    if kind in RESULT_PARTS or (kind.startswith("tool") and "state" in fields):
        _read_result(fields, read, kind)
    elif kind in _SERVER_CALLS:
        read.preamble, read.texts = [*read.preamble, *read.texts], []
    elif kind in CALL_PARTS:
        _read_call(fields, read)
    elif kind in DOCUMENT_PARTS:
        read.documents.append(_document(fields))
    else:
        _read_other(part, fields, read, depth, kind)


def _read_other(
    part: Mapping[str, JsonValue], fields: Mapping[str, JsonValue], read: Content, depth: int, kind: str
) -> None:
    """A part that names no kind of its own: text, or one that a key tells: `toolUse`, `functionResponse`."""
    for name in ("functionresponse", "toolresult", "toolcallresult"):
        if fields.get(name) not in EMPTY:
            inner = fields[name]
            _read_result(plainly(inner) if isinstance(inner, dict) else {"result": inner}, read, name)
            return
    if any(fields.get(name) not in EMPTY for name in ("functioncall", "tooluse", "toolcall")):
        read.is_call = True
        return
    if fields.get("document") not in EMPTY and kind == "":
        read.documents.append(fields["document"])
        return
    text = first(fields, ("text", "content", "value", "refusal", "transcript")) if _is_text(kind, fields) else None
    if isinstance(text, str):
        read.texts.append(text)
        read.documents += _cited(fields)
    elif isinstance(text, list | dict):
        _read(text, read, depth - 1)
    elif "parts" in fields:
        _read(fields["parts"], read, depth - 1)
    elif kind == "" and part and not fields.keys() & {"inlinedata", "filedata", "image", "imageurl", "executablecode"}:
        read.texts.append(json.dumps(dict(part), ensure_ascii=False))


def _is_text(kind: str, fields: Mapping[str, JsonValue]) -> bool:
    return kind in TEXT_PARTS or (isinstance(fields.get("text"), str) and "url" not in fields)


def _cited(fields: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Quotes that a text's citations carry. Anthropic: `citations[].cited_text`."""
    citations = fields.get("citations")
    return [c for c in citations if isinstance(c, dict) and c.get("cited_text")] if isinstance(citations, list) else []


def _read_call(fields: Mapping[str, JsonValue], read: Content) -> None:
    """A call; Vercel AI's older messages keep the result in it."""
    invocation = fields.get("toolinvocation")
    inner = plainly(invocation) if isinstance(invocation, dict) else fields
    if inner.get("result") not in EMPTY:
        read.results.append(Result(inner["result"], has_failed=is_failure(inner["result"])))
    else:
        read.is_call = True


def _read_result(fields: Mapping[str, JsonValue], read: Content, kind: str) -> None:
    """What a tool answered. What the assistant said before it in the same message only announced the call."""
    state = fields.get("state", fields.get("status"))
    if (
        kind.startswith("tool")
        and kind not in RESULT_PARTS
        and plain(str(state)) in {"inputstreaming", "inputavailable"}
    ):
        read.is_call = True
        return
    has_failed = kind == "retryprompt" or fields.get("iserror") is True or fields.get("error") not in (*EMPTY, False)
    has_failed = has_failed or plain(str(state)) in ERROR_STATES
    value = first(fields, _ANSWERED)
    if isinstance(value, dict) and plain(str(value.get("type", ""))) in {"text", "json", "errortext", "errorjson"}:
        has_failed = has_failed or plain(str(value["type"])) in ERROR_STATES  # Vercel AI: {type, value}
        value = value.get("value", value)
    read.results.append(Result(value, has_failed=has_failed or is_failure(value)))
    if read.is_call:
        read.preamble, read.texts, read.is_call = [*read.preamble, *read.texts], [], False


def _document(fields: Mapping[str, JsonValue]) -> JsonValue:
    """What a document holds, by the key that says so: Anthropic's `source.data`, MCP's `resource.text`."""
    source = decoded(fields.get("source"))
    if isinstance(source, dict):
        if source.get("type") == "text":
            return source.get("data")
        return source.get("content")  # {type: content}; a base64 or URL source has no text
    return first(fields, ("content", "text", "resource", "data", "document"))


def is_text_part(value: Mapping[str, JsonValue]) -> bool:
    """Whether an object is a text part of a message, and no retrieved passage: nothing beside it but marks."""
    return isinstance(value.get("text"), str) and plainly(value).keys() <= _PART_KEYS
