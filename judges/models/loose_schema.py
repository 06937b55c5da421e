"""A JSON schema in the plain words that all servers know: no unions, no closed objects.

Gemini and several gateways refuse a schema that has them. What is lost the reader of the reply checks all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_LEFT_OUT = frozenset({"additionalProperties", "$defs", "$schema", "minItems", "maxItems", "minimum", "maximum"})


def loosened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what only some servers understand. What fits the schema fits this as well."""
    if "anyOf" in schema:
        return _united([loosened(shape) for shape in schema["anyOf"]])
    loose = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
    if isinstance(loose.get("type"), list):
        loose["type"] = next(name for name in loose["type"] if name != "null")
    if "items" in loose:
        loose["items"] = loosened(loose["items"])
    if "properties" in loose:
        loose["properties"] = {name: loosened(shape) for name, shape in loose["properties"].items()}
        optional = {name for name, shape in schema["properties"].items() if "null" in _types(shape)}
        loose["required"] = [name for name in schema.get("required", ()) if name not in optional]
    return _without_empty(loose)


def _types(shape: Mapping[str, Any]) -> Sequence[str]:
    named = shape.get("type", ())
    return named if isinstance(named, list) else [str(named)]


def _united(shapes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One object with the properties of all. Required is what each of them requires."""
    properties = {name: value for shape in shapes for name, value in shape.get("properties", {}).items()}
    required = [name for name in properties if all(name in shape.get("required", ()) for shape in shapes)]
    return _without_empty({"type": "object", "properties": properties, "required": required})


def _without_empty(shape: dict[str, Any]) -> dict[str, Any]:
    """An empty list of required names is refused by some (JSON schema draft 4 forbids it)."""
    return {key: value for key, value in shape.items() if key != "required" or value}
