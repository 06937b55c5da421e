"""What the record can hold of text and numbers from outside: the one place where they are cut and cleaned.

Names come from traces, and a trace may say anything. PostgreSQL takes no NUL, no UTF-8 holds half of a surrogate pair,
no index a name of a megabyte, and no column an infinite number. A row with one of them must not be refused: it would be
tried for ever, and the rows behind it with it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from itertools import islice
from typing import Any

MOST_CHARACTERS = 200
"""Of one text. In UTF-8 it is at most 800 bytes. An index of PostgreSQL takes 2,700, and ours have three texts."""

MOST_ENTRIES = 200
"""Of one list or mapping: tags, rules, scores."""

MOST_JSON = 20_000
"""Characters of a column with JSON. What we write has some hundred."""

_DEEPEST = 8
"""Levels of JSON. What we write has four at most."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database takes: NUL, and half of a surrogate pair as `\\ud83d` alone. Each becomes one U+FFFD."""

_LARGEST = 2**63 - 1
"""Of a whole number in a database."""


def storable_text(text: str) -> str:
    """A text as the record holds it. A long one is cut, and ends in a hash of the whole: unlike texts stay unlike."""
    is_plain = text.isascii() and "\x00" not in text
    cleaned = text if is_plain else _UNSTORABLE.sub("\ufffd", text)
    if len(cleaned) <= MOST_CHARACTERS:
        return cleaned
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{cleaned[: MOST_CHARACTERS - 17]}…{digest}"


def storable_number(number: float | None) -> float | None:
    """A number as the record holds it. One that is infinite, no number, or too large for a column is unknown."""
    if number is None or not math.isfinite(number) or (isinstance(number, int) and abs(number) > _LARGEST):
        return None
    return number


def storable_json(value: Any) -> str:
    """JSON text as the record holds it: texts and numbers as above, and of large values the first entries."""
    most = MOST_ENTRIES
    while len(text := json.dumps(_bounded(value, most, _DEEPEST), ensure_ascii=False)) > MOST_JSON and most > 0:
        most //= 4
    return text


def _bounded(value: Any, most: int, deepest: int) -> Any:
    """A value with so many entries and levels at most."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return storable_number(value)
    if isinstance(value, dict):
        entries = islice(value.items(), most if deepest else 0)
        return {storable_text(str(key)): _bounded(inner, most, deepest - 1) for key, inner in entries}
    return [_bounded(inner, most, deepest - 1) for inner in islice(value, most if deepest else 0)]
