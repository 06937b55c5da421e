"""Where claims and evidence lie in a text: the text cut into runs, each with the claims that touch it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assay.judges.schema import ClaimVerdict

_WORST_FIRST = (ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND, ClaimVerdict.SUPPORTED)


@dataclass(frozen=True)
class Mark:
    """A half-open range of a text and the label of the claim it belongs to."""

    start: int
    end: int
    label: str
    verdict: ClaimVerdict


@dataclass(frozen=True)
class Run:
    """A stretch of text that the same claims touch; `ending` are those whose mark ends here.

    `verdict` is the worst of theirs, None where no claim touches it. `left_out` counts characters that stand here in
    the original and are not shown; then `text` is empty.
    """

    text: str
    labels: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()
    verdict: ClaimVerdict | None = None
    left_out: int = 0


def cut(text: str, marks: Sequence[Mark], *, limit: int) -> tuple[Run, ...]:
    """The runs of a text, at most about `limit` characters of it: first the marked places, then the beginning."""
    inside = [mark for mark in marks if mark.start < mark.end and mark.start < len(text)]
    kept = _kept(len(text), inside, limit)
    runs: list[Run] = []
    position = 0
    for start, end in kept:
        if start > position:
            runs.append(Run("", left_out=start - position))
        runs.extend(_runs(text, inside, start, end))
        position = end
    if position < len(text):
        runs.append(Run("", left_out=len(text) - position))
    return tuple(runs)


def _runs(text: str, marks: Sequence[Mark], start: int, end: int) -> list[Run]:
    """The stretch [start, end) cut wherever a mark begins or ends."""
    near = [mark for mark in marks if mark.start < end and mark.end > start]
    bounds = {start, end, *(b for mark in near for b in (mark.start, mark.end) if start < b < end)}
    points = sorted(bounds)
    runs = []
    for left, right in pairwise(points):
        touching = [mark for mark in near if mark.start < right and mark.end > left]
        verdicts = {mark.verdict for mark in touching}
        runs.append(
            Run(
                text[left:right],
                labels=_unique(mark.label for mark in touching),
                ending=_unique(mark.label for mark in touching if min(mark.end, end) == right),
                verdict=next((verdict for verdict in _WORST_FIRST if verdict in verdicts), None),
            )
        )
    return runs


def _kept(length: int, marks: Sequence[Mark], limit: int) -> list[tuple[int, int]]:
    """The ranges to show of a text of this length, in order, without overlap."""
    if length <= limit:
        return [(0, length)] if length else []
    around = limit // 20
    budget = limit - around
    wanted = [(0, around)]
    for mark in sorted(marks, key=lambda mark: (_WORST_FIRST.index(mark.verdict), mark.start)):
        left, right = max(0, mark.start - around), min(length, mark.end + around)
        right = min(right, left + budget)
        if right > left:
            wanted.append((left, right))
            budget -= right - left
    wanted.append((around, around + budget))
    return _merged(sorted(wanted))


def _merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return merged


def _unique(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
