"""Finds every JSON object and list in a text that holds other words as well. Bounded, and linear in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from assay.judges.text.loose_json import MOST_CHARS, LooseReader, NearlyJson
from assay.judges.text.strict_json import NotJson, TooDeep, finite, no_constant, same_value

_START = re.compile(r"[{\[]")
"""Where an object or a list may begin: `{`."""

_MEMBER = re.compile(r"[\"'”’]\s{0,9}:\s{0,9}\Z")
"""A key before a value: `"sentences": ` with nothing after it."""

_LONGEST_MEMBER = 20
_MOST_STARTS = 5_000
_STRICT_READINGS = 8
"""How often each character may be read, on average. Brackets that open and never close cost a reading each."""

_LOOSE_CHARS = 100_000
"""Characters that may be read loosely, which takes a hundred times as long."""


class JsonPlace(NamedTuple):
    """An object or a list in a text, from `start` to `end`.

    `flaw` says why it cannot be used: it is whole but for a fault in it, or a reply was begun and not ended. Then it
    ends where it breaks off, and has no value.
    """

    start: int
    end: int
    value: Any
    flaw: str | None = None


class _Flawed(ValueError):
    """JSON by its syntax, but not by what it says."""


def json_places(text: str, is_mark: Callable[[str], bool]) -> list[JsonPlace]:
    """All objects and lists of a text that lie in no other, in order.

    Args:
        text: any text.
        is_mark: tells the keys that only a reply has: what begins with one of them and breaks off is named, too.

    Raises:
        NotJson: there are too many brackets to tell.
        TooDeep
    """
    places: list[JsonPlace] = []
    reader = _Reader(text, is_mark)
    at = 0
    while start := _START.search(text, at):
        place = reader.place(start.start())
        if place is not None:
            places.append(_whole(text, place))
        at = start.end() if place is None else place.end
    return places


def holds_object(text: str) -> bool:
    """Whether a text holds an object, or a list of some, and no two of them differ. Words beside it are no matter."""
    try:
        values = [place.value for place in json_places(text, lambda _: False) if _has_object(place)]
    except NotJson:
        return False
    return bool(values) and all(same_value(values[0], value) for value in values[1:])


def _has_object(place: JsonPlace) -> bool:
    value = place.value
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _whole(text: str, place: JsonPlace) -> JsonPlace:
    """The place, with a flaw where it is a list of an object whose beginning is missing."""
    before = text[max(0, place.start - _LONGEST_MEMBER) : place.start]
    if isinstance(place.value, list) and place.flaw is None and _MEMBER.search(before):
        return place._replace(flaw="its beginning is missing")
    return place


class _Reader:
    """Reads objects and lists of one text by the standard, else loosely, until too much was read."""

    def __init__(self, text: str, is_mark: Callable[[str], bool]) -> None:
        self._text = text
        self._loose = LooseReader(text, is_mark)
        self._starts = _MOST_STARTS
        self._strict_chars = _STRICT_READINGS * len(text)
        self._loose_chars = _LOOSE_CHARS

    def place(self, start: int) -> JsonPlace | None:
        """What begins at `start`, None where it is no JSON however loosely it is read.

        Raises:
            NotJson: too much was read.
            TooDeep
        """
        self._starts -= 1
        if min(self._starts, self._strict_chars, self._loose_chars) < 0:
            raise NotJson("too many brackets that do not close")
        try:
            value, end = _DECODER.raw_decode(self._text, start)
            return JsonPlace(start, end, value)
        except RecursionError as exc:
            raise TooDeep("nested too deeply") from exc
        except ValueError:
            return self._loose_place(start)

    def _loose_place(self, start: int) -> JsonPlace | None:
        loose = self._loose
        try:
            value, end = loose.read(start)
            place: JsonPlace | None = JsonPlace(start, end, value, loose.flaw)
        except NearlyJson as exc:
            end = exc.at
            place = JsonPlace(start, end, None, str(exc)) if loose.marked else None
        self._strict_chars -= end - start
        self._loose_chars -= min(end - start, MOST_CHARS)
        return place


def _unequal_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. A key twice with the same value is once enough."""
    decoded = dict(pairs)
    if len(decoded) < len(pairs) and not all(same_value(decoded[key], value) for key, value in pairs):
        raise _Flawed("an object has the same key twice")
    return decoded


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unequal_once, parse_constant=no_constant, parse_float=finite, strict=False
)
