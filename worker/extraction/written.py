"""Whether a step wrote something, and whether it is a call of a model that never writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from assay.worker.extraction.attributes import kind_in, recorded
from assay.worker.extraction.fields import EMPTY
from assay.worker.extraction.literals import is_object_name, is_stream_name
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.names import ANSWERING_WORK, plain, words
from assay.worker.records.traces import Observation

_WORDLESS_MODEL = re.compile(
    r"embed|rerank|moderation|minilm|colbert|(?<![a-z0-9])(?:bge|gte|e5|voyage)(?![a-z0-9])", re.IGNORECASE | re.ASCII
)
"""What the name of a model has that embeds, ranks or moderates: `text-embedding-3-small`, `BAAI/bge-m3`."""
_EMBEDDING = re.compile(r"embed\w*")
"""A word in the name of a step that embeds: `embed_query`, `OpenAI-embedding`."""
_WORDLESS_KINDS = {"embedding", "embeddings", "embedder", "rerank", "reranker", "moderation"}
_REQUEST_TYPES = ("llm.request.type", "attributes.llm.request.type")
"""Where OpenLLMetry says that a request is an embedding."""
_BESIDE_WORDS = {"role", "type", "id", "object", "model", "finishreason", "stopreason", "status", "index"}
"""Keys of a reply under which no word of it stands."""
_DEPTH = 8
_MOST = 2_000
_FEW = 20
"""Numbers by which a list is known as a vector."""


def has_written(output: JsonValue, metadata: Mapping[str, JsonValue]) -> bool:
    """Whether a step gave back a text or asked for a tool, as its output or its attributes have it."""
    value = recorded(metadata, is_output=True)[0] if output is None else output
    if value in EMPTY:
        return False
    messages = messages_of(value)
    if messages is not None:
        return any(m.role == "assistant" and (m.is_call or bool(m.text.strip())) for m in messages[-1:])
    return any(text.strip() and not is_object_name(text) and not is_stream_name(text) for text in _texts(value))


def never_writes(step: Observation, models: tuple[str | None, ...]) -> bool:
    """Whether a step that tells no output is a call of a model that writes none: it embeds, ranks or moderates.

    Args:
        step: recorded as a model call.
        models: those that it names.
    """
    if any(_WORDLESS_MODEL.search(model) for model in models if model is not None):
        return True
    asked = next((step.metadata[name] for name in _REQUEST_TYPES if name in step.metadata), None)
    if (asked if isinstance(asked, str) else kind_in(step.metadata)) in _WORDLESS_KINDS:
        return True
    if is_vectors(step.output):
        return True
    parts = words(step.name)
    is_named = any(map(_EMBEDDING.fullmatch, parts)) and not any(map(ANSWERING_WORK.fullmatch, parts))
    return is_named and not has_written(step.output, step.metadata)


def is_vectors(value: JsonValue) -> bool:
    """Whether a value is a vector, or holds nothing before one: `[[0.1, ...]]`, `{"data": [{"embedding": [...]}]}`."""
    for _ in range(_DEPTH):
        if isinstance(value, dict):
            fields = {plain(key): inner for key, inner in list(value.items())[:_FEW]}
            value = next((fields[key] for key in ("embedding", "embeddings", "data", "vector") if key in fields), None)
        elif isinstance(value, list) and value and isinstance(value[0], dict | list):
            value = value[0]
        else:
            break
    return isinstance(value, list) and len(value) > 1 and all(isinstance(number, float) for number in value[:_FEW])


def _texts(value: JsonValue) -> Iterator[str]:
    """The texts in a value, but those that only say what it is."""
    stack: list[tuple[JsonValue, int]] = [(value, _DEPTH)]
    seen = 0
    while stack and seen < _MOST:
        node, depth = stack.pop()
        seen += 1
        if isinstance(node, str):
            yield node
        elif depth > 0 and isinstance(node, dict):
            stack += [(inner, depth - 1) for key, inner in node.items() if plain(key) not in _BESIDE_WORDS]
        elif depth > 0 and isinstance(node, list):
            stack += [(inner, depth - 1) for inner in node[:_MOST]]
