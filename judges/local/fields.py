"""Records among the evidence: fields with a name and a value, and whether a sentence agrees with them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from assay.judges.text.negation import denies
from assay.judges.text.words import STOP_WORDS, stem, stems_between

_FIELD = re.compile(
    r"""["'](?P<name>[A-Za-z][\w -]{1,40})["']\s{0,4}:\s{0,4}
        (?:(?P<word>true|false|null|none|nan)\b|u?["'](?P<text>[^"'\\\n]{0,40})["'])""",
    re.VERBOSE | re.IGNORECASE,
)
"""A field of a record in JSON or Python, as `'outdoor_seating': 'True'`."""

_LINE = re.compile(
    r"^[ \t]{0,8}[-*|]?[ \t]{0,4}(?P<name>[A-Za-z][\w /-]{1,40}?)[ \t]?[:=|][ \t]{0,4}"
    r"(?P<word>true|false|null|none|yes|no|n/a|nan)[ \t|]{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)
"""A field on a line of its own, as `- Wheelchair access: yes`."""

_ANSWER = re.compile(r"[:=|]\s{0,4}(?:true|false|null|none|yes|no|n/a|nan|u?[\"'])", re.IGNORECASE)
"""What stands in every field, as `: true`. It begins with a sign: texts without records are read once, and fast."""

_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
"""One part of a name, as `Outdoor` and then `Seating` in `OutdoorSeating`."""

_CLAUSE = re.compile(
    r";|\b(?:but|however|while|although|though|whereas)\b|,\s(?:and|yet)\s(?:it|they|the|there|we|you)\b", re.IGNORECASE
)
"""Where another clause begins: `; `, `but`, `, and it`."""

NAMED = 0.6
"""Share of a field name's weight that a clause must hold to speak of the field."""

SHARED_BY = 3
"""A word in the names of so many fields says which record it is, not which field."""


class FieldState(Enum):
    """What a field says: yes, no, or nothing."""

    YES = "yes"
    NO = "no"
    EMPTY = "empty"


_STATES = {
    **dict.fromkeys(("true", "yes"), FieldState.YES),
    **dict.fromkeys(("false", "no"), FieldState.NO),
    **dict.fromkeys(("null", "none", "nan", "n/a", ""), FieldState.EMPTY),
}


class FieldAgreement(NamedTuple):
    """Fields a sentence speaks of: how many it tells as the record does, otherwise, or although the record is silent.

    `against` is the name of one that it tells otherwise, as the record writes it.
    """

    told: int = 0
    contradicted: int = 0
    silent: int = 0
    against: str = ""


_NO_FIELDS = FieldAgreement()


class _Field(NamedTuple):
    """`joined` is the whole name as one word, as written and as its stem."""

    name: str
    weights: tuple[tuple[str, float], ...]
    joined: frozenset[str]
    state: FieldState


class FieldIndex:
    """The fields of records among the evidence that answer yes, no or nothing."""

    def __init__(self, texts: Iterable[str], idf: Mapping[str, float]) -> None:
        written: dict[str, set[FieldState]] = {}
        for text in texts:
            for name, state in _fields(text):
                written.setdefault(name, set()).add(state)
        shared = Counter(part for name in written for part in set(name_stems(name)))
        # A field that two records answer differently says nothing of either.
        self._fields = [
            _Field(name, weights, _joined(name), next(iter(states)))
            for name, states in sorted(written.items())
            if len(states) == 1 and (weights := _weights(name, shared, idf))
        ]
        self._by_word: dict[str, set[int]] = defaultdict(set)
        for number, field in enumerate(self._fields):
            for word in (*field.joined, *(part for part, _ in field.weights)):
                self._by_word[word].add(number)

    def agreement(self, sentence: str) -> FieldAgreement:
        """Compare a sentence, clause by clause, with the fields it names."""
        if not self._fields:
            return _NO_FIELDS
        told = contradicted = silent = 0
        against = ""
        for clause in _CLAUSE.split(sentence):
            stems = stems_between(clause, 0, len(clause))
            held, denied = {*stems, *map("".join, pairwise(stems))}, denies(stems)
            touched = set[int]().union(*(self._by_word[word] for word in held.intersection(self._by_word)))
            for field in map(self._fields.__getitem__, sorted(touched)):
                if not _names(held, field):
                    continue
                if field.state is FieldState.EMPTY:
                    silent += 1
                elif (field.state is FieldState.NO) == denied:
                    told += 1
                else:
                    contradicted += 1
                    against = against or field.name
        return FieldAgreement(told, contradicted, silent, against)


def name_stems(name: str) -> list[str]:
    """Stems of the words a field name is made of: `OutdoorSeating`, `outdoor_seating`."""
    return [stem(part.lower()) for part in _HUMP.findall(name)]


def _fields(text: str) -> Iterable[tuple[str, FieldState]]:
    """Names and answers of the fields in one text. A field with any other value is left out."""
    if not _ANSWER.search(text):
        return
    for pattern in (_FIELD, _LINE):
        for match in pattern.finditer(text):
            answer = match.group("word") or match.groupdict().get("text") or ""
            state = _STATES.get(answer.strip().lower())
            if state is not None:
                yield match.group("name"), state


def _weights(name: str, shared: Counter[str], idf: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """The words that tell the field from others, each with its share of the weight."""
    parts = dict.fromkeys(name_stems(name))
    telling = [part for part in parts if part not in STOP_WORDS and len(part) > 1 and shared[part] < SHARED_BY]
    total = sum(idf[part] for part in telling)
    return tuple((part, idf[part] / total) for part in telling) if total > 0 else ()


def _joined(name: str) -> frozenset[str]:
    whole = "".join(_HUMP.findall(name)).lower()
    return frozenset((whole, stem(whole)))


def _names(held: Collection[str], field: _Field) -> bool:
    joined = not field.joined.isdisjoint(held)
    return joined or sum(share for part, share in field.weights if part in held) >= NAMED


def camel_case_names(text: str) -> Iterator[str]:
    """Names like `OutdoorSeating` in a text: their words count as words of the evidence."""
    done = 0
    for hump in _HUMP_INSIDE.finditer(text):
        if hump.start() < done:
            continue
        before = _LETTERS_BEFORE.search(text[max(0, hump.start() - _LONGEST_PART) : hump.start()])
        after = _LETTERS_AFTER.match(text, hump.start(), hump.start() + _LONGEST_PART)
        if before and after:
            done = after.end()
            yield before.group() + after.group()


# The capital comes first, so that the engine can skip to capitals at once.
_HUMP_INSIDE = re.compile(r"[A-Z](?<=[a-z].)")
"""A capital inside a word, as the S of `OutdoorSeating`."""

_LETTERS_BEFORE = re.compile(r"[a-zA-Z]+$")
"""The letters just before that capital: `Outdoor`."""

_LETTERS_AFTER = re.compile(r"[a-zA-Z]+")
"""The letters from that capital on: `Seating`."""

_LONGEST_PART = 60
