"""The bytes of a 200 answer as data: JSON in whatever form servers send it, or a stream of events put together."""

from __future__ import annotations

import json
import re
from typing import Any

from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.event_stream import events_of, is_event_stream, merged_events

_MOST_CONTAINERS = 150_000
"""Objects and lists of one answer. Parsing holds up the whole process, in a thread or not: so many take about 60 ms.

The log-probabilities of a token are about 12 of them, five alternatives with their bytes included.
"""

_MOST_MEMBERS = 500_000
"""Commas of one answer. Half a million numbers take about 50 ms; a token is about 40 commas."""

_BEFORE = re.compile(r"(?::[^\n]*\n\s*|\)\]\}',?\s*\n\s*)+")
"""Lines before the answer: comments that keep a connection alive, as `: wait\\n`, and the guard of some gateways,
`)]}'\\n`."""


def decoded_answer(body: bytes) -> Any | None:
    """The data of an answer. None where it is no answer of an API: nothing, or JSON that breaks off.

    The content type is not asked: servers send JSON as text, and a stream of events to whoever asked for none. Of a
    stream the pieces are put together to the completion they make up.

    Raises:
        AnswerError: it is a web page, or a stream that reports an error.
    """
    text = _decoded(body)
    if text.startswith("<"):
        raise AnswerError(text)
    if is_event_stream(text):
        return merged_events(events_of(text))
    data = parsed_json(text)
    if data is None and text.startswith("{") and "\n" in text:
        return merged_events(filter(str.strip, text.splitlines()))  # a stream whose events are lines of JSON
    return _unwrapped(data)


def parsed_json(text: str) -> Any | None:
    """What a JSON text holds. None where it is none, or holds too much to be an answer."""
    if text.count("{") + text.count("[") > _MOST_CONTAINERS or text.count(",") > _MOST_MEMBERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unwrapped(data: Any) -> Any:
    """The completion inside a list of one, or in a string that was encoded once more."""
    if isinstance(data, str) and data.lstrip().startswith("{"):
        return parsed_json(data)
    is_wrapped = isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict) and "choices" in data[0]
    return data[0] if is_wrapped else data


def _decoded(body: bytes) -> str:
    """The text of a body, without a byte order mark, a guard line and blanks before it.

    Characters that break their encoding are replaced: they can only stand inside strings.
    """
    encoding = "utf-8-sig" if body[:3] == b"\xef\xbb\xbf" else json.detect_encoding(body[:4].ljust(4))
    text = body.decode(encoding, "replace").lstrip("\ufeff").strip()
    before = _BEFORE.match(text)
    return text[before.end() :] if before else text
