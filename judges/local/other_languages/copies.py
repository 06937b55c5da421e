"""Whether a passage says a sentence in the same words, in a language whose words are not known.

A copy has all its words from one passage, in order, or as that moves one phrase to the front or the end. It may leave
out a phrase, and add what the language's grammar adds. Any other word may change everything, and leaves it undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

from assay.judges.local.other_languages.order import is_moved_phrase
from assay.judges.local.other_languages.vocabulary import SmallWords
from assay.judges.local.other_languages.words import Words, is_number, same_word

MOST_WORDS = 120
"""Words of a sentence and of a passage that are compared: it takes the product of both."""

_MOST_LEFT_OUT = 3
"""Words of one phrase that a copy may leave out."""

_AROUND = 2
_MOST_SHIFTS = 4
_GLUED_AND = "وו"
_LEAST_GLUED = 2


class Likeness(StrEnum):
    """How a sentence is to a passage."""

    COPY = "copy"
    OPPOSITE = "opposite"
    OTHER_NUMBER = "other number"
    UNKNOWN = "unknown"


def likeness(sentence: Words, passage: Words, small: SmallWords | None) -> Likeness:
    """How the sentence is to the passage. Without the small words of the language only a whole clause is a copy."""
    if max(len(sentence.forms), len(passage.forms)) > MOST_WORDS:
        return Likeness.UNKNOWN
    pairs = common_words(sentence.forms, passage.forms)
    if not pairs:
        return Likeness.UNKNOWN
    small = small or SmallWords()
    placed = {place for place, _ in pairs}
    added = [place for place, form in enumerate(sentence.forms) if place not in placed and form not in small.free]
    negated = [place for place in added if _negates(sentence.forms, place, small)]
    if not added or negated == added:
        return _in_order(passage, [there for _, there in pairs], small, negated=bool(negated))
    if is_moved_phrase(sentence, passage, small):
        return Likeness.COPY
    return Likeness.OTHER_NUMBER if _is_other_number(sentence, passage, pairs, added, small) else Likeness.UNKNOWN


def common_words(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """The longest row of words that both texts have in one order: their places in each."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row in range(len(first) - 1, -1, -1):
        below, current = lengths[row + 1], lengths[row]
        for column in range(len(second) - 1, -1, -1):
            if same_word(first[row], second[column]):
                current[column] = below[column + 1] + 1
            else:
                current[column] = max(below[column], current[column + 1])
    pairs = []
    row = column = 0
    while row < len(first) and column < len(second):
        if same_word(first[row], second[column]) and lengths[row][column] == lengths[row + 1][column + 1] + 1:
            pairs.append((row, column))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] > lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs


def _negates(forms: Sequence[str], place: int, small: SmallWords) -> bool:
    return forms[place] in small.negations


def _in_order(passage: Words, places: Sequence[int], small: SmallWords, *, negated: bool) -> Likeness:
    """What it comes to where all words of a sentence but negations stand in the passage in order."""
    before, after = _before(passage, places[0]), _after(passage, places[-1])
    inner = [phrase for phrase in _left_out(places) if phrase]
    if not small.negations and (before or after or inner):
        return Likeness.UNKNOWN
    if any(not small.limits.isdisjoint(passage.forms[place] for place in phrase) for phrase in (before, *inner, after)):
        return Likeness.UNKNOWN
    if not all(any(_may_be_left_out(passage, each, small) for each in placings(passage.forms, it)) for it in inner):
        return Likeness.UNKNOWN
    behind = range(0) if after and passage.parted[after.start] else after
    denials = [
        place for phrase in (before, *inner, behind) for place in phrase if passage.forms[place] in small.negations
    ]
    telling = [phrase.start for phrase in inner if _tells(passage, phrase, small)]
    if negated:
        return Likeness.UNKNOWN if denials or telling else Likeness.OPPOSITE
    if not denials:
        return Likeness.COPY
    return Likeness.UNKNOWN if _denies_what_is_left_out(passage, denials, telling, behind) else Likeness.OPPOSITE


def _tells(passage: Words, phrase: range, small: SmallWords) -> bool:
    return any(passage.forms[place] not in small.free | small.negations for place in phrase)


def _denies_what_is_left_out(passage: Words, denials: Sequence[int], telling: Sequence[int], after: range) -> bool:
    """Whether a negation of the passage may be of what the sentence leaves out.

    It is where a phrase is left out behind it, and where it stands behind the last shared word and its clause goes on.
    """
    if any(start > denials[0] for start in telling):
        return True
    last = denials[-1]
    ends_clause = last + 1 == len(passage.forms) or passage.parted[last + 1]
    return last in after and (bool(telling) or not ends_clause)


def _left_out(places: Sequence[int]) -> Iterator[range]:
    for before, after in pairwise(places):
        yield range(before + 1, after)


def _before(passage: Words, place: int) -> range:
    """The words of its clause before the first shared one, at most two."""
    start = place
    while start and place - start < _AROUND and not passage.parted[start]:
        start -= 1
    return range(start, place)


def _after(passage: Words, place: int) -> range:
    """The word after the last shared one, whatever parts the two, and what else is in its clause, at most two."""
    end = place + 1
    while end < len(passage.forms) and end - place <= _AROUND and (end == place + 1 or not passage.parted[end]):
        end += 1
    return range(place + 1, end)


def placings(forms: Sequence[str], phrase: range) -> Iterator[range]:
    """A phrase that is left out, and the same cut one word earlier where that word stands at both its ends.

    Of `in town and in summer` both `town and in` and `in town and` leave `in summer`.
    """
    yield phrase
    for shift in range(1, min(_MOST_SHIFTS, phrase.start) + 1):
        if forms[phrase.start - shift] != forms[phrase.stop - shift]:
            return
        yield range(phrase.start - shift, phrase.stop - shift)


def _may_be_left_out(passage: Words, phrase: range, small: SmallWords) -> bool:
    """Whether a sentence may go without a phrase within it.

    It may where the phrase is a negation alone, ends a clause (`…, and it`), or is short and in one clause. Where
    another clause begins in it, what follows may be of something else.
    """
    words = [form for form in map(passage.forms.__getitem__, phrase) if form not in small.free]
    if not words or small.negations.issuperset(words):
        return True
    if not small.negations.isdisjoint(words):
        return False
    if words[-1] in small.joining or passage.parted[phrase.stop]:
        return True
    inner = any(passage.parted[place] for place in (*phrase, phrase.stop))
    joined = any(_joins(form, small) for form in words)
    return not inner and not joined and len(words) <= _MOST_LEFT_OUT


def _joins(form: str, small: SmallWords) -> bool:
    """Whether a word joins two statements. Arabic and Hebrew write theirs as the first letter of the next word."""
    return form in small.joining or (len(form) > _LEAST_GLUED and form[0] in _GLUED_AND)


def _is_other_number(
    sentence: Words, passage: Words, pairs: Sequence[tuple[int, int]], added: Sequence[int], small: SmallWords
) -> bool:
    """Whether the only new word is a number, and another number stands in its place."""
    if len(added) != 1 or not is_number(sentence.forms[added[0]]):
        return False
    (place,) = added
    before = max((there for here, there in pairs if here < place), default=-1)
    after = min((there for here, there in pairs if here > place), default=len(passage.forms))
    between = [form for form in passage.forms[before + 1 : after] if form not in small.free]
    return len(between) == 1 and is_number(between[0])
