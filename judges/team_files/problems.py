"""What pydantic finds wrong with a file, by its place and in plain words with a remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from assay.judges.team_files.near_names import did_you_mean, keys_of, models_at, nearest
from assay.judges.team_files.reading import Place
from assay.judges.team_files.value_words import words_of

_JSON_TAG = "dict[str,json-or-python["
_TAG = re.compile(r"[a-z_-]+\[.*|str|int|float|bool|date|datetime|constrained-\w+", re.DOTALL)
"""A name of pydantic's for a member of a union, e.g. `tuple[str, ...]` or `float`."""

_NAMED_KEY = re.compile(r"([a-z_][\w.]*): ")
"""How a check over several keys says which one it means: `scores: `."""


def first_problem(
    exc: ValidationError, value: Any = None, model: type[BaseModel] | None = None, *, is_json: bool = True
) -> tuple[str, str]:
    """The key and the remedy of a validation's first problem, for one line of message.

    Args:
        exc: what pydantic raised.
        value: what was validated. None where it is not at hand: then the place is as pydantic tells it.
        model: what it was validated by, for the keys that were meant.
        is_json: it was JSON, where text stands in quotes already.
    """
    place, remedy = problem_at(exc, value, model, is_json=is_json)
    return ".".join(map(str, place)) or "file", remedy


def problem_at(
    exc: ValidationError, value: Any, model: type[BaseModel] | None, *, is_json: bool = False
) -> tuple[Place, str]:
    """The place and the remedy of a validation's first problem."""
    problems = exc.errors(include_url=False)
    places = [_place(problem, value, model) for problem in problems]
    at = _most_telling(problems, places)
    problem, place = problems[at], places[at]
    if any(str(part).startswith(_JSON_TAG) for part in problem["loc"]):
        return place, "holds what JSON does not have, as a date or a key that is a number; put it in quotes"
    if isinstance(problem["input"], bool) and (problem["type"] == "invalid_key" or problem["loc"][-1:] == ("[key]",)):
        # pydantic's place ends with the number that a truth is, which no reader finds in the file.
        return place[:-1], "YAML reads the keys yes, no, on and off as true or false; put the key in quotes"
    if problem["type"] == "extra_forbidden":
        return place, _unknown_key(str(place[-1]), problem["loc"][:-1], model)
    here = [problem, *(other for other, where in zip(problems, places, strict=True) if where == place)]
    return _told_place(place, words_of(here, place, is_json=is_json), problem["input"])


def _told_place(place: Place, remedy: str, value: Any) -> tuple[Place, str]:
    """A check over several keys may say itself which one it means."""
    named = _NAMED_KEY.match(remedy)
    if named is None:
        return place, remedy
    keys = tuple(named.group(1).split("."))
    is_key = not place or (isinstance(value, dict) and keys[0] in value)
    return ((*place, *keys), remedy[named.end() :]) if is_key else (place, remedy)


def _place(problem: Any, value: Any, model: type[BaseModel] | None) -> Place:
    """Where a problem is, without pydantic's names for the members of a union."""
    loc: Place = problem["loc"]
    tag = next((at for at, part in enumerate(loc) if str(part).startswith(_JSON_TAG)), None)
    loc = loc[:tag]
    if value is None:
        return tuple(part for part in loc if isinstance(part, int) or not _TAG.fullmatch(part))
    place: list[int | str] = []
    for at, part in enumerate(loc):
        is_there, inner = _inner(value, part)
        is_missing = at == len(loc) - 1 and problem["type"] == "missing"
        if is_there or is_missing or (model is not None and _is_key(model, loc[:at], part)):
            place.append(part)
            value = inner
    return tuple(place)


def _is_key(model: type[BaseModel], place: Place, part: int | str) -> bool:
    return any(part in keys_of(each) for each in models_at(model, place))


def _inner(value: Any, part: int | str) -> tuple[bool, Any]:
    if isinstance(value, dict):
        return part in value, value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and 0 <= part < len(value):
        return True, value[part]
    return False, None


def _most_telling(problems: Sequence[Any], places: Sequence[Place]) -> int:
    """Which problem to tell: the first, unless another says why that one is there.

    A key is missing because it is misspelt. A value suits no member of a union, and is meant for the one in which its
    own keys were looked at.
    """
    first = places[0]
    if problems[0]["type"] == "missing":
        for at, (problem, place) in enumerate(zip(problems, places, strict=True)):
            is_beside = problem["type"] == "extra_forbidden" and place[:-1] == first[:-1]
            if is_beside and nearest(str(place[-1]), [str(first[-1])]):
                return at
    deeper = [at for at, place in enumerate(places) if len(place) > len(first) and place[: len(first)] == first]
    return deeper[0] if deeper and isinstance(problems[0]["input"], dict | list) else 0


def _unknown_key(name: str, place: Place, model: type[BaseModel] | None) -> str:
    """What to do about a key that is none: the one that was meant, the place it belongs to, or those there are."""
    if model is None:
        return "unknown key; remove it or check its spelling against the schema"
    models = models_at(model, place) or [model]
    known = list(dict.fromkeys(key for each in models for key in keys_of(each)))
    if nearest(name, known) is None:
        homes = (*((key, models_at(model, (*place, key))) for key in known), ("the top level", [model]))
        for home, inner in homes:
            if any(name in keys_of(each) for each in inner):
                return f"unknown key here; it belongs under {home}" if home in known else f"belongs at {home}; move it"
    return f"unknown key; {did_you_mean(name, known, 'keys here')}"
