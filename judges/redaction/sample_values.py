"""Private values of all texts of a sample: what is private in one of them is private in the others, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from assay.judges.errors import EvaluationError, UnjudgeableSample
from assay.judges.redaction.blanks import without
from assay.judges.redaction.boundaries import NO_NUMBER_BEFORE, NO_WORD_AFTER
from assay.judges.redaction.cards import cards
from assay.judges.redaction.emails import emails
from assay.judges.redaction.ibans import ibans
from assay.judges.redaction.network_addresses import network_addresses
from assay.judges.redaction.own_patterns import own_values
from assay.judges.redaction.phone_numbers import PhoneBook, spellings
from assay.judges.redaction.phones import phones
from assay.judges.redaction.policy import KINDS, OwnPattern, PrivateKind, Redaction
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.seams import cut_values
from assay.judges.redaction.time_limit import FAILED, TimeLimit
from assay.judges.text.bounded_marks import normalized
from assay.judges.text.composed import composed_text

_FINDERS: dict[PrivateKind, Callable[[str, TimeLimit], Iterator[PrivateValue]]] = {
    "email": emails,
    "iban": ibans,
    "credit_card": cards,
    "ip": network_addresses,
    "phone": phones,
}

_LIKE_PHONES: tuple[PrivateKind, ...] = ("iban", "credit_card", "ip")
"""What has stretches that look like telephone numbers. Where it is not asked for, it is left as it is."""

_DIGITS = re.compile(rf"{NO_NUMBER_BEFORE}\d+(?:[^\w\n]{{1,3}}\d+){{0,29}}{NO_WORD_AFTER}(?!-\w)")
"""Digits with gaps, e.g. `612 345 678`. Whether they are a number's is not known."""

_UUID = re.compile(r"(?<![^\W_])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![^\W_])", re.IGNORECASE)
"""An id that machines give, e.g. `be3706b9-3475-52fe-bc4a-d76712b3051c`. Parts of it look like many things."""

_GROUP = re.compile(r"\d+")
"""Digits that stand together, e.g. `4111` in `4111 1111`."""

_TELLING = re.compile(r"[\d@＠﹫]")
"""What every value of a known kind has in two halves that are put together, e.g. `7`."""

_MOST_DIGITS = 15


class _Searched(NamedTuple):
    """A text as it is read, and what was found in it."""

    read: str
    original: Callable[[int, int], tuple[int, int]]
    known: Sequence[PrivateValue]
    own: Sequence[PrivateValue]


class SampleValues:
    """Private values of several texts.

    Raises:
        UnjudgeableSample: they cannot be found for certain, as the search takes too long (`redaction_failed`).
    """

    def __init__(
        self,
        texts: Iterable[str],
        redaction: Redaction,
        limit: TimeLimit | None = None,
        passages: Iterable[Sequence[str]] = (),
    ) -> None:
        """Search all texts.

        Args:
            texts: all that may hold values.
            redaction: what is searched for.
            limit: how long it may take.
            passages: those among the texts that a splitter may have cut, in their order.
        """
        self._redaction = redaction
        self._limit = limit or TimeLimit()
        self._searched: dict[str, _Searched] = {}
        self._private: set[tuple[str, str]] = set()
        self._numbers: dict[str, str] = {}
        self.phone_book = PhoneBook()
        for text in texts:
            self._search(text)
        self._cut: dict[str, list[PrivateValue]] = {}
        for each in passages:
            for text, halves in cut_values(each, self._certain, self._knows).items():
                self._cut.setdefault(text, []).extend(halves)

    def of(self, text: str) -> list[PrivateValue]:
        """Private values of one of the texts, in order."""
        searched = self._search(text)
        sure = [value for value in searched.known if value.is_sure]
        left = without(searched.read, sure)
        told = [value for value in searched.known if not value.is_sure and (value.kind, value.key) in self._private]
        told = [value for value in told if left[value.start : value.end] == searched.read[value.start : value.end]]
        known = [*sure, *told, *(self._repeated(without(left, told)) if self._numbers else ())]
        placed = [_at(value, *searched.original(value.start, value.end)) for value in known]
        # Of two at one place the first names it: a half is what its whole is, not what it looks like alone.
        return list(_apart([*self._cut.get(text, ()), *searched.own, *placed], text))

    def _certain(self, text: str) -> list[PrivateValue]:
        """Values of a text that need no other text to be known. It may be one that no sample has."""
        searched = self._searched.get(text)
        if searched is None:
            is_plain = not self._redaction.patterns and _TELLING.search(text) is None
            searched = None if is_plain else _searched(text, self._redaction, self._limit)
        if searched is None:
            return []
        sure = (value for value in searched.known if value.is_sure)
        return [*searched.own, *(_at(value, *searched.original(value.start, value.end)) for value in sure)]

    def _knows(self, value: PrivateValue) -> bool:
        """Whether a text has this value whole, a telephone number in any spelling."""
        if value.kind == "phone":
            return any(form in self._numbers for form in spellings(value.key))
        return (value.kind, value.key) in self._private

    def _search(self, text: str) -> _Searched:
        if text not in self._searched:
            searched = self._searched[text] = _searched(text, self._redaction, self._limit)
            sure = [value for value in searched.known if value.is_sure]
            self._private.update((value.kind, value.key) for value in [*sure, *searched.own])
            keys = [value.key for value in sure if value.kind == "phone" and "x" not in value.key]
            self.phone_book.note(keys)
            for key in keys:
                self._numbers.update((form, key) for form in spellings(key))
        return self._searched[text]

    def _repeated(self, text: str) -> Iterator[PrivateValue]:
        """Digits of numbers that another place knows, e.g. `612 345 678` where one says `Tel. 612 345 678`."""
        for run in _DIGITS.finditer(text):
            self._limit.check()
            groups = [group.span() for group in _GROUP.finditer(text, run.start(), run.end())]
            first = 0
            while first < len(groups):
                last, key = self._number_from(text, groups, first)
                if key is not None:
                    yield PrivateValue("phone", groups[first][0], groups[last][1], key)
                first = last + 1

    def _number_from(self, text: str, groups: Sequence[tuple[int, int]], first: int) -> tuple[int, str | None]:
        """The longest known number that begins with a group: its last group and its key."""
        digits = ""
        best: tuple[int, str | None] = (first, None)
        for last in range(first, len(groups)):
            digits += text[slice(*groups[last])]
            if len(digits) > _MOST_DIGITS:
                break
            if digits in self._numbers:
                best = (last, self._numbers[digits])
        return best


def _searched(text: str, redaction: Redaction, limit: TimeLimit) -> _Searched:
    from assay.judges.redaction.reading import reading  # loads a good deal, and most deployments redact nothing

    limit.check()
    read = reading(text)
    own = [value for pattern in redaction.patterns for value in _own(text, read.text, read.original, pattern)]
    left, known = _UUID.sub(lambda uuid: "\n" * len(uuid.group()), read.text), []
    for kind in KINDS:
        if kind in redaction.kinds or (kind in _LIKE_PHONES and "phone" in redaction.kinds):
            values = list(_FINDERS[kind](left, limit))
            left = without(left, (value for value in values if value.is_sure))
            known += values if kind in redaction.kinds else []
    return _Searched(read.text, read.original, known, own)


def _own(
    text: str, read: str, original: Callable[[int, int], tuple[int, int]], pattern: OwnPattern
) -> Iterator[PrivateValue]:
    """Where a pattern of a team matches: in the text as it is written, in NFC, and as it is read (`ＫＤ-１２`)."""
    try:
        composed = composed_text(text)
        for value in own_values(composed.text, pattern):
            yield _at(value._replace(key=_plain(value.key)), *composed.original(value.start, value.end))
        shown = normalized("NFKC", read)
        if shown == text:
            return
        # Letters of wide scripts become one letter each. Where a sign becomes several, its places are not known.
        for value in own_values(shown if len(shown) == len(read) else read, pattern):
            yield _at(value._replace(key=_plain(value.key)), *original(value.start, value.end))
    except EvaluationError as exc:
        raise UnjudgeableSample(FAILED, str(exc)[:200]) from exc


def _plain(written: str) -> str:
    from assay.judges.redaction.reading import reading

    return normalized("NFKC", reading(written).text)


def _at(value: PrivateValue, start: int, end: int) -> PrivateValue:
    return value._replace(start=start, end=end)


def _apart(values: Iterable[PrivateValue], text: str) -> Iterator[PrivateValue]:
    """The values in order, those that overlap as one: it has the name of the longest."""
    last: PrivateValue | None = None
    for value in sorted(values, key=lambda value: (value.start, -value.end)):
        if last is not None and value.start < last.end:
            last = _joined(last, value, text)
            continue
        if last is not None:
            yield last
        last = value
    if last is not None:
        yield last


def _joined(first: PrivateValue, second: PrivateValue, text: str) -> PrivateValue:
    """Two values that overlap as one. `first` begins first, or is the longer one."""
    if second.end <= first.end:
        return first
    longer = max(first, second, key=lambda value: value.end - value.start)
    return longer._replace(start=first.start, end=second.end, key=text[first.start : second.end])
