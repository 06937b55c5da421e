"""Passages in what retrievers and tools give back, in the shapes of the frameworks.

Strings, LangChain documents, LlamaIndex nodes, `{text, score}`, answers of vector stores and search APIs; and in
metadata keys, where OpenInference and OpenTelemetry put them. A retrieved item without any text is no passage; what
a tool answers is evidence as it stands, so an object without a telling key is kept as JSON. What says nothing (`[]`,
`null`, `{"documents": []}`, written out or not) is no passage either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from assay.judges.text.blank import is_empty, is_empty_value
from assay.worker.extraction.messages import content_text

_INSIDE = (
    *("documents", "source_documents", "results", "contexts", "chunks", "nodes", "source_nodes", "passages", "matches"),
    *("hits", "items", "data", "retrievalResults", "output_documents", "value"),
)
_TEXTS = ("text", "page_content", "pageContent", "content", "passage", "snippet", "chunk", "body", "raw_content")
_AROUND = ("document", "node", "_source", "text_resource", "payload", "fields", "properties", "metadata", "entity")
_PLAIN = ("answer", "response", "output", "result")
_INDEXED = re.compile(r"(?:attributes\.)?(?:retrieval\.documents|reranker\.output_documents)\.(\d+)\.document\.content")
"""A passage in flattened OpenInference metadata: `retrieval.documents.0.document.content`."""
_LISTED = re.compile(r"(?:attributes\.)?gen_ai\.(?:retrieval\.documents|tool\.call\.result)")
"""Where OpenTelemetry keeps all passages of a step in one value: `gen_ai.retrieval.documents`."""
_DEPTH = 12

Found = tuple[str, str]
"""A passage, and the path to it from where the search began."""


def passages(value: JsonValue, *, keep_objects: bool, path: str = "", depth: int = _DEPTH) -> Iterator[Found]:
    """Every passage in a value, with its path; `keep_objects` gives objects without a telling key as JSON."""
    if isinstance(value, str):
        if not is_empty(value):
            yield value, path
    elif isinstance(value, list):
        for position, item in enumerate(value if depth > 0 else ()):
            yield from passages(item, keep_objects=keep_objects, path=f"{path}[{position}]", depth=depth - 1)
    elif isinstance(value, dict) and value and depth > 0:
        yield from _of_object(value, keep_objects=keep_objects, path=path, depth=depth)
    elif isinstance(value, bool | int | float) and keep_objects:
        yield json.dumps(value), path


def _of_object(value: Mapping[str, JsonValue], *, keep_objects: bool, path: str, depth: int) -> Iterator[Found]:
    key = _telling_key(value, keep_objects=keep_objects)
    if key is None:
        if keep_objects and not is_empty_value(dict(value)):
            yield json.dumps(value, ensure_ascii=False), path
        return
    inner = value[key]
    if key == "content" and isinstance(inner, list):  # a tool's answer as content parts
        text = content_text(inner)
        if not is_empty(text):
            yield text, f"{path}.{key}"
            return
    yield from passages(inner, keep_objects=keep_objects, path=f"{path}.{key}", depth=depth - 1)


def _telling_key(value: Mapping[str, JsonValue], *, keep_objects: bool) -> str | None:
    """The key under which an object's text lies.

    A tool's answer is the object: only a list of documents or a lone text is taken out of it, or facts beside it
    (a price, a status) would be lost as evidence.
    """
    for key in _INSIDE:
        inner = value.get(key)
        is_list = (isinstance(inner, list) and bool(inner)) or (isinstance(inner, dict) and key == "hits")
        if is_list and (not keep_objects or _is_documents(inner)):
            return key
    texts = [key for key in (*_TEXTS, *_PLAIN) if _has_text(value.get(key))]
    if keep_objects:
        telling = {key for key in value if key not in {"score", "id", "type", "metadata", "distance", "source"}}
        return texts[0] if texts and telling == {texts[0]} else None
    if texts:
        return texts[0]
    return next((key for key in _AROUND if isinstance(value.get(key), dict) and _reaches_text(value[key])), None)


def _is_documents(value: JsonValue) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(
        isinstance(item, str) or (isinstance(item, dict) and any(_has_text(item.get(key)) for key in _TEXTS))
        for item in items
    )


def _has_text(value: JsonValue) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (isinstance(value, list | dict) and bool(value))


def _reaches_text(value: JsonValue, depth: int = 4) -> bool:
    if not isinstance(value, dict) or depth <= 0:
        return False
    return any(_has_text(value.get(key)) for key in _TEXTS) or any(
        _reaches_text(value.get(key), depth - 1) for key in _AROUND
    )


def in_metadata(metadata: Mapping[str, JsonValue]) -> Iterator[Found]:
    """Documents in metadata keys, in the order of their numbers."""
    flat = dict(_flat(metadata))
    numbered = [(int(match[1]), key) for key in flat if (match := _INDEXED.fullmatch(key))]
    for _, key in sorted(numbered):
        yield from passages(_parsed(flat[key]), keep_objects=True, path=f"['{key}']")
    for key in sorted(key for key in flat if _LISTED.fullmatch(key)):
        value = _parsed(flat[key])
        yield from passages(value, keep_objects=key.endswith("result"), path=f"['{key}']")


def _flat(metadata: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Keys of the newer generation are flat already; the older nests what came from `attributes`."""
    for key, value in metadata.items():
        if key == "attributes" and isinstance(value, dict):
            yield from ((f"attributes.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _parsed(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed


def distinct(documents: Sequence[Found]) -> list[Found]:
    """Passages without repetition: two retrievers often bring the same one."""
    seen: dict[str, Found] = {}
    for text, path in documents:
        seen.setdefault(text, (text, path))
    return list(seen.values())
