"""Whether a passage says a sentence in the same characters, in scripts without blanks between words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from assay.judges.local.other_languages.copies import Likeness, placings
from assay.judges.local.other_languages.words import Words, is_number

MOST_CHARACTERS = 400
"""Characters of a sentence and of a passage that are compared."""

_NEGATIONS = re.compile(
    "(?<![特分区區个個必先])(?:不(?![仅僅但过過管论論同])|没|沒|未(?!来|來)|无(?![论线])|無(?![論線料])|非(?![常洲])|别(?![人墅])|勿"
    "|ず(?!つ|っ))|ない|なく|なかっ|ません|ไม่|ບໍ່|មិន"
)
"""A negation, e.g. `不`; not in `不仅`, `非常`, `必ず`."""

_LIMITS = re.compile("只|仅|僅|除|若|如果|だけ|のみ|以外|しか|なら|เฉพาะ|ยกเว้น|ถ้า|หาก")
"""What narrows a statement, e.g. `仅`."""

_JOINING = tuple("且并而和及与或てでしり、")
"""The last character of a phrase after which the same subject goes on."""

_ENDING = re.compile("[\u3040-\u309f]{1,8}")
"""The ending of a Japanese verb, e.g. `ました`."""

_ALPHABETIC = re.compile("[\u0e00-\u17ff]")
"""A letter of Thai, Lao, Burmese or Khmer, e.g. `ร`: without one the word is another."""

_PARTICLES = frozenset("的了也")
"""Characters that may be added to a copy."""

_SEPARATOR = "\x00"
_LEAST_BLOCK = 2
_LEAST_PER_BLOCK = 6
_MOST_LEFT_OUT = 8
_AROUND = 2


class _Block(NamedTuple):
    """A row of characters that stands in both texts, and where."""

    here: int
    there: int
    size: int


def unspaced_likeness(sentence: Words, passage: Words) -> Likeness:
    """How the sentence is to the passage."""
    here, there = sentence.forms[: MOST_CHARACTERS + 1], passage.forms[: MOST_CHARACTERS + 1]
    if max(len(here), len(there)) > MOST_CHARACTERS:
        return Likeness.UNKNOWN
    blocks = list(_blocks(here, there))
    if not _numerals(here) <= _numerals(there):
        return Likeness.OTHER_NUMBER if _but_for_numbers(here, there) else Likeness.UNKNOWN
    if not blocks or len(blocks) > 1 + len(here) // _LEAST_PER_BLOCK or not _may_be_added(blocks, here):
        return Likeness.UNKNOWN
    stretch = _stretch(blocks, passage)
    if stretch is None:
        return Likeness.UNKNOWN
    denied = _NEGATIONS.search(_text(here)) is not None
    return Likeness.COPY if denied == (_NEGATIONS.search(stretch) is not None) else Likeness.OPPOSITE


def _text(forms: Sequence[str]) -> str:
    return "".join(form.removeprefix("#") for form in forms)


def _numerals(forms: Sequence[str]) -> frozenset[str]:
    return frozenset(filter(is_number, forms))


def _but_for_numbers(here: Sequence[str], there: Sequence[str]) -> bool:
    """Whether the sentence stands in the passage with other numbers."""
    return _without_numbers(here) in _without_numbers(there)


def _without_numbers(forms: Sequence[str]) -> str:
    return "".join("#" if is_number(form) else form for form in forms)


def _blocks(here: Sequence[str], there: Sequence[str]) -> Iterator[_Block]:
    """The rows of characters of the sentence that stand in the passage, in order, each as long as may be."""
    joined = _SEPARATOR + _SEPARATOR.join(there) + _SEPARATOR
    place = read = 0
    while place < len(here):
        size, position = 0, -1
        while place + size < len(here):
            wanted = _SEPARATOR.join(("", *here[place : place + size + 1], ""))
            next_position = joined.find(wanted, read if position < 0 else position)
            if next_position < 0:
                break
            size, position = size + 1, next_position
        if size >= min(_LEAST_BLOCK, len(here)):
            start = joined.count(_SEPARATOR, 0, position)
            yield _Block(place, start, size)
            read = joined.index(_SEPARATOR, position + len(_SEPARATOR.join(here[place : place + size])))
        place += max(size, 1)


def _may_be_added(blocks: Sequence[_Block], here: Sequence[str]) -> bool:
    """Whether what only the sentence has is an ending, a particle or a negation."""
    places = [0, *(block.here + block.size for block in blocks)]
    for start, end in zip(places, [*(block.here for block in blocks), len(here)], strict=True):
        added = _text(here[start:end])
        ending = end == len(here) and _ENDING.fullmatch(added)
        if not (ending or _PARTICLES.issuperset(added) or _NEGATIONS.fullmatch(added)):
            return False
    return True


def _stretch(blocks: Sequence[_Block], passage: Words) -> str | None:
    """The passage from before the first shared character to the ending after the last.

    None where it leaves out what a copy must not: what narrows it, a long phrase, or one in which a clause begins.
    """
    for before, after in pairwise(blocks):
        phrase = range(before.there + before.size, after.there)
        if not any(_may_be_left_out(passage, placing) for placing in placings(passage.forms, phrase)):
            return None
    start, end = blocks[0].there, blocks[-1].there + blocks[-1].size
    first = start
    while start and first - start < _AROUND and not passage.parted[start]:
        start -= 1
    if _LIMITS.search(_text(passage.forms[start:first])):
        return None
    ending = _ENDING.match(_text(passage.forms[end : end + MOST_CHARACTERS])) if not _is_parted(passage, end) else None
    return _text(passage.forms[start:end]) + (ending.group() if ending else "")


def _is_parted(passage: Words, place: int) -> bool:
    return place >= len(passage.forms) or passage.parted[place]


def _may_be_left_out(passage: Words, place: range) -> bool:
    phrase = _text(passage.forms[place.start : place.stop])
    if not phrase or _NEGATIONS.fullmatch(phrase):
        return True
    if _LIMITS.search(phrase) or _NEGATIONS.search(phrase):
        return False
    if phrase[-1] in _JOINING or passage.parted[place.stop]:
        return True
    cut_words = any(map(_ALPHABETIC.match, passage.forms[place.start : place.stop]))
    return len(place) <= _MOST_LEFT_OUT and not cut_words and not any(passage.parted[place.start : place.stop + 1])
