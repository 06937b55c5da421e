"""Drift of one column by Evidently's definitions (0.7), for teams that compare the figures of both.

Which test it is follows the number of rows and of different values. No weights, no sessions, no effect size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.chi_square import chi_square_tail

Floats = NDArray[np.float64]
Method = Literal["ks", "chisquare", "z", "wasserstein", "jensenshannon"]

FILLER = 0.0001
"""What it puts in place of a share of 0."""

_SMALL_SIDE = 1_000
"""Rows of the reference up to which it tests; with more it measures a distance."""

_FEW_VALUES = 5
"""Different numbers up to which it treats them as names."""

_BINNED_FROM = 20
"""Different numbers of the reference beyond which its index has bins."""

_P_VALUES = frozenset({"ks", "chisquare", "z"})
_ALPHA, _FAR = 0.05, 0.1
_LEAST_DEVIATION = 0.001


class Figure(NamedTuple):
    """What it says of a column.

    Attributes:
        method: the test or distance that it takes.
        value: a p-value or a distance.
        drifted: whether it calls that drift.
        psi: its population stability index.
    """

    method: Method
    value: float
    drifted: bool
    psi: float


def of_numbers(reference: Floats, current: Floats) -> Figure:
    """A column of numbers."""
    before, now = _shares(reference, current, binned=np.unique(reference).size > _BINNED_FROM)
    index = evidently_psi(before, now)
    if np.unique(np.concatenate([reference, current])).size <= _FEW_VALUES:
        return _of_shares(reference, current, index)
    if reference.size <= _SMALL_SIDE:
        return _figure("ks", kolmogorov_smirnov_p(reference, current), index)
    deviation = max(float(reference.std()), _LEAST_DEVIATION)
    return _figure("wasserstein", _wasserstein(reference, current) / deviation, index)


def of_names(reference: Sequence[str], current: Sequence[str]) -> Figure:
    """A column of names."""
    names = sorted({*reference, *current})
    place = {name: at for at, name in enumerate(names)}
    before, now = (np.array([place[name] for name in side], dtype=np.float64) for side in (reference, current))
    return _of_shares(before, now, evidently_psi(*_shares(before, now, binned=False)))


def evidently_psi(reference: Floats, current: Floats) -> float:
    """Its index of two rows of shares: nothing smoothed, and nothing renormalised after empty bins are filled."""
    p, q = _filled(reference), _filled(current)
    return float(((q - p) * np.log(q / p)).sum())


def kolmogorov_smirnov_p(reference: Floats, current: Floats) -> float:
    """Exact two-sided p-value of the largest difference of two distribution functions, of values that all differ.

    One less the share of the paths from (0, 0) to (n, m) that stay nearer to the diagonal than the observed ones.
    """
    n, m = reference.size, current.size
    both = np.sort(np.concatenate([reference, current]))
    steps = [np.searchsorted(np.sort(side), both, side="right") for side in (reference, current)]
    # In whole numbers, so that a path that is as far away counts as such.
    farthest = int(np.abs(steps[0] * m - steps[1] * n).max())
    if farthest == 0:
        return 1.0
    # Share of the paths that have never been so far away, by how many steps were the reference's, plus one.
    inside, steps_so_far = np.zeros(n + 2), np.arange(n + 1)
    inside[1] = 1.0
    for length in range(1, n + m + 1):
        low = max(0, length - m, (length * n - farthest) // (n + m) + 1)
        high = min(n, length, -((-length * n - farthest) // (n + m)) - 1)
        if low > high:
            return 1.0
        grown = steps_so_far[low : high + 1]
        shares = inside[low : high + 1] * grown + inside[low + 1 : high + 2] * (length - grown)
        inside[low + 1 : high + 2] = shares / length
        inside[low] = 0.0
    return float(min(1.0, max(0.0, 1 - inside[n + 1])))


def _of_shares(reference: Floats, current: Floats, index: float) -> Figure:
    values = np.unique(np.concatenate([reference, current]))
    before, now = _shares(reference, current, binned=False)
    if reference.size > _SMALL_SIDE:
        return _figure("jensenshannon", _jensen_shannon(before, now), index)
    if values.size <= 2:
        return _figure("z", _z_p(before, now, reference.size, current.size), index)
    with np.errstate(divide="ignore"):
        # It takes the reference's shares as known exactly: what was never seen there is impossible.
        distance = np.where(before > 0, (now - before) ** 2 / before, np.inf)
    statistic = float(distance.sum() * current.size)
    return _figure("chisquare", 0.0 if math.isinf(statistic) else chi_square_tail(statistic, values.size - 1), index)


def _z_p(before: Floats, now: Floats, n: int, m: int) -> float:
    if before.size == 1:
        return 1.0
    pooled = (before[1] * n + now[1] * m) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 2 * NormalDist().cdf(-abs(float(before[1] - now[1])) / error)


def _jensen_shannon(p: Floats, q: Floats) -> float:
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log(side / middle), 0.0) for side in (p, q)]
    return math.sqrt(max(0.0, float(sum(part.sum() for part in parts)) / 2))


def _wasserstein(reference: Floats, current: Floats) -> float:
    both = np.sort(np.concatenate([reference, current]))
    below = [np.searchsorted(np.sort(side), both[:-1], side="right") / side.size for side in (reference, current)]
    return float((np.abs(below[0] - below[1]) * np.diff(both)).sum())


def _shares(reference: Floats, current: Floats, *, binned: bool) -> tuple[Floats, Floats]:
    if binned:
        edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
        return tuple(np.histogram(side, edges)[0] / side.size for side in (reference, current))  # type: ignore[return-value]
    values = np.unique(np.concatenate([reference, current]))
    counts = [np.array([(side == value).sum() for value in values]) / side.size for side in (reference, current)]
    return counts[0], counts[1]


def _filled(shares: Floats) -> Floats:
    least = float(shares[shares > 0].min())
    filled: Floats = np.where(shares == 0, least / 10**6 if least <= FILLER else FILLER, shares)
    return filled


def _figure(method: Method, value: float, index: float) -> Figure:
    drifted = value <= _ALPHA if method in _P_VALUES else value >= _FAR
    return Figure(method, value, drifted, index)
