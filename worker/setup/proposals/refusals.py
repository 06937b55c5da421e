"""Values that extraction refused as an answer for what they are: a decision, a call of a tool, an error, a thought.

A value of an unknown form is not refused: its answer may have a key that nobody knows yet, and that is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from assay.worker.extraction.answers import answer_of
from assay.worker.extraction.literals import plain_json

UNKNOWN_FORMS = (
    *("JSON without a known answer key", "nothing in the place of the answer", "a list of JSON objects"),
    *("events of a graph", "messages without", "empty"),
)
"""What extraction says of values in which it only knows no place. Any other reason is a refusal."""


class Refusals:
    """Which values of one trace were refused; each is worked out once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[JsonValue, bool]] = {}

    def holds(self, values: Iterable[JsonValue]) -> bool:
        """Whether any of some values was refused."""
        return any(map(self._is_refused, values))

    def _is_refused(self, value: JsonValue) -> bool:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, is_refused(value))  # the value is kept, so its id stays its own
        return known[1]


def is_refused(value: JsonValue) -> bool:
    """Whether extraction refused a value for what it is, and not for one value in it, beside which an answer may be."""
    reason = _refusal(value)
    if not reason:
        return False
    inner = plain_json(value)
    if isinstance(inner, str):
        return True
    inside = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    return all(_refusal(item) != reason for item in inside)


def _refusal(value: JsonValue) -> str:
    """Why a value was refused; empty where it was not."""
    reading = answer_of(value)
    is_known = reading.text is None and not any(form in reading.reason for form in UNKNOWN_FORMS)
    return reading.reason if is_known else ""
