"""Reads the one JSON object a judge model's reply must be. A fault is named for the repair turn."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from assay.judges.errors import InvalidVerdict
from assay.judges.text.strict_json import NotJson, TooDeep, strict_loads, unfenced

MAX_REPLY_CHARS = 1_000_000
KEPT_REPLY_CHARS = 2_000

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""White space, control characters and halves of surrogate pairs: `\\n\\t`."""


def read_object(text: str) -> dict[str, Any]:
    """The object a reply consists of. A Markdown fence around the whole is allowed, words beside it are not.

    Raises:
        InvalidVerdict: names the fault and repeats nothing of the reply.
    """
    if len(text) > MAX_REPLY_CHARS:
        fault(text, f"the reply is longer than {MAX_REPLY_CHARS} characters")
    if not text.strip():
        fault(text, "the reply is empty")
    try:
        data = strict_loads(unfenced(text))
    except TooDeep:
        fault(text, "the JSON is nested too deeply")
    except NotJson as exc:
        fault(text, f"not a JSON object: {exc}")
    if not isinstance(data, dict):
        fault(text, "the reply must be a JSON object")
    return data


def printable(text: str | None) -> str:
    """A model's own words on one line, without what no screen shows. Empty where it has none."""
    return _UNPRINTABLE.sub(" ", text or "").strip()


def fault(text: str, message: str) -> NoReturn:
    """Raise what the repair turn is told.

    Raises:
        InvalidVerdict
    """
    raise InvalidVerdict(message, reply=text[:KEPT_REPLY_CHARS]) from None
