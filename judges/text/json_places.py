"""Finds every JSON object and list in a text that holds other words as well. Bounded, and linear in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from assay.judges.text.loose_json import MOST_CHARS, LooseReader, NearlyJson, hides_key
from assay.judges.text.strict_json import NotJson, TooDeep, finite, no_constant, same_value

_START = re.compile(r"[{\[]")
"""Where an object or a list may begin: `{`."""

_MEMBER = re.compile(r"[\"'”’]\s{0,9}:\s{0,9}\Z")
"""A key before a value: `"sentences": ` with nothing after it."""

_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
"""A string of JSON: `"kind"`."""

_HIDDEN = "a string or a comment holds what may be a part of the reply; escape every quotation mark inside a string"
_BROKEN_OFF = "an object is begun and does not end"

_LONGEST_MEMBER = 20
_MOST_STARTS = 5_000
_STRICT_READINGS = 8
"""How often each character may be read, on average. Brackets that open and never close cost a reading each."""

_LOOSE_CHARS = 100_000
"""Characters that may be read loosely, which takes a hundred times as long."""

_LOOSE_CHARS_TO_TELL = 8_000
"""As many where nothing is read, only told: that is done beside other work, which has to wait."""


class ReadingBudget:
    """What may still be read loosely. One serves all texts of a reply, those that are encoded in others as well."""

    def __init__(self, loose_chars: int = _LOOSE_CHARS) -> None:
        """Begin with so many characters."""
        self.loose_chars = loose_chars


class JsonPlace(NamedTuple):
    """An object or a list in a text, from `start` to `end`.

    `flaw` says why it cannot be used: it is whole but for a fault in it, or a reply was begun and not ended. Then it
    ends where it breaks off, and has no value. Nor has one that may hide a part of a reply. `is_loose`: it has a
    key of a reply and keeps to the standard only nearly.
    """

    start: int
    end: int
    value: Any
    flaw: str | None = None
    is_loose: bool = False


class _Flawed(ValueError):
    """JSON by its syntax, but not by what it says."""


def json_places(
    text: str, is_mark: Callable[[str], bool] | None, budget: ReadingBudget | None = None
) -> list[JsonPlace]:
    """All objects and lists of a text that lie in no other, in order.

    Args:
        text: any text.
        is_mark: tells the keys that only a reply has. What begins with one of them and breaks off is named, too, and
            what may hide one, and that something is begun where the text ends. None: no reply is looked for.
        budget: what may be read loosely.

    Raises:
        NotJson: there are too many brackets to tell.
        TooDeep
    """
    places: list[JsonPlace] = []
    reader = _Reader(text, is_mark or _is_no_mark, budget or ReadingBudget())
    at = 0
    while start := _START.search(text, at):
        place = reader.place(start.start())
        if place is not None:
            places.append(_whole(text, place))
        at = start.end() if place is None else place.end
    if is_mark is None:
        return places
    if reader.broken_off is not None:
        places.append(JsonPlace(reader.broken_off, len(text), None, _BROKEN_OFF))
    if not any(place.is_loose for place in places):
        return places
    return [_open(text, place, is_mark, is_bare=reader.has_bare_keys) for place in places]


def _is_no_mark(_: str) -> bool:
    return False


def _open(text: str, place: JsonPlace, is_mark: Callable[[str], bool], *, is_bare: bool) -> JsonPlace:
    """The place, with a flaw where it may hide a part of a reply. Asked only beside what was read loosely.

    In what keeps to the standard, no string can hold the strings of another.
    """
    strings = _STRING.finditer(text, place.start, place.end) if not place.is_loose and place.flaw is None else ()
    is_hiding = any(hides_key(string.group(1), is_mark, is_bare=is_bare) for string in strings)
    return place._replace(value=None, flaw=_HIDDEN) if is_hiding else place


def holds_object(text: str) -> bool:
    """Whether a text holds an object, or a list of some, and no two of them differ. Words beside it are no matter."""
    try:
        places = json_places(text, None, ReadingBudget(_LOOSE_CHARS_TO_TELL))
        values = [place.value for place in places if _has_object(place)]
    except NotJson:
        return False
    return bool(values) and all(same_value(values[0], value) for value in values[1:])


def may_hold_object(text: str) -> bool:
    """Whether a text holds any object, or more brackets than can be told."""
    try:
        return any(map(_has_object, json_places(text, None, ReadingBudget(_LOOSE_CHARS_TO_TELL))))
    except NotJson:
        return True


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

    def __init__(self, text: str, is_mark: Callable[[str], bool], budget: ReadingBudget) -> None:
        self._text = text
        self._loose = LooseReader(text, is_mark)
        self._starts = _MOST_STARTS
        self._strict_chars = _STRICT_READINGS * len(text)
        self._budget = budget
        self.broken_off: int | None = None  # where something begins that goes on to the end of the text

    @property
    def has_bare_keys(self) -> bool:
        """Whether keys without quotation marks were met."""
        return self._loose.has_bare_keys

    def place(self, start: int) -> JsonPlace | None:
        """What begins at `start`, None where it is no JSON however loosely it is read.

        Raises:
            NotJson: too much was read.
            TooDeep
        """
        self._starts -= 1
        if min(self._starts, self._strict_chars, self._budget.loose_chars) < 0:
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
            value, end = loose.read(start, min(MOST_CHARS, self._budget.loose_chars))
            hidden = JsonPlace(start, end, None, _HIDDEN, is_loose=True)
            read = JsonPlace(start, end, value, loose.flaw, is_loose=loose.marked)
            place: JsonPlace | None = hidden if loose.hidden else read
        except NearlyJson as exc:
            end = exc.at
            place = JsonPlace(start, end, None, str(exc), is_loose=True) if loose.marked else None
            if place is None and end >= len(self._text) and self._text[start] == "{" and self.broken_off is None:
                self.broken_off = start
        self._strict_chars -= end - start
        self._budget.loose_chars -= end - start
        if place is None and self._budget.loose_chars < 0:
            raise NotJson("too much of it keeps to the standard only nearly")
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
