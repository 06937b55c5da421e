"""A JSON schema in the words a provider understands. What is left out only widens it: our parser checks everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SCHEMAS_BY_NAME = ("properties", "$defs")
_LISTS_OF_SCHEMAS = ("anyOf", "prefixItems")
_TYPES: Mapping[type, str] = {str: "string", int: "integer", float: "number"}


def schema_subset(schema: Mapping[str, Any], keywords: frozenset[str]) -> dict[str, Any]:
    """The schema with these keywords alone.

    Args:
        schema: any JSON schema. `const` is written as `enum` where only that is understood.
        keywords: those the provider takes, e.g. `type` and `properties`.
    """
    known: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "const" and "const" not in keywords:
            known["enum"] = [value]
        elif keyword in keywords:
            known[keyword] = _each(keyword, value, lambda inner: schema_subset(inner, keywords))
    if "enum" in known and "type" not in known:
        known |= _type_of(known["enum"])
    # `items: false` closes a list of fixed length. No provider's subset has schemas that are booleans.
    return {keyword: value for keyword, value in known.items() if keyword != "items" or isinstance(value, dict)}


def _type_of(values: Sequence[Any]) -> dict[str, str]:
    """The type of the values of an `enum`, where they have one: some providers want it said."""
    kinds = {_TYPES.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return {} if kind is None else {"type": kind}


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every object closed, as strict formats want it: no properties but those named."""
    deeper = {keyword: _each(keyword, value, closed) for keyword, value in schema.items()}
    return deeper | ({"additionalProperties": False} if schema.get("type") == "object" else {})


def _each(keyword: str, value: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """The value of a keyword, with each schema in it changed."""
    if keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
        return {name: change(inner) for name, inner in value.items()}
    if keyword in _LISTS_OF_SCHEMAS and isinstance(value, list | tuple):
        return [change(inner) for inner in value]
    return change(value) if keyword == "items" and isinstance(value, Mapping) else value
