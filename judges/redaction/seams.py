"""Values that a splitter of documents has cut: one half ends a passage, the other half begins the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from assay.judges.redaction.cards import is_issued_and_checked
from assay.judges.redaction.private_value import PrivateValue

Search = Callable[[str], Sequence[PrivateValue]]
"""Gives the values of a text, in order, with their places in it."""

Knows = Callable[[PrivateValue], bool]
"""Whether a text of the sample has a value whole."""

_REACH = 80
"""Characters on either side that are looked at: more than any value has."""

_GLUES = ("", " ")
"""What stood where it was cut: nothing, or the blank that was taken away."""

_LEAST = 3
"""Characters of a value that are left at least, e.g. `a@e`."""

_DATE = re.compile(r"(?:[0-2]?\d|3[01])\.(?:0?\d|1[0-2])\.\d\d\.")
"""A date at the end of a sentence, which is no first part of an address: `10.12.26.`."""

_FEWEST = {"phone": 7, "iban": 10, "credit_card": 8}
"""So many digits and letters of a value a passage must end with. Of an address it is the sign `@`."""


def cut_values(passages: Sequence[str], search: Search, knows: Knows) -> Mapping[str, list[PrivateValue]]:
    """The halves of cut values, by the passage they stand in.

    Args:
        passages: in their order.
        search: for values that are certain.
        knows: what stands whole somewhere. Then it is no chance that two passages end and begin with its halves, also
            where a half is a value itself: `+49 30 5559987` and `7712`, or `ann.sm` and `ith@example.org`.
    """
    halves: dict[str, list[PrivateValue]] = {}
    for left, right in pairwise(passages):
        if both := _across(left.rstrip(), right, search, knows):
            for passage, half in zip((left, right), both, strict=True):
                halves.setdefault(passage, []).append(half)
    by_start = _by_start(passages, search)
    for passage in dict.fromkeys(passages) if by_start else ():
        for half in _ending(passage.rstrip(), by_start):
            if not _touches(half, [*search(passage), *halves.get(passage, ())]):
                halves.setdefault(passage, []).append(half)
    return halves


def _across(left: str, right: str, search: Search, knows: Knows) -> tuple[PrivateValue, PrivateValue] | None:
    """The two halves of a value that begins in one passage and ends in the next."""
    tail, head = left[-_REACH:], right[:_REACH]
    for glue in _GLUES if tail and head.strip() else ():
        seam = len(tail) + len(glue)
        for value in search(f"{tail}{glue}{head}"):
            is_known = knows(value)
            if not value.start < len(tail) <= seam < value.end:
                continue
            if not (is_known or _is_telling(value, tail, f"{tail}{glue}{head}")):
                continue
            first = value._replace(start=len(left) - len(tail) + value.start, end=len(left))
            second = value._replace(start=0, end=value.end - seam)
            if is_known or not (_touches(first, search(left)) or _touches(second, search(right))):
                return first, second
    return None


def _is_telling(value: PrivateValue, tail: str, both: str) -> bool:
    """Whether it is no chance: two passages may well end and begin with numbers that are nobody's."""
    if value.kind == "phone":
        is_after_letter = tail[max(0, value.start - 1) : value.start].isalpha()
        return not is_after_letter and tail[value.start : value.start + 2].lstrip("(")[:1] in ("+", "＋")
    if value.kind == "credit_card":
        return is_issued_and_checked(both[value.start : value.end])
    return value.kind != "ip" or _DATE.fullmatch(tail[value.start :]) is None


def _by_start(passages: Sequence[str], search: Search) -> Mapping[str, list[tuple[str, PrivateValue]]]:
    """Values as they are written, by as much of each as tells that it is one."""
    values: dict[str, list[tuple[str, PrivateValue]]] = {}
    for passage in passages:
        for value in search(passage):
            written = passage[value.start : value.end]
            start = next((written[:n] for n in range(_LEAST, len(written)) if _is_enough(value.kind, written[:n])), "")
            if start:
                values.setdefault(start, []).append((written, value))
    return values


def _ending(text: str, by_start: Mapping[str, list[tuple[str, PrivateValue]]]) -> Iterator[PrivateValue]:
    """The first part of a value at the end of a passage, where another passage has the value whole. Longest first."""
    tail, sizes = text[-_REACH:], sorted(set(map(len, by_start)), reverse=True)
    for place in range(len(tail)):
        part = tail[place:]
        for written, value in (known for size in sizes for known in by_start.get(part[:size], ())):
            if len(part) < len(written) and written.startswith(part):
                yield value._replace(start=len(text) - len(part), end=len(text))
                return


def _is_enough(kind: str, part: str) -> bool:
    return "@" in part[1:] if kind == "email" else sum(map(str.isalnum, part)) >= _FEWEST.get(kind, len(part) + 1)


def _touches(half: PrivateValue, values: Sequence[PrivateValue]) -> bool:
    """Whether a passage knows better by itself. The half of an account number may look like a telephone's."""
    return any(
        value.start < half.end
        and half.start < value.end
        and not (value.kind == "phone" != half.kind and half.start <= value.start and value.end <= half.end)
        for value in values
    )
