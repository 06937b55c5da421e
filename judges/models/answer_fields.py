"""Fields of a provider's answer, read without trust in their types: what is not as documented is not there."""

from __future__ import annotations

import json
from typing import Any

_MOST_NAME_CHARS = 256
"""Of a name in an answer, e.g. the model's. It is kept in every verdict."""


def text_of(value: object) -> str:
    """A text. Empty where it is none."""
    return value if isinstance(value, str) else ""


def name_of(value: object) -> str:
    """A short text, as a model's name. Empty where it is none."""
    return text_of(value)[:_MOST_NAME_CHARS]


def object_of(value: object) -> dict[str, Any]:
    """An object. Empty where it is none."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[dict[str, Any]]:
    """The objects in a list. None where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def written_json(value: object) -> str:
    """The arguments of a call as text: as they stand where they are text already."""
    return value if isinstance(value, str) else json.dumps(value)
