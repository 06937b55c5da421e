"""Passages in what retrievers give back, in the shapes of the frameworks.

Strings, LangChain documents, LlamaIndex nodes, `{text, score}`, answers of vector stores and search services. A
retrieved item without any text is no passage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from assay.judges.text.blank import is_empty
from assay.worker.extraction.decisions import is_sentence
from assay.worker.extraction.failures import is_failure
from assay.worker.extraction.fields import keys_of
from assay.worker.extraction.literals import decoded, is_object_name
from assay.worker.extraction.names import (
    AROUND_KEYS,
    BESIDE_TEXT,
    CONTAINERS,
    LOOSE_CONTAINERS,
    NEVER_EVIDENCE_KEYS,
    PLAIN_KEYS,
    TEXT_KEYS,
    plain,
)
from assay.worker.extraction.parts import joined, read_content

DEPTH = 12
MOST_ITEMS = 20_000
"""Items of a list that are looked at: nobody shows a model more passages."""
_DOCUMENT_NAMES = ("doc", "chunk", "passage", "source", "node", "result", "file", "page", "item")

Found = tuple[str, str]
"""A passage, and the path to it from where the search began."""


def retrieved(value: JsonValue, path: str, depth: int, *, takes_strings: bool = True) -> Iterator[Found]:
    """Passages in a value, with their paths.

    Args:
        value: what a retriever gave.
        path: where in it this value is.
        depth: how deep to look.
        takes_strings: whether a bare string is a passage.
    """
    if isinstance(value, str):
        if takes_strings:
            yield from _string(value, path, depth)
    elif isinstance(value, list) and depth > 0:
        for position, item in enumerate(value[:MOST_ITEMS]):
            yield from retrieved(item, f"{path}[{position}]", depth - 1, takes_strings=takes_strings)
    elif isinstance(value, dict) and value and depth > 0 and not is_failure(value):
        yield from _item(value, path, depth)


def _string(text: str, path: str, depth: int) -> Iterator[Found]:
    """A passage, or a list of passages that was written as text. A record in JSON is a passage as it stands."""
    if is_empty(text) or is_object_name(text):
        return
    value = decoded(text) if depth > 0 else text
    is_list = isinstance(value, list) or (isinstance(value, dict) and _is_wrapper(value))
    inner = list(retrieved(value, path, depth - 1, takes_strings=True)) if is_list else []
    yield from inner or [(text, path)]


def _is_wrapper(value: Mapping[str, JsonValue]) -> bool:
    """Whether an object lists or is a document, and is no record of facts."""
    keys = keys_of(value)
    if any(isinstance(value[keys[name]], list | dict) for name in (*CONTAINERS, *LOOSE_CONTAINERS) if name in keys):
        return True
    if any(isinstance(value[keys[name]], dict) for name in ("node", "document", "source", "payload") if name in keys):
        return True
    others = keys.keys() - BESIDE_TEXT
    return "pagecontent" in keys or "reprof" in keys or (len(others) == 1 and others <= {*TEXT_KEYS})


def _item(value: Mapping[str, JsonValue], path: str, depth: int) -> Iterator[Found]:
    """A list of items under a telling key, else the text of this item, else what lies around it."""
    keys = keys_of(value)
    yield from (
        _listed(value, keys, path, depth, CONTAINERS)
        or _text(value, keys, path, depth, TEXT_KEYS)
        or _listed(value, keys, path, depth, LOOSE_CONTAINERS)
        or _around(value, keys, path, depth)
        or _text(value, keys, path, depth, PLAIN_KEYS)
        or _by_name(value, path)
        or _anywhere(value, path, depth)
    )


def _listed(
    value: Mapping[str, JsonValue], keys: Mapping[str, str], path: str, depth: int, names: Sequence[str]
) -> list[Found]:
    texts: list[Found] = []
    for name in filter(keys.__contains__, names):
        inner = value[keys[name]]
        if isinstance(inner, list | dict) and inner:
            at = f"{path}.{keys[name]}"
            texts += retrieved(inner, at, depth - 1, takes_strings=isinstance(inner, list))
    return texts


def _text(
    value: Mapping[str, JsonValue], keys: Mapping[str, str], path: str, depth: int, names: Sequence[str]
) -> list[Found]:
    for name in filter(keys.__contains__, names):
        inner, at = value[keys[name]], f"{path}.{keys[name]}"
        if isinstance(inner, str) and inner.strip():
            return [] if is_empty(inner) else [(inner, at)]
        if isinstance(inner, list | dict) and inner:
            text = parts_text(inner) if isinstance(inner, list) else ""
            texts = [(text, at)] if not is_empty(text) else list(retrieved(inner, at, depth - 1, takes_strings=True))
            if texts:
                return texts
    return []


def parts_text(parts: Sequence[JsonValue]) -> str:
    """The text of content parts, `[{"type": "text", "text": ...}]`; empty for any other list."""
    is_parts = all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in parts)
    return joined(read_content(list(parts)).texts) if is_parts else ""


def _around(value: Mapping[str, JsonValue], keys: Mapping[str, str], path: str, depth: int) -> list[Found]:
    for name in filter(keys.__contains__, AROUND_KEYS):
        inner = value[keys[name]]
        if isinstance(inner, dict):
            texts = list(retrieved(inner, f"{path}.{keys[name]}", depth - 1, takes_strings=False))
            if texts:
                return texts
    return []


def _by_name(value: Mapping[str, JsonValue], path: str) -> list[Found]:
    """Texts under the names of documents: `{"returns.pdf": "Customers may …"}`."""
    texts = {key: text for key, text in value.items() if isinstance(text, str)}
    is_named = all(
        any(mark in key for mark in "./0123456789") or plain(key).startswith(_DOCUMENT_NAMES) for key in texts
    )
    is_all = len(texts) == len(value) and all(is_sentence(text) for text in texts.values())
    return [(text, f"{path}['{key}']") for key, text in texts.items()] if texts and is_named and is_all else []


def _anywhere(value: Mapping[str, JsonValue], path: str, depth: int) -> list[Found]:
    """Under keys nobody knows: GraphQL's `{"data": {"Get": {"Article": [...]}}}`. Bare strings there are data."""
    inside = [(k, v) for k, v in value.items() if isinstance(v, list | dict) and plain(k) not in NEVER_EVIDENCE_KEYS]
    return [text for key, inner in inside for text in retrieved(inner, f"{path}.{key}", depth - 1, takes_strings=False)]
