"""Which telephone numbers are the same one, with the code of a country and without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
    "81 82 84 86 90 91 92 93 94 95 98"
)
"""Codes of countries with two digits, e.g. `49`. `1` and `7` have one, all others three."""

_ZERO_STAYS = "39 378 225 241 242"
"""Countries where the first zero is part of the number, e.g. `39`: `+39 06 1234`."""

_ZERO_AT_HOME = "20 27 31 32 33 40 41 43 44 46 49 60 61 62 63 64 66 81 82 84 90 92 353 358 380 972"
"""Countries whose numbers begin with a zero at home, e.g. `49`: a number without one is another country's."""

_AT_HOME = {"1": ("1",), "7": ("8",), "36": ("06",)}
"""What numbers begin with at home where it is no zero, e.g. `8` in Russia."""

_FEWEST_DIGITS = 7
"""So many digits a number has without its area, e.g. `1234567`."""

_MOST_LOCAL_DIGITS = 8

_LONGEST_AREA = 4
"""Digits of an area without its zero."""


def international_key(digits: str) -> str:
    """The normal form of a number with a country's code: `+49301234567` for `49 030 1234567`."""
    code = country_code(digits)
    rest = digits[len(code) :]
    return f"+{code}{rest if code in _ZERO_STAYS.split() else rest.removeprefix('0')}"


def country_code(digits: str) -> str:
    """The code that a number begins with, e.g. `49`."""
    if digits[:1] in _ONE_DIGIT:
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO_DIGITS.split() else digits[:3]


def spellings(key: str) -> Iterator[str]:
    """The digits by which a number may be written, with its country and at home, e.g. `0301234567`."""
    digits = key.removeprefix("+")
    if len(digits) >= _FEWEST_DIGITS:
        yield digits
    if key.startswith("+"):
        code = country_code(digits)
        yield from (form for form in _at_home(code, digits[len(code) :]) if len(form) >= _FEWEST_DIGITS)


def _at_home(code: str, rest: str) -> Iterator[str]:
    """How a country writes its own number."""
    if code not in _ZERO_AT_HOME.split():
        yield rest
    if code not in _ZERO_STAYS.split() and code not in _AT_HOME:
        yield f"0{rest}"
    yield from (f"{trunk}{rest}" for trunk in _AT_HOME.get(code, ()))


def _national(key: str) -> str:
    """The digits of a number without its country, and without the zero of a long distance call."""
    if key.startswith("+"):
        return key[1 + len(country_code(key[1:])) :]
    return key.removeprefix("0")


class PhoneBook:
    """The numbers of a sample. One that is written without its country belongs to the first that it may be."""

    def __init__(self) -> None:
        self._same: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        self._waiting: set[str] = set()
        self._endings: dict[str, str | None] = {}

    def note(self, keys: Iterable[str]) -> None:
        """Learn numbers, in the order in which they stand."""
        for key in keys:
            if key not in self._same:
                self._same[key] = self._whole_of(key)
                self._note_ending(key)

    def name(self, key: str) -> str:
        """The key that stands for a number: the same for all of its spellings."""
        self.note((key,))
        same = self._same[key]
        if same == key and not key.startswith("+") and len(key) <= _MOST_LOCAL_DIGITS:
            ending = self._endings.get(key)
            return self._same[ending] if ending else key
        return same

    def _whole_of(self, key: str) -> str:
        if not key.startswith("+"):
            if key not in self._whole:
                self._waiting.add(key)
            return self._whole.get(key, key)
        for form in spellings(key):
            self._whole.setdefault(form, key)
            if form in self._waiting:  # A number belongs to one country only: the next one that ends so is another.
                self._waiting.discard(form)
                self._same[form] = key
        return key

    def _note_ending(self, key: str) -> None:
        """Remember what a number ends with. Where two numbers end alike, the end alone belongs to neither."""
        home, same = _national(key), self._same[key]
        for size in range(_FEWEST_DIGITS, _MOST_LOCAL_DIGITS + 1):
            if not 1 <= len(home) - size <= _LONGEST_AREA:
                continue
            ending = home[-size:]
            known = self._endings.setdefault(ending, same)
            if known is not None and self._same.get(known, known) != same:
                self._endings[ending] = None
