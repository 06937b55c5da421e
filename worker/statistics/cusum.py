"""The Bernoulli CUSUM: it adds up what each trace says for a raised share, and forgets what speaks against it.

Of all charts with the same number of false alarms it is the fastest to see a share that rose to p1 (Page 1954;
Moustakides 1986; of flags: Reynolds & Stoumbos 1999).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_STATES = 1200
"""Steps in which the way to the limit is divided to find run lengths: right to some three per cent."""

_COARSE = 300
"""The same while a limit is looked for."""


class BernoulliCusum(NamedTuple):
    """S = max(0, S + ln(p1/p0)) of a hit, max(0, S + ln((1−p1)/(1−p0))) of another; an alarm at S ≥ limit.

    Attributes:
        p0: the share up to which all is well: a little above the usual one.
        p1: the share that is worth telling, above p0.
        limit: see `cusum_limit`.
    """

    p0: float
    p1: float
    limit: float

    @property
    def hit(self) -> float:
        """What a hit adds."""
        return math.log(self.p1 / self.p0)

    @property
    def miss(self) -> float:
        """What another trace adds: less than 0."""
        return math.log((1 - self.p1) / (1 - self.p0))

    def path(self, hits: Bools, start: float = 0.0) -> Floats:
        """S after each trace, in the order of time. An alarm does not start it anew: whoever is told decides that.

        Raises:
            ValueError: not 0 < p0 < p1 < 1.
        """
        _check(self.p0, self.p1)
        steps = np.where(hits, self.hit, self.miss)
        # max(0, S + x) is the sum so far, less the lowest that it was: no loop over a million traces.
        sums = start + np.cumsum(steps)
        lowest = np.minimum.accumulate(np.minimum(sums, 0.0))
        path: Floats = sums - lowest
        return path

    def value_after(self, hits: Bools, start: float = 0.0) -> float:
        """S after the last of these traces; `start` without any."""
        path = self.path(hits, start)
        return float(path[-1]) if path.size else start

    def first_alarm(self, path: Floats) -> int | None:
        """Index of the first S at or above the limit."""
        over = np.flatnonzero(path >= self.limit)
        return int(over[0]) if over.size else None

    def average_run_length(self, share: float) -> float:
        """Mean number of traces to an alarm from S = 0 where this share are hits (a Markov chain over S)."""
        _check(self.p0, self.p1)
        return _run_length(self, share, _STATES)


@lru_cache(maxsize=256)
def cusum_limit(p0: float, p1: float, traces_between_alarms: float) -> float:
    """The limit at which false alarms are so many traces apart on average where the share is p0.

    Raises:
        ValueError: not 0 < p0 < p1 < 1, or fewer than one trace.
    """
    _check(p0, p1)
    if traces_between_alarms < 1:
        raise ValueError(f"alarms must be at least one trace apart, got {traces_between_alarms}")
    low, high = 0.0, 1.0
    while _run_length(BernoulliCusum(p0, p1, high), p0, _COARSE) < traces_between_alarms:
        low, high = high, 2 * high
    while high - low > 0.01:
        middle = (low + high) / 2
        is_short = _run_length(BernoulliCusum(p0, p1, middle), p0, _COARSE) < traces_between_alarms
        low, high = (middle, high) if is_short else (low, middle)
    return high


def _run_length(chart: BernoulliCusum, share: float, states: int) -> float:
    """Mean run length from 0: L = 1 + P L over states of equal distance, with what falls between two shared by both."""
    width = chart.limit / states
    at = np.arange(states) * width
    system = np.eye(states)
    for step, probability in ((chart.hit, share), (chart.miss, 1 - share)):
        to = np.maximum(0.0, at + step) / width
        below = np.floor(to).astype(np.int64)
        upper = to - below
        for state, part in ((below, 1 - upper), (below + 1, upper)):
            inside = (state < states) & (at + step < chart.limit)
            rows = np.flatnonzero(inside)
            np.subtract.at(system, (rows, state[rows]), probability * part[rows])
    return float(np.linalg.solve(system, np.ones(states))[0])


def _check(p0: float, p1: float) -> None:
    if not 0 < p0 < p1 < 1:
        raise ValueError(f"need 0 < p0 < p1 < 1, got {p0}, {p1}")
