"""What a model meant where it did not quite keep to the schema, as long as only one thing can be meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from assay.judges.text.strict_json import same_value

_SEPARATORS = re.compile(r"[ \u00a0_‐‑-]+")
"""What may differ in the spelling of a word: `-`, `_`, a blank."""

_AROUND = " \t\r\n.:*'\"“”`"
"""What may stand around a word and is no part of it, e.g. a full stop."""

_NUMBER = re.compile(r"[\[(#\s]*([A-Za-z]?)\s*(\d{1,7})[\])\s.]*")
"""A number with its letter or in brackets: `E1`, `[3]`."""

_SHARE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,12})?)\s*(%|per ?cent)?\s*")
"""A probability as text: `97 %`."""

_LIST_MARKS = re.compile(r"\s*[,;]\s*|\s+and\s+|(?<=[\w\])])\s+(?=[\[(#\w])")
"""What separates the numbers of a list that is written as text: `, `."""

_LONGEST_KEY = 40
_LONGEST_LIST = 4_000
_NOTHING = {"", "none", "null", "n/a"}
_PER_CENT = 100


class Misfit(ValueError):
    """What a model wrote does not fit. The message names the fault and repeats nothing of the reply.

    `is_incomplete`: it fits as far as it goes, but something is missing.
    """

    def __init__(self, message: str, *, is_incomplete: bool = False) -> None:
        """Name the fault."""
        super().__init__(message)
        self.is_incomplete = is_incomplete


def squeezed(word: str) -> str:
    """A word without what its spellings differ in: `Not-Found` is `notfound`."""
    return _squeezed_key(word) if len(word) <= _LONGEST_KEY else _squeeze(word)


def _squeeze(word: str) -> str:
    return _SEPARATORS.sub("", word.strip(_AROUND)).casefold()


_squeezed_key = lru_cache(maxsize=1_024)(_squeeze)


class KeyNames:
    """The names an object's keys may have, in whatever spelling."""

    def __init__(self, names: Iterable[str]) -> None:
        """Keep the names."""
        self.exact = frozenset(names)
        self.by_spelling = {squeezed(name): name for name in self.exact}

    def __contains__(self, key: str) -> bool:
        """Whether a key is one of the names."""
        return key in self.exact or squeezed(key) in self.by_spelling


def split_members(data: Mapping[str, Any], names: KeyNames) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The members of an object that are known, by their names, and the others.

    Raises:
        Misfit: two keys mean the same and say different things.
    """
    if data.keys() <= names.exact:
        return data, {}
    known: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, value in data.items():
        name = names.by_spelling.get(squeezed(key))
        if name is None:
            others[key] = value
        elif name in known and not same_value(known[name], value):
            raise Misfit("an object has the same key twice")
        else:
            known[name] = value
    return known, others


def word_among(value: object, words: Mapping[str, Any]) -> Any | None:
    """What the squeezed spelling of a value stands for, None where it is no such word."""
    return words.get(squeezed(value)) if isinstance(value, str) else None


def is_nothing(value: object) -> bool:
    """Whether a value says that there is none, e.g. null or `n/a`."""
    return value is None or (isinstance(value, str) and squeezed(value) in _NOTHING)


def whole_number(value: object, letters: str) -> int:
    """A number that may be written with its letter, in quotation marks or in brackets.

    Raises:
        Misfit: it is no whole number, or carries the letter of something else.
    """
    if isinstance(value, str):
        number = _NUMBER.fullmatch(value)
        if number is None or number.group(1).upper() not in ("", *letters):
            raise Misfit("must be a whole number")
        return int(number.group(2))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise Misfit("must be a whole number")
    return value


def whole_numbers(value: object, letters: str) -> tuple[int, ...]:
    """Numbers in a list, in one text, or a single one. None and empty text are none.

    Raises:
        Misfit
    """
    if is_nothing(value):
        return ()
    items: Collection[object] = value if isinstance(value, list) else (value,)
    if any(isinstance(item, str) and len(item) > _LONGEST_LIST for item in items):
        raise Misfit("is too long a list")
    numbers: list[int] = []
    for item in items:
        parts: Collection[object] = _LIST_MARKS.split(item.strip("[]() ")) if isinstance(item, str) else (item,)
        numbers += [whole_number(part, letters) for part in parts]
    return tuple(numbers)


def is_per_cent(value: object) -> bool:
    """Whether a probability can only be in per cent."""
    if isinstance(value, str):
        written = _SHARE.fullmatch(value)
        return written is not None and (bool(written.group(2)) or float(written.group(1)) > 1)
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 1


def share(value: object, *, among_per_cents: bool) -> float | None:
    """A probability between 0 and 1, written in per cent or as a share. None where it is left out.

    Nobody is one per cent sure of the verdict they just gave, so a 1 is a share. Beside per cents it is one per cent,
    however it is spelt: whoever writes it contradicts the verdict, which is for the caller to see.

    Raises:
        Misfit: it is no probability.
    """
    if is_nothing(value):
        return None
    number, in_per_cent = _number_of(value)
    in_per_cent = in_per_cent or number > 1 or (number == 1 and among_per_cents)
    probability = number / _PER_CENT if in_per_cent else number
    if not 0 <= probability <= 1:
        raise Misfit("must be between 0 and 100")
    return probability


def _number_of(value: object) -> tuple[float, bool]:
    """The number, and whether a sign says that it is in per cent."""
    if isinstance(value, str):
        written = _SHARE.fullmatch(value)
        if written is None:
            raise Misfit("must be a number between 0 and 100")
        return float(written.group(1)), bool(written.group(2))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("must be a number between 0 and 100")
    if not 0 <= value <= _PER_CENT:
        raise Misfit("must be between 0 and 100")
    return float(value), False
