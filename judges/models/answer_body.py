"""The bytes of a 200 answer as data: JSON in whatever form servers send it, or a stream of events put together."""

from __future__ import annotations

import json
import re
from typing import Any

from assay.judges.errors import InvalidVerdict
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.event_stream import events_of, is_event_stream, merged_events
from assay.judges.text.strict_json import same_value

_MOST_CONTAINERS = 150_000
"""Objects and lists of one answer. Parsing holds up the whole process, in a thread or not: so many take about 60 ms.

The log-probabilities of a token are about 12 of them, five alternatives with their bytes included.
"""

_MOST_MEMBERS = 500_000
"""Commas of one answer. Half a million numbers take about 50 ms; a token is about 40 commas."""

_LISTED = frozenset({"choices", "answers"})
"""What an answer has that comes in a list of one, e.g. `choices`."""

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
"""A string of JSON, whose brackets and commas are no structure: `"[1]"`."""

_OF_MODEL = ('"choices"', '"candidates"', '"content"', '"answers"')
"""What only an answer of a model has, e.g. `"choices"`."""

_BEFORE = re.compile(r"(?::[^\n]*\n\s*|\)\]\}',?\s*\n\s*)+")
"""Lines before the answer: comments that keep a connection alive, as `: wait\\n`, and the guard of some gateways,
`)]}'\\n`."""


def decoded_answer(body: bytes) -> Any | None:
    """The data of an answer. None where it is no answer of an API: nothing, or JSON that breaks off.

    The content type is not asked: servers send JSON as text, and a stream of events to whoever asked for none. Of a
    stream the pieces are put together to the completion they make up.

    Raises:
        AnswerError: it is a web page, or a stream that reports an error.
        InvalidVerdict: what the model wrote is too much, or nested too deeply, to be read.
    """
    text = _decoded(body)
    if text.startswith("<"):
        raise AnswerError(text)
    if is_event_stream(text):
        return merged_events(events_of(text))
    data = parsed_json(text)
    if data is None and text.startswith("{") and "\n" in text:
        return merged_events(filter(str.strip, text.split("\n")))  # a stream whose events are lines of JSON
    return _unwrapped(data)


def parsed_json(text: str) -> Any | None:
    """What a JSON text holds. None where it is none.

    Raises:
        InvalidVerdict: it holds too much to be read. That is the model's doing, and no outage.
    """
    is_of_model = any(name in text for name in _OF_MODEL)
    if _is_too_much(text) and _is_too_much(_STRING.sub("", text)):
        _check_sender("more objects, lists and values than can be read", is_of_model=is_of_model)
        return None
    # Of two answers to one question none may win.
    hook = _unequal_as_none if '"answers"' in text else None
    try:
        return json.loads(text, object_pairs_hook=hook)
    except json.JSONDecodeError:
        return None
    except RecursionError:
        _check_sender("more objects in one another than can be read", is_of_model=is_of_model)
    except ValueError:
        _check_sender("a number that is too long to be read", is_of_model=is_of_model)
    return None


def _check_sender(what: str, *, is_of_model: bool) -> None:
    """Blame the reply for what cannot be read, unless whatever stands before the endpoint sent it.

    Raises:
        InvalidVerdict: a model did.
    """
    if is_of_model:
        raise InvalidVerdict(f"the answer holds {what}")


def _is_too_much(text: str) -> bool:
    return text.count("{") + text.count("[") > _MOST_CONTAINERS or text.count(",") > _MOST_MEMBERS


def _unequal_as_none(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. A key twice with different values has none."""
    decoded = dict(pairs)
    if len(decoded) < len(pairs):
        unequal = {key for key, value in pairs if not same_value(decoded[key], value)}
        decoded |= dict.fromkeys(unequal)
    return decoded


def _unwrapped(data: Any) -> Any:
    """The completion inside a list of one, or in a string that was encoded once more."""
    if isinstance(data, str) and data.lstrip().startswith("{"):
        return parsed_json(data)
    is_wrapped = (
        isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict) and bool(_LISTED & data[0].keys())
    )
    return data[0] if is_wrapped else data


def _decoded(body: bytes) -> str:
    """The text of a body, without a byte order mark, a guard line and blanks before it.

    Characters that break their encoding are replaced: they can only stand inside strings.
    """
    encoding = "utf-8-sig" if body[:3] == b"\xef\xbb\xbf" else json.detect_encoding(body[:4].ljust(4))
    text = body.decode(encoding, "replace").lstrip("\ufeff").strip()
    before = _BEFORE.match(text)
    return text[before.end() :] if before else text
