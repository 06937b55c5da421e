"""Texts that a model wrote in JSON: what it calls its evidence there is no evidence for its answer.

`{"answer": "...", "evidence": ["..."]}` may be an application's answer with what it retrieved, or a model's reply with
quotes that it made up. Where the reply was recorded as a text, or as a tool's arguments, the model wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from assay.worker.extraction.literals import decoded
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.names import plain

_ARGUMENTS = {"arguments", "args", "toolinput"}
"""Keys of what a model hands to a tool, or fills into a schema."""
_DEPTH = 10
_MOST = 20_000


def written_by_models(outputs: Iterable[JsonValue]) -> frozenset[str]:
    """The texts inside JSON that model calls gave back as text or as a tool's arguments."""
    written = (text.strip() for output in outputs for value in _replies(output) for text in _leaves(value))
    return frozenset(text for _, text in zip(range(_MOST), written, strict=False))


def _replies(output: JsonValue) -> Iterator[JsonValue]:
    """The JSON values in a reply that the model wrote itself."""
    stack: list[tuple[JsonValue, int]] = [(output, _DEPTH)]
    seen = 0
    while stack and seen < _MOST:
        value, depth = stack.pop()
        seen += 1
        if isinstance(value, str) and depth > 0:
            inner = decoded(value)
            if isinstance(inner, dict | list) and messages_of(inner) is not None:
                stack.append((inner, depth - 1))  # the endpoint's reply, written out
            elif isinstance(inner, dict | list):
                yield inner
        elif depth > 0 and isinstance(value, list):
            stack += [(item, depth - 1) for item in value]
        elif depth > 0 and isinstance(value, dict):
            yield from (inner for key, inner in value.items() if plain(key) in _ARGUMENTS and isinstance(inner, dict))
            stack += [(inner, depth - 1) for inner in value.values()]


def _leaves(value: JsonValue) -> Iterator[str]:
    stack: list[tuple[JsonValue, int]] = [(value, _DEPTH)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, str):
            yield node
        elif depth > 0 and isinstance(node, dict | list):
            stack += [(inner, depth - 1) for inner in (node.values() if isinstance(node, dict) else node)]
