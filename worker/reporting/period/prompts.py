"""What an application took under each version of its prompt: of the versions that are told of, and of those alone.

An application may send another version with every request. So nothing here does more than a few array operations for
all versions together, and what one version took is estimated for the few that are shown or may have jumped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np

from assay.worker.records.columns import Codes, by_first, stable_order
from assay.worker.reporting.period.facts import Prompt
from assay.worker.reporting.period.records import PromptUse
from assay.worker.signals.traffic import Bools, Floats

JUMP = 4.0
"""From so many times the tokens or cost of another version on, a version is named in a sentence."""

JUMP_NUMBER = 20
"""So many requests on both sides are asked for before a jump is named: the mean of a few is one long request."""

_ROUNDING = 1e-9
"""What a mean of this file may differ from the one that is told, which adds up in another order."""


class Jump(NamedTuple):
    """Two versions of one prompt of which the second takes many times as much."""

    ratio: float
    low: PromptUse
    high: PromptUse


class PromptRows:
    """The traces of each prompt, those with the most traces first.

    Args:
        columns: `pi`, `input_tokens`, `output_tokens` and `cost_usd` of all traces.
        numbers: of each trace's prompt.
        names: the prompt of each number, as far as it is known.
    """

    def __init__(self, columns: Mapping[str, Floats], numbers: Codes, names: Mapping[int, Prompt]) -> None:
        first, codes = by_first(numbers)
        counts = np.bincount(codes, minlength=first.size)
        order = np.argsort(-counts, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        self._codes = place[codes]
        self._names = names
        self._numbers = numbers[first][order]
        self._rows = stable_order(self._codes, first.size)
        self._ends = np.cumsum(counts[order])
        self.pi = columns["pi"]
        self.measures = {
            "tokens": columns["input_tokens"] + columns["output_tokens"],
            "cost_usd": columns["cost_usd"],
        }

    def __len__(self) -> int:
        return int(self._numbers.size)

    def prompt(self, at: int) -> Prompt:
        """Name and version of one prompt."""
        return self._names[int(self._numbers[at])]

    def first_known(self, most: int) -> list[int]:
        """Of the prompts that are known those with the most traces, so many at most."""
        return list(islice((at for at, number in enumerate(self._numbers) if int(number) in self._names), most))

    def of(self, at: int) -> tuple[Floats, Floats, Floats]:
        """Selection probability, tokens and cost of the traces of one prompt."""
        rows = self._rows[self._ends[at - 1] if at else 0 : self._ends[at]]
        return self.pi[rows], self.measures["tokens"][rows], self.measures["cost_usd"][rows]

    def may_jump(self) -> list[int]:
        """The prompts of which a version may take `JUMP` times as much as another, or a `JUMP`-th of it."""
        enough = np.flatnonzero(np.diff(self._ends, prepend=0) >= JUMP_NUMBER).tolist()
        known = [at for at in enough if int(self._numbers[at]) in self._names and self.prompt(at)[1] is not None]
        names = {name: number for number, name in enumerate(dict.fromkeys(self.prompt(at)[0] for at in known))}
        families = np.array([names[self.prompt(at)[0]] for at in known], dtype=np.int64)
        able = np.zeros(len(known), dtype=np.bool_)
        for values in self.measures.values():
            means, counts = self._means(values)
            able |= _far_apart(means[known], families, counts[known] >= JUMP_NUMBER)
        return [at for at, is_able in zip(known, able.tolist(), strict=True) if is_able]

    def _means(self, values: Floats) -> tuple[Floats, Codes]:
        """The weighted mean of each prompt, and how many values it has."""
        known = ~np.isnan(values)
        codes, w = self._codes[known], 1 / self.pi[known]
        counts, weight = np.bincount(codes, minlength=len(self)), np.bincount(codes, weights=w, minlength=len(self))
        sums = np.bincount(codes, weights=w * values[known], minlength=len(self))
        return np.divide(sums, weight, out=np.full(len(self), np.nan), where=counts > 0), counts


def _far_apart(means: Floats, families: Codes, able: Bools) -> Bools:
    """Which means are far enough from the least or the largest of their family to be one end of a jump."""
    count = int(families.max()) + 1 if families.size else 0
    rows = np.flatnonzero(able & (means > 0))
    least, most = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(least, families[rows], means[rows])
    np.maximum.at(most, families[rows], means[rows])
    far = np.zeros(means.size, dtype=np.bool_)
    own = means[rows] * (1 + _ROUNDING)
    far[rows] = (own >= JUMP * least[families[rows]]) | (means[rows] * JUMP <= most[families[rows]] * (1 + _ROUNDING))
    return far


def furthest_jump(versions: Sequence[PromptUse], measure: str) -> Jump | None:
    """The two versions of a prompt that lie furthest apart, where that is a jump.

    Both need enough requests, and intervals that do not meet. Each version is held against the least of those whose
    interval ends below its own, so that no two are compared that cannot be it.
    """
    known = [(use, mean) for use in versions if (mean := getattr(use, measure)) and mean.n >= JUMP_NUMBER]
    by_end = sorted((mean.high, mean.value, at, use) for at, (use, mean) in enumerate(known) if mean.value > 0)
    least = list(accumulate(by_end, lambda *ends: min(ends, key=lambda end: end[1:3])))
    furthest = None
    for use, mean in known:
        below = bisect_left(by_end, mean.low, key=lambda end: end[0])
        ratio = mean.value / least[below - 1][1] if below else 0.0
        if ratio >= JUMP and (furthest is None or ratio > furthest.ratio):
            furthest = Jump(ratio, least[below - 1][3], use)
    return furthest
