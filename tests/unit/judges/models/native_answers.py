"""Odd answers for the readers of the providers' own protocols: a whole one with a place of it replaced or left out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, -(10**400), float("nan")),
    *("", "x" * 300, [], [[]], [None, "x", 7], {}, {"text": {"text": 1}}),
)
"""What may stand anywhere instead of what is documented, e.g. an empty list."""


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a body, as the keys that lead to it."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The body with something else in one place."""
    changed = copy.deepcopy(data)
    _holder(changed, path)[path[-1]] = value
    return changed


def left_out(data: Any, path: tuple[str | int, ...]) -> Any:
    """The body without one place."""
    changed = copy.deepcopy(data)
    del _holder(changed, path)[path[-1]]
    return changed


def nested(depth: int) -> Any:
    """Lists and objects in each other."""
    data: Any = "x"
    for _ in range(depth):
        data = {"content": [data], "parts": [data]}
        data["parts"] = []
    return data


def _holder(data: Any, path: tuple[str | int, ...]) -> Any:
    for key in path[:-1]:
        data = data[key]
    return data
