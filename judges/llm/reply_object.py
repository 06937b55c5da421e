"""Finds the one object in a judge model's reply that fits. What stands beside it is no matter, unless it differs.

Two objects that fit and differ are a fault, wherever they stand: text under judgement may have brought the model to
write one of them. So are an object that fits and another that was meant to and does not. A fault is named for the
repair turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, NamedTuple, NoReturn, TypeVar

from assay.judges.errors import IncompleteVerdict, InvalidVerdict
from assay.judges.llm.fence import one_line
from assay.judges.llm.reply_search import ReplyForm, ReplySearch
from assay.judges.llm.spelling import Misfit
from assay.judges.text.json_places import JsonPlace, ReadingBudget, json_places
from assay.judges.text.strict_json import NotJson, TooDeep, strict_loads, unfenced

MAX_REPLY_CHARS = 1_000_000
KEPT_REPLY_CHARS = 2_000

_MOST_BRACKETS = 50_000
"""Objects and lists of one reply. Decoding more would hold up the whole process for longer than it should."""

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""White space, control characters and halves of surrogate pairs: `\\n\\t`."""

_BLANK = re.compile(r"\s+")
"""White space: `\\n`."""

_MARKUP = re.compile(r"[`~]{3,}\s*\w*|<[^<>\n]{0,60}>|\[/?[A-Z_]+\]")
"""What stands around an object and is no word: a fence, a tag, an end token such as `</s>`."""

_LABEL = re.compile(r"(?<![^\W\d_])[A-Z]\d{0,7}\s?:|<<<\w{8,64} [A-Z]+|\b\w{8,64}>>>")
"""What leads a line of the prompt, `E1:`, or stands around a section. It is left out of quotations."""

_ENCODED_KEY = re.compile(r'\\"([\w‐ -]{1,40})\\+"\s{0,9}:')
"""A key in an object that was encoded once more: `\\"sentences\\":`."""

_MOST_COMPARED = 500_000_000
"""Characters of shown texts that objects are looked for in, all objects together. More take half a second."""

_BEGUN = re.compile(r"[{\[]")
"""Where an object or a list begins: `{`."""

_LETTER = re.compile(r"[^\W\d_]")
"""A letter: `a`."""


T = TypeVar("T")


class PlacedReply(NamedTuple, Generic[T]):
    """What a reply says, and where in its text the object stands. No place where it stands there encoded."""

    answer: T
    place: tuple[int, int] | None


def read_fitting(text: str, form: ReplyForm[T], shown: Iterable[str] = ()) -> PlacedReply[T]:
    """What the one object in a reply says that fits.

    Args:
        text: the model's whole answer.
        form: what was asked for.
        shown: the texts the model was shown. An object among words that stands in one of them is a quotation.

    Raises:
        IncompleteVerdict: the object fits as far as it goes.
        InvalidVerdict: anything else. The message names the fault and repeats nothing of the reply.
    """
    if len(text) > MAX_REPLY_CHARS:
        fault(text, f"the reply is longer than {MAX_REPLY_CHARS} characters")
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        fault(text, f"the reply has more than {_MOST_BRACKETS} brackets")
    if not text.strip():
        fault(text, "the reply is empty; what the model wrote may have been taken for its reasoning")
    try:
        search = _search(text, form)
        answer = _one_of(search, form)
    except Misfit as misfit:
        kind = IncompleteVerdict if misfit.is_incomplete else InvalidVerdict
        raise kind(str(misfit), reply=text[:KEPT_REPLY_CHARS]) from None
    if _is_quoted(text, search.places, shown):
        fault(text, "the object among your words is one of the text under judgement")
    alone = search.places[0] if len(search.places) == 1 else None
    return PlacedReply(answer, None if alone is None else (alone.start, alone.end))


def goes_on(text: str) -> bool:
    """Whether a text that was cut off had more to say than the object in it: that may have been a quotation.

    Words after an object that begins the text are no matter, unless what follows is the rest of a string or an object.
    """
    plain = _MARKUP.sub("", text).strip()
    begun, ended = _BEGUN.search(plain), max(plain.rfind("}"), plain.rfind("]")) + 1
    if begun is None or not plain[ended:].strip():
        return False
    return _LETTER.search(plain, 0, begun.start()) is not None or plain[ended:].lstrip()[0] in "\"'“”,:"


def printable(text: str | None) -> str:
    """A model's own words on one line, without what no screen shows. Empty where it has none."""
    return _UNPRINTABLE.sub(" ", text or "").strip()


def fault(text: str, message: str) -> NoReturn:
    """Raise what the repair turn is told.

    Raises:
        InvalidVerdict
    """
    raise InvalidVerdict(message, reply=text[:KEPT_REPLY_CHARS]) from None


def _search(text: str, form: ReplyForm[T]) -> ReplySearch[T]:
    """All that the text holds of replies.

    Raises:
        Misfit: it holds nothing that is meant as one, or more brackets than can be told apart.
    """
    budget = ReadingBudget()
    search = ReplySearch(form, budget)
    try:
        complaint = _look(text, form, search, budget)
    except TooDeep:
        raise Misfit("the JSON is nested too deeply") from None
    except NotJson as exc:
        raise Misfit(f"not a JSON object: {exc}") from None
    if search.is_empty:
        raise Misfit(complaint)
    return search


def _look(text: str, form: ReplyForm[T], search: ReplySearch[T], budget: ReadingBudget) -> str:
    """Look through the text, and say what to complain of where nothing in it is meant as a reply."""
    whole = unfenced(text).strip()
    try:
        value = strict_loads(whole)
    except TooDeep:
        raise
    except NotJson as exc:
        complaint = f"not a JSON object: {exc}"
        places = json_places(text, form.is_mark, budget)
        for place in places:
            search.look_at(place)
        if any(form.is_mark(key[1]) for key in _ENCODED_KEY.finditer(_outside(text, places))):
            search.faults.append(Misfit("not a JSON object: an object is encoded as text; give it as it is"))
        return complaint
    start = text.index(whole)
    search.look_at(JsonPlace(start, start + len(whole), value))
    return "the reply must be a JSON object, in the form that was asked for"


def _one_of(search: ReplySearch[T], form: ReplyForm[T]) -> T:
    """The one reply among what was found.

    Raises:
        Misfit
    """
    if not search.fits:
        if search.pieces and not search.faults and not search.blanks:
            return form.fit(search.pieces)
        raise (search.faults or search.blanks)[-1]
    (answer, value), *others = search.fits
    if others or search.faults or any(form.contradicts(value, piece) for piece in search.pieces):
        raise Misfit("the reply holds two objects that differ; give one")
    return answer


def _is_quoted(text: str, places: list[JsonPlace], shown: Iterable[str]) -> bool:
    """Whether the object stands among words and was taken from a text the model was shown."""
    if not places or not _LETTER.search(_MARKUP.sub("", _outside(text, places))):
        return False
    objects = {_bare(text[place.start : place.end]) for place in places}
    seen = "".join(_bare(one_line(other)) for other in shown)  # as one: an object may be spread over several texts
    if len(objects) * len(seen) > _MOST_COMPARED:
        fault(text, "the reply holds too many objects")
    return any(quoted in seen for quoted in objects)


def _bare(text: str) -> str:
    """A text without blanks and the labels of lines."""
    return _BLANK.sub("", _LABEL.sub("", text))


def _outside(text: str, places: list[JsonPlace]) -> str:
    """The words beside all objects."""
    words: list[str] = []
    at = 0
    for place in sorted(places):
        words.append(text[at : place.start])
        at = max(at, place.end)
    return "".join((*words, text[at:]))
