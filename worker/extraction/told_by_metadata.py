"""What an application writes into the metadata of its traces under keys of its own: its feature, the user's tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

MOST_CHARACTERS = 100
"""Of a value: the name of a feature is short."""

_ROOT = "metadata."
_AROUND = "attributes"
"""What stores put around the attributes of a span."""


def told_by_metadata(metadata: Mapping[str, JsonValue], paths: Sequence[str]) -> str | None:
    """The first of these that is a name.

    Args:
        metadata: of the trace's root.
        paths: e.g. `metadata.app.feature`, which finds `{"app": {"feature": "x"}}` and `{"app.feature": "x"}`.
    """
    inside = metadata.get(_AROUND)
    places = [metadata, inside] if isinstance(inside, Mapping) else [metadata]
    values = (_at(place, path.removeprefix(_ROOT)) for path in paths for place in places)
    return next((name for value in values if (name := _name(value)) is not None), None)


def _at(place: Mapping[str, JsonValue], path: str) -> JsonValue:
    """What stands there. A key may have dots of its own."""
    if path in place:
        return place[path]
    for at in (at for at, letter in enumerate(path) if letter == "."):
        below = place.get(path[:at])
        if isinstance(below, Mapping) and (value := _at(below, path[at + 1 :])) is not None:
            return value
    return None


def _name(value: JsonValue) -> str | None:
    """A value as a name. A list or an object is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)[:MOST_CHARACTERS]
    text = " ".join(value[: 4 * MOST_CHARACTERS].split()) if isinstance(value, str) else ""
    return text[:MOST_CHARACTERS] or None
