"""JSONPath into a target's reply, strictly: a step that names something must find it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import jsonpath
from jsonpath.match import JSONPathMatch
from jsonpath.segments import JSONPathSegment
from jsonpath.selectors import IndexSelector, NameSelector
from pydantic import JsonValue


def path_problem(path: str) -> str | None:
    """Why this is no JSONPath, in one line; None if it is one."""
    try:
        _segments(path)
    except jsonpath.JSONPathError as exc:
        return str(exc).splitlines()[0]
    return None


def dig(data: JsonValue, path: str) -> list[JsonValue]:
    """Values at a path (RFC 9535; the leading `$.` may be left out); wildcards, slices and filters may find none.

    JSONPath itself finds nothing where a name is misspelt or a reply has changed its shape, which would look like an
    application that lost its evidence.

    Raises:
        LookupError: a name or an index leads nowhere.
    """
    # The library types its root as a container, and works on any JSON value all the same.
    root: Any = data
    nodes = [JSONPathMatch(filter_context={}, obj=data, parent=None, path="$", parts=(), root=root)]
    for segment in _segments(path):
        nodes = [child for node in nodes for child in _children(segment, node)]
    return [cast("JsonValue", node.obj) for node in nodes]


def texts_at(data: JsonValue, path: str) -> tuple[str, ...]:
    """The texts at a path; lists among the values are opened.

    Raises:
        LookupError: the path leads nowhere, or to something that is no text.
    """
    texts = [text for value in dig(data, path) for text in (value if isinstance(value, list) else [value])]
    if not all(isinstance(text, str) for text in texts):
        raise LookupError(f"{path!r} does not name text in the reply")
    return tuple(encodable(str(text)) for text in texts)


def encodable(text: str) -> str:
    """The text as UTF-8 can hold it: JSON may smuggle in half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _children(segment: JSONPathSegment, node: JSONPathMatch) -> Sequence[JSONPathMatch]:
    children = list(segment.resolve([node]))
    if not children and all(isinstance(selector, NameSelector | IndexSelector) for selector in segment.selectors):
        raise LookupError(f"nothing at {segment} in the reply")
    if not children and not isinstance(node.obj, dict | list):
        raise LookupError(f"neither list nor object at {segment} in the reply")
    return children


@lru_cache(maxsize=64)
def _segments(path: str) -> tuple[JSONPathSegment, ...]:
    compiled = jsonpath.compile(path)
    if not isinstance(compiled, jsonpath.JSONPath):
        raise jsonpath.JSONPathError("several paths joined by | or &; give one")
    return tuple(compiled.segments)


def count_at(reply: JsonValue, path: str) -> int | None:
    """A whole number at a path, such as tokens used; None where there is none: it is no part of the answer."""
    try:
        values = dig(reply, path)
    except LookupError:
        return None
    numbers = [n for n in values if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
    return sum(numbers) if numbers and len(numbers) == len(values) else None
