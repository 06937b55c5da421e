"""An object's keys in their plain form, whatever its application calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from assay.worker.extraction.names import plain

EMPTY: tuple[JsonValue, ...] = (None, "", [], {})
_MOST_KEYS = 2_000
"""An object of more keys is a table of data and no record."""


def keys_of(value: Mapping[str, JsonValue]) -> dict[str, str]:
    """The object's own keys by their plain form; of two spellings the first that holds something."""
    keys: dict[str, str] = {}
    if len(value) > _MOST_KEYS:
        return keys
    for key, inner in value.items():
        name = plain(key)
        if name not in keys or (inner not in EMPTY and value[keys[name]] in EMPTY):
            keys[name] = key
    return keys


def plainly(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The object with its keys in their plain form."""
    return {name: value[key] for name, key in keys_of(value).items()}


def first(fields: Mapping[str, JsonValue], names: Iterable[str]) -> JsonValue:
    """What the first name holds that holds anything."""
    return next((fields[name] for name in names if fields.get(name) not in EMPTY), None)


def shown(keys: Iterable[str], most: int = 5) -> str:
    """Keys as a reason names them: a few, and none that could be somebody's text."""
    names = [key for key in keys if key.replace("_", "").replace("-", "").isalnum() and len(key) <= 40]
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
