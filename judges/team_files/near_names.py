"""Which name was meant, and which keys a place of a model has."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

_SHORTEST_PREFIX = 3
_MOST_LISTED = 14


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one is meant to be. None where no name is near."""
    plain = {_plain(candidate): candidate for candidate in known}
    given = _plain(name)
    if given in plain:
        return plain[given]
    if matches := get_close_matches(given, plain, 1, 0.65):
        return plain[matches[0]]
    # e.g. `env` for `environment`, `rubric_name` for `rubric`
    longer = [full for full in plain if full.startswith(given) and len(given) >= _SHORTEST_PREFIX]
    longer += [full for full in plain if given.startswith(full) and len(full) > _SHORTEST_PREFIX]
    return plain[longer[0]] if longer else None


def did_you_mean(name: str, known: Iterable[str], listed: str = "known") -> str:
    """`did you mean 'grounding'? known: …`, as the end of a message about an unknown name.

    Args:
        name: what was written.
        known: what there is.
        listed: the word before the list.
    """
    names = list(known)
    near = nearest(name, names)
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    listing = f"{listed}: {', '.join(names[:_MOST_LISTED]) or 'none'}{more}"
    return listing if near is None else f"did you mean {near!r}? {listing}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model, as files have them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def models_at(annotation: Any, place: Sequence[int | str]) -> list[type[BaseModel]]:
    """The models whose keys a place may have.

    Args:
        annotation: a model, or the annotation of a field.
        place: as pydantic tells it; the members of a union that it names are followed.
    """
    current = [annotation]
    for part in place:
        current = [inner for each in current for inner in _step(each, part)]
    return [member for each in current for member in _members(each) if _is_model(member)]


def _step(annotation: Any, part: int | str) -> Iterator[Any]:
    """What lies behind a key, a position, or the name of a union's member, which leads nowhere else."""
    for member in _members(annotation):
        origin, arguments = get_origin(member), get_args(member)
        if _is_model(member):
            fields = {field.alias or name: field.annotation for name, field in member.model_fields.items()}
            if part in fields:
                yield fields[str(part)]
            elif part == member.__name__ or part in _tags(member):
                yield member
        elif origin is dict and len(arguments) == 2:
            yield arguments[1]
        elif origin in (tuple, list) and arguments:
            yield arguments[0] if isinstance(part, int) else member


def _members(annotation: Any) -> Iterator[Any]:
    """The members of a union, with `Annotated` and aliases taken off."""
    if hasattr(annotation, "__value__"):
        yield from _members(annotation.__value__)
    elif hasattr(annotation, "__metadata__"):
        yield from _members(annotation.__origin__)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _tags(model: type[BaseModel]) -> set[str]:
    """The words by which a union tells its members apart: the only values of a field."""
    literals = (field.annotation for field in model.model_fields.values())
    return {value for literal in literals if get_origin(literal) is Literal for value in get_args(literal)}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_").strip("_")
