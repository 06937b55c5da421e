"""Whether a sentence has the words of its passage with one phrase moved, as in `Since May she leads it`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.local.other_languages.vocabulary import SmallWords
from assay.judges.local.other_languages.words import Words, same_word
from assay.judges.text.languages import ALL_SMALL_WORDS

_MOST_UNITS = 40


class Unit(NamedTuple):
    """A word of content with the small words before it, as prepositions are, without articles."""

    lead: tuple[str, ...]
    form: str


def is_moved_phrase(sentence: Words, passage: Words, small: SmallWords) -> bool:
    """Whether the two say the same words, and one phrase with a preposition stands elsewhere.

    The phrase must stand at the front or the end of one of the two. Besides it, one word may have moved: the verb of
    German and its kin. Of a passage of several clauses, or where two words changed places, nothing is known.
    """
    if any(passage.parted[1:]) or sum(sentence.parted[1:]) > 1:
        return False
    here, there = _units(sentence.forms, small), _units(passage.forms, small)
    if not small.free or len(here) != len(there) or len(here) > _MOST_UNITS:
        return False
    order = _places(here, there)
    return order is not None and any(
        _rest_in_order(order, start, end) for start, end in _phrases(order, here) if end - start < len(order)
    )


def _units(forms: Sequence[str], small: SmallWords) -> list[Unit]:
    units = []
    lead: list[str] = []
    for form in forms:
        if form in small.free:
            continue
        if form in ALL_SMALL_WORDS or form in small.negations or form in small.limits or form in small.placing:
            lead.append(form)
        else:
            units.append(Unit(tuple(lead), form))
            lead = []
    return [*units, Unit(tuple(lead), "")] if lead else units


def _places(here: Sequence[Unit], there: Sequence[Unit]) -> list[int] | None:
    """Where each unit stands in the other text. None where one is not there, or there twice."""
    places = []
    for unit in here:
        equal = [place for place, other in enumerate(there) if _same_unit(unit, other)]
        if len(equal) != 1:
            return None
        places += equal
    return places if len(set(places)) == len(places) else None


def _same_unit(first: Unit, second: Unit) -> bool:
    return first.lead == second.lead and same_word(first.form, second.form)


def _phrases(order: Sequence[int], units: Sequence[Unit]) -> list[tuple[int, int]]:
    """The phrases that begin with a preposition, keep together, and stand at the front or the end of either text."""
    last = len(order) - 1
    phrases: list[tuple[int, int]] = []
    for start, unit in enumerate(units):
        end = start + 1
        while unit.lead and end <= last and order[end] == order[end - 1] + 1:
            end += 1
        phrases += [
            (start, stop)
            for stop in range(start + 1, end + 1)
            if unit.lead and (start == 0 or stop > last or order[start] == 0 or order[stop - 1] == last)
        ]
    return phrases


def _rest_in_order(order: Sequence[int], start: int, end: int) -> bool:
    """Whether all but one of the other units stand in one order in both texts."""
    rest = [*order[:start], *order[end:]]
    tails: list[int] = []
    for place in rest:
        position = bisect_left(tails, place)
        tails[position : position + 1] = [place]
    return len(tails) >= len(rest) - 1
