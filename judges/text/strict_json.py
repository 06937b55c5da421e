"""Decodes JSON that others wrote, refusing what Python's decoder lets pass and the standard does not."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n?```\Z", re.DOTALL | re.IGNORECASE)


class NotJson(ValueError):
    """The text is no JSON. The message names the fault and repeats nothing of the text."""


class TooDeep(NotJson):
    """JSON perhaps, but nested more deeply than can be read."""


def unfenced(text: str) -> str:
    """The text inside a Markdown fence around the whole. The stripped text where there is none."""
    stripped = text.strip()
    fenced = _FENCED.match(stripped)
    return fenced.group(1) if fenced else stripped


def is_json_object(text: str) -> bool:
    """Whether the whole text is one JSON object, a Markdown fence around it aside."""
    try:
        return isinstance(json.loads(unfenced(text)), dict)
    except (ValueError, RecursionError):
        return False


def strict_loads(text: str) -> Any:
    """Decode a JSON text: no key twice, no NaN or Infinity, no number too long or too large to read.

    Raises:
        NotJson: also where the text is nested more deeply than can be read.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=no_constant, parse_float=finite)
    except json.JSONDecodeError as exc:
        raise NotJson(f"{exc.msg} at character {exc.pos}") from exc
    except NotJson:
        raise
    except RecursionError as exc:
        raise TooDeep("nested too deeply") from exc
    except ValueError as exc:
        raise NotJson("a number is too long") from exc


def same_value(first: object, second: object) -> bool:
    """Whether two decoded values are the same: `true` is not 1."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same_value(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same_value, first, second))
    return first == second and isinstance(first, bool) == isinstance(second, bool)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) < len(pairs):
        raise NotJson("an object has the same key twice")
    return decoded


def no_constant(name: str) -> NoReturn:
    """Refuse a word that stands for a number and is none in JSON, e.g. NaN.

    Raises:
        NotJson
    """
    raise NotJson(f"{name} is not a number in JSON")


def finite(written: str) -> float:
    """A number with a fraction or an exponent.

    Raises:
        NotJson: it is too large for a float.
    """
    number = float(written)
    if math.isinf(number):
        raise NotJson("a number is too large")
    return number
