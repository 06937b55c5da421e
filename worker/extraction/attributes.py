"""What a step recorded in attributes instead of its input and output: OpenTelemetry GenAI, OpenInference and others.

Stores keep attributes as metadata: flat under dotted keys, with or without `attributes.` before them, or nested.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from assay.worker.extraction.documents import Found, passages
from assay.worker.extraction.fields import EMPTY
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import STEP_TYPES
from assay.worker.extraction.names.attributes import INPUT_ATTRIBUTES, KIND_ATTRIBUTES, OTHER_WORDS, OUTPUT_ATTRIBUTES

INSTRUCTIONS = "gen_ai.system_instructions"
_DOCUMENTS = re.compile(
    r"(?:retrieval\.documents|reranker\.output_documents|document_retrieval\.documents)(?:\.(?P<number>\d+)\.document\.(?:content|text))?"
)
"""A passage, or all of them: `retrieval.documents.0.document.content`, `reranker.output_documents`."""
_LISTED = ("gen_ai.retrieval.documents", "gen_ai.tool.call.result", "retrieval.documents", "reranker.output_documents")
"""Where all passages of a step lie in one value."""
_NUMBERED = re.compile(r"\.(\d{1,4})\.(.+)")
"""The rest of a flattened list: `.0.message.content`."""


def _beginnings(names: Iterable[str]) -> frozenset[str]:
    """Keys of objects in which attributes may lie: `gen_ai` of `{"gen_ai": {"operation.name": "chat"}}`."""
    whole = [around + name for name in names for around in ("", "attributes.")]
    return frozenset(name[:at] for name in whole for at in range(len(name)) if name[at] == ".")


_TELLING = {*STEP_TYPES, *STEP_TYPES.values(), "agent", "guardrail"}
"""Words that say what a step does."""
_KIND_BEGINNINGS = _beginnings(KIND_ATTRIBUTES)
_INSTRUCTION_BEGINNINGS = _beginnings([INSTRUCTIONS]) | {INSTRUCTIONS, f"attributes.{INSTRUCTIONS}"}
_MOST_KEYS = 20_000
_LONGEST_KEY = 300
"""Characters of a key that can be part of a name. Each name under a key repeats it."""


def flat(metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Attributes under their dotted names, wherever a store put them."""
    names: dict[str, JsonValue] = {}
    stack: list[tuple[str, JsonValue, int]] = [("", dict(metadata), 6)]
    while stack and len(names) < _MOST_KEYS:
        prefix, value, depth = stack.pop()
        if isinstance(value, dict) and depth > 0 and value:
            stack += [
                (f"{prefix}.{key}" if prefix else key, inner, depth - 1)
                for key, inner in reversed(value.items())
                if len(key) <= _LONGEST_KEY
            ]
        if prefix:
            names.setdefault(prefix.removeprefix("attributes."), value)
    return names


def kind_in(metadata: Mapping[str, JsonValue]) -> str:
    """What a step does, by its attributes: `retriever`, `reranker`, `tool`, `llm`, …; empty where none says.

    A word that says little, as `task` or `execute_task`, counts only where no other attribute says more.
    """
    names = metadata if _KIND_BEGINNINGS.isdisjoint(metadata) else flat(metadata)
    vague = ""
    for name, words in KIND_ATTRIBUTES.items():
        kind = names.get(name, names.get(f"attributes.{name}"))
        if isinstance(kind, str) and kind:
            word = words.get(kind.lower(), "" if name in OTHER_WORDS else kind.lower())
            if word in _TELLING:
                return word
            vague = vague or word
    return vague


def recorded(metadata: Mapping[str, JsonValue], *, is_output: bool) -> tuple[JsonValue, str]:
    """A step's input or output as its attributes have it, and the attribute's name; None where none has it."""
    if not metadata:
        return None, ""
    names = flat(metadata)
    flattened = {key[: match.start()] for key in names if (match := _NUMBERED.search(key))}
    for name in OUTPUT_ATTRIBUTES if is_output else INPUT_ATTRIBUTES:
        value = names.get(name)
        if name in flattened and (isinstance(value, dict) or value in EMPTY):
            value = _unflattened(names, name, "assistant" if is_output else "user") or value
        if value not in EMPTY:
            return decoded(value), name
    return None, ""


def instructions_in(metadata: Mapping[str, JsonValue]) -> JsonValue:
    """Instructions that were recorded apart from the messages, as a message. OpenTelemetry GenAI."""
    if _INSTRUCTION_BEGINNINGS.isdisjoint(metadata):
        return None
    parts = decoded(flat(metadata).get(INSTRUCTIONS))
    return None if parts in EMPTY else [{"role": "system", "content": parts}]


def _unflattened(names: Mapping[str, JsonValue], name: str, role: str) -> JsonValue:
    """Messages that were flattened: `llm.input_messages.0.message.role` and its neighbours."""
    items: dict[int, dict[str, JsonValue]] = {}
    for key, value in names.items():
        match = _NUMBERED.fullmatch(key, len(name)) if key.startswith(name) else None
        if match is not None and not isinstance(value, dict):
            items.setdefault(int(match[1]), {})[match[2].removeprefix("message.")] = value
    return [_message(items[number], role) for number in sorted(items)]


def _message(fields: Mapping[str, JsonValue], role: str) -> JsonValue:
    """One message, its parts put together: `contents.0.message_content.text`."""
    parts = [
        value for key, value in sorted(fields.items()) if re.fullmatch(r"contents\.\d+\.message_content\.text", key)
    ]
    calls = [key for key in fields if key.startswith("tool_calls.")]
    content = fields.get("content") if fields.get("content") not in EMPTY else parts
    return {
        "role": fields.get("role", role),
        "content": content,
        **({"tool_calls": [{"id": calls[0]}]} if calls else {}),
    }


def in_metadata(metadata: Mapping[str, JsonValue]) -> Iterator[Found]:
    """Documents in metadata keys, in the order of their numbers."""
    names = flat(metadata)
    own = {key.removeprefix("attributes."): key for key in metadata}
    matches = [(match, key) for key in names if (match := _DOCUMENTS.fullmatch(key))]
    numbered = sorted((int(match["number"]), key) for match, key in matches if match["number"])
    for _, key in numbered:
        yield from passages(names[key], keep_objects=True, path=f"['{own.get(key, key)}']")
    if numbered:
        return
    for key in _LISTED:
        value = decoded(names.get(key))
        yield from passages(value, keep_objects=key.endswith("result"), path=f"['{own.get(key, key)}']")
