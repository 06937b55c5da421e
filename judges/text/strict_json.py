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
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as exc:
        raise NotJson(f"{exc.msg} at character {exc.pos}") from exc
    except NotJson:
        raise
    except RecursionError as exc:
        raise TooDeep("nested too deeply") from exc
    except ValueError as exc:
        raise NotJson("a number is too long") from exc


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) < len(pairs):
        raise NotJson("an object has the same key twice")
    return decoded


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a number in JSON")


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise NotJson("a number is too large")
    return number
