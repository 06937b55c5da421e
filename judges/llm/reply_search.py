"""Looks through the objects of a reply for what is meant as the answer: whole, in a wrapper, or encoded once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

from assay.judges.llm.spelling import Misfit, squeezed
from assay.judges.text.json_places import JsonPlace, ReadingBudget, json_places
from assay.judges.text.loose_json import hides_key
from assay.judges.text.strict_json import NotJson, same_value, strict_loads

_MOST_WRAPPERS = 6
_FREE_TEXT = frozenset(
    {"reason", "fragment", "quote", "thought", "thoughts", "thinking", "reasoning", "reasoningcontent", "analysis"}
    | {"explanation", "rationale", "evidence", "comment", "note", "notes", "scratchpad", "reflection"}
)
"""Keys whose text is words about the answer, e.g. `reason`. An object quoted in it is none that was given."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ReplyForm(Protocol[T_co]):
    """What one call wants to hear. It knows the names and numbers of that very call."""

    def is_mark(self, key: str) -> bool:
        """Whether only a reply has such a key."""
        ...

    def is_reply(self, value: object) -> bool:
        """Whether a value is meant as a whole reply, however faulty."""
        ...

    def is_piece(self, value: object) -> bool:
        """Whether a value is meant as one entry of a reply."""
        ...

    def is_hint(self, value: object) -> bool:
        """Whether a value that is neither a reply nor a piece of one tells of verdicts in a form of its own."""
        ...

    def is_blank(self, value: object) -> bool:
        """Whether what is meant as a reply says nothing yet: a draft without entries."""
        ...

    def fit(self, value: Any) -> T_co:
        """What a whole reply says, or a list of all its pieces.

        Raises:
            Misfit: names the fault.
        """
        ...

    def contradicts(self, value: Any, piece: Any) -> bool:
        """Whether a piece says something else than a reply that fits."""
        ...

    def beside(self, value: Any) -> Iterator[object]:
        """The objects and lists a reply holds under keys that mean nothing in it."""
        ...


class ReplySearch(Generic[T]):
    """What was found in one reply.

    Attributes:
        fits: replies that fit and differ, each with the value it was read from.
        places: where in the text each object stands that holds a reply.
        faults: what is wrong with those that do not fit, those that say something first.
        pieces: entries that stand alone.
    """

    def __init__(self, form: ReplyForm[T], budget: ReadingBudget) -> None:
        """Begin with nothing.

        Args:
            form: what was asked for.
            budget: what may be read loosely of the whole reply.
        """
        self._form = form
        self._budget = budget
        self.fits: list[tuple[T, Any]] = []
        self.places: list[JsonPlace] = []
        self.faults: list[Misfit] = []
        self.blanks: list[Misfit] = []
        self.pieces: list[Any] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was met that is meant as a reply."""
        return not (self.fits or self.faults or self.blanks or self.pieces)

    def look_at(self, place: JsonPlace) -> None:
        """Take up what stands in one place of the text."""
        inside = ReplySearch(self._form, self._budget)
        inside.look_in(place.value)
        if place.flaw is not None:
            if place.value is None or not inside.is_empty:
                self.faults.append(Misfit(f"not a JSON object: {place.flaw}"))
            return
        if not inside.is_empty:
            self.places.append(place)
        self._join(inside)

    def look_in(self, value: object, level: int = 0) -> None:
        """Take up a value, or what it wraps."""
        if level > _MOST_WRAPPERS:
            if self._holds_mark(value):
                self.faults.append(Misfit("a reply stands inside too many objects"))
            return
        if self._form.is_reply(value):
            self._take(value, level)
        elif self._form.is_piece(value):
            self.pieces.append(value)
        elif isinstance(value, str):
            self._look_in_text(value, level)
        elif self._form.is_hint(value):
            self.faults.append(Misfit("the reply must be a JSON object, in the form that was asked for"))
        else:
            for inner in _wrapped(value):
                self.look_in(inner, level + 1)

    def _holds_mark(self, value: object) -> bool:
        """Whether anything inside a value has the key of a reply. It may be nested as deeply as JSON can be."""
        inside = [value]
        while inside:
            inner = inside.pop()
            if isinstance(inner, dict):
                if any(map(self._form.is_mark, inner)) or self._form.is_hint(inner):
                    return True
                inside += inner.values()
            elif isinstance(inner, list):
                inside += inner
            elif isinstance(inner, str) and hides_key(inner.replace("\\", ""), self._form.is_mark, is_bare=True):
                return True
        return False

    def _take(self, value: Any, level: int) -> None:
        try:
            self._add(self._form.fit(value), value)
        except Misfit as fault:
            (self.blanks if self._form.is_blank(value) else self.faults).append(fault)
            return
        for inner in self._form.beside(value):
            self.look_in(inner, level + 1)

    def _look_in_text(self, text: str, level: int) -> None:
        """An object that was encoded once more. Words with an object in them are words."""
        stripped = text.strip("\ufeff \t\r\n`").removeprefix("json").lstrip()
        if stripped.startswith('"'):
            self.look_in(_decoded(stripped), level + 1)
        if not stripped.startswith(("{", "[")):
            return
        for place in json_places(text, self._form.is_mark, self._budget):
            if place.flaw is not None:
                self.faults.append(Misfit(f"not a JSON object: {place.flaw}"))
            else:
                self.look_in(place.value, level + 1)

    def _add(self, reply: T, value: Any) -> None:
        if not any(same_value(value, other) or reply == known for known, other in self.fits):
            self.fits.append((reply, value))

    def _join(self, inside: ReplySearch[T]) -> None:
        for reply, value in inside.fits:
            self._add(reply, value)
        self.faults += inside.faults
        self.blanks += inside.blanks
        self.pieces += inside.pieces


def _wrapped(value: object) -> Iterator[object]:
    """What a wrapper holds: the items of a list, the values of an object, text of its own words left out."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not (isinstance(inner, str) and squeezed(key) in _FREE_TEXT):
                yield inner


def _decoded(text: str) -> object:
    """What a JSON string holds, None where the text is none."""
    try:
        return strict_loads(text)
    except NotJson:
        return None
