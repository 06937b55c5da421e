"""Reads one JSON object from a model's reply, refusing what Python's decoder lets pass."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from judges.errors import InvalidVerdict

MAX_REPLY_CHARS = 1_000_000
KEPT_REPLY_CHARS = 2_000

_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n?```\Z", re.DOTALL)


class _JsonFault(ValueError):
    """A fault of the JSON that the decoder itself would accept."""


def read_object(text: str) -> dict[str, Any]:
    """The object a reply consists of; a Markdown fence around the whole is allowed, words beside it are not.

    Raises:
        InvalidVerdict: names the fault and repeats nothing of the reply.
    """
    if len(text) > MAX_REPLY_CHARS:
        fault(text, f"the reply is longer than {MAX_REPLY_CHARS} characters")
    stripped = text.strip()
    whole = _FENCED.match(stripped)
    try:
        data = json.loads(
            whole.group(1) if whole else stripped, object_pairs_hook=_unique_keys, parse_constant=_no_constant
        )
    except json.JSONDecodeError as exc:
        fault(text, f"not a JSON object: {exc.msg} at character {exc.pos}" if stripped else "the reply is empty")
    except RecursionError:
        fault(text, "the JSON is nested too deeply")
    except ValueError as exc:
        fault(text, "not a JSON object: " + (str(exc) if isinstance(exc, _JsonFault) else "a number is too long"))
    if not isinstance(data, dict):
        fault(text, "the reply must be a JSON object")
    return data


def fault(text: str, message: str) -> NoReturn:
    """Raise what the repair turn is told.

    Raises:
        InvalidVerdict
    """
    raise InvalidVerdict(message, reply=text[:KEPT_REPLY_CHARS]) from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) < len(pairs):
        raise _JsonFault("an object has the same key twice")
    return decoded


def _no_constant(name: str) -> NoReturn:
    raise _JsonFault(f"{name} is not a number in JSON")
