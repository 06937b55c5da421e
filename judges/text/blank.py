"""Whether a text says anything: what retrievers and tools give back when they found nothing is no evidence.

`[]`, `{}`, `null`, `{"documents": []}` and a lone zero-width space are not blank, and yet there is nothing in them that
a statement could be held against. Letters and digits of every script count. So does any number, `true` or `false`.
"""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

_WORD = re.compile(r"[^\W_]")
"""A letter or a digit of any script: `a`, `7`, `語`."""

_NOTHING = "null"

JSON_LIMIT = 100_000
"""Characters above which JSON is taken to say something without being read."""


def is_empty(text: str) -> bool:
    """Whether a text has no letter or digit, is `null`, or is JSON in which no leaf has any."""
    stripped = text.strip()
    if stripped == _NOTHING or not _WORD.search(stripped):
        return True
    if stripped[0] not in "[{" or len(stripped) > JSON_LIMIT:
        return False
    try:
        return is_empty_value(json.loads(stripped))
    except (ValueError, RecursionError):
        return False


def is_empty_value(value: JsonValue) -> bool:
    """Whether no leaf of a JSON value says anything. The keys of objects alone do not."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, str):
            if node.strip() != _NOTHING and _WORD.search(node):
                return False
        elif node is not None:
            return False
    return True
