"""What a gate of so many items can see: the smallest drop it catches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.noninferiority import drop_interval, tango
from assay.worker.statistics.paired import binomial, drop_p_value, mcnemar_power

_SIMULATED = 2000
_NEGLIGIBLE = 1e-9


@lru_cache(maxsize=256)
def minimum_detectable_drop(
    n: int,
    *,
    flip_rate: float,
    alpha: float = 0.05,
    power: float = 0.8,
    repeats: int = 1,
    sizes: tuple[int, ...] | None = None,
    together: float = 0.0,
) -> float | None:
    """Smallest true drop of the pass rate that a gate of n items catches with the given power.

    With one repeat of items that stand alone, the power is that of the exact McNemar test, computed exactly
    (`mcnemar_power`). Else it is that of the exact sign-flip test of the clusters' sums over 2,000 seeded runs. Every
    answer flips by chance, so that two runs of an item differ each way with `flip_rate`; the drop is items, anywhere in
    the set, that fail in every repeat.

    Args:
        n: items.
        flip_rate: as in `flips.Flips`.
        alpha: of the one-sided test.
        power: probability that the drop is caught.
        repeats: answers to each item, on both sides.
        sizes: of the clusters, which add up to n; None: items that stand alone.
        together: as in `flips.Flips`.

    Returns:
        The drop as a share (0.095 = 9.5 points); None where even the largest possible drop is not caught.
    """
    largest = 1.0 - 2 * flip_rate
    if n < 1 or largest <= 0:
        return None
    if repeats == 1 and (sizes is None or max(sizes) == 1):
        return _smallest(lambda drop: mcnemar_power(n, drop, flip_rate=flip_rate, alpha=alpha), largest, power, 1e-4)
    flip = _answer_flips(flip_rate)
    if flip >= 0.5:
        return None
    runs = _simulated(sizes or (1,) * n, flip, together, repeats)
    return _smallest(lambda drop: runs.power(drop, alpha), 1 - 2 * flip, power, 1e-3)


@lru_cache(maxsize=256)
def minimum_detectable_cluster_drop(
    sizes: tuple[int, ...],
    *,
    flip_rate: float,
    alpha: float = 0.05,
    power: float = 0.8,
    repeats: int = 1,
    together: float = 0.0,
) -> float | None:
    """Smallest true drop that takes whole clusters, and that a gate of these clusters catches with the given power.

    As `minimum_detectable_drop`, but the drop is clusters in a random order, until they hold so large a share of the
    items. Few clusters are hard to tell from chance, so it is the larger of the two drops, often by far.

    Args:
        sizes: of the clusters.
        flip_rate: as in `flips.Flips`.
        alpha: of the one-sided test.
        power: probability that the drop is caught.
        repeats: answers to each item, on both sides.
        together: as in `flips.Flips`.

    Returns:
        The drop as a share; None where even a drop of all clusters is not caught.
    """
    flip = _answer_flips(flip_rate)
    if not sizes or flip >= 0.5:
        return None
    runs = _whole_clusters(_simulated(sizes, flip, together, repeats), sizes)
    return _smallest(lambda drop: runs.power(drop, alpha), 1 - 2 * flip, power, 1e-3)


@lru_cache(maxsize=256)
def noninferiority_power(
    n: int,
    margin: float,
    *,
    flip_rate: float,
    alpha: float = 0.05,
    sizes: tuple[int, ...] | None = None,
    together: float = 0.0,
) -> float:
    """Probability that n items of an unchanged release show that it is no worse than the margin.

    Asked once, each item flips from pass to fail and from fail to pass with probability `flip_rate` each; shown means
    that the upper end of Tango's interval (`drop_interval`, two-sided 1 − 2 alpha) lies below the margin. For items
    that stand alone the sum over the trinomial counts is exact but for outcomes less likely than 1e-9; with clusters it
    is the share of 2,000 seeded runs.

    Raises:
        ValueError: flip rate above one half.
    """
    if flip_rate > 0.5:
        raise ValueError(f"an item cannot flip each way with probability {flip_rate}")
    if sizes is not None and max(sizes) > 1:
        runs = _simulated(sizes, _answer_flips(flip_rate), together, 1)
        return runs.shown_no_worse(margin, alpha)
    shown = 0.0
    for worse, better, chance in _flips(n, flip_rate):
        if chance > _NEGLIGIBLE and tango(worse, better, n, conf=1 - 2 * alpha).high < margin:
            shown += chance
    return shown


def _flips(n: int, flip_rate: float) -> Iterator[tuple[int, int, float]]:
    """How likely it is that so many items get worse and so many better by chance."""
    for worse, chance in enumerate(binomial(n, flip_rate)):
        if chance > _NEGLIGIBLE:
            rest = binomial(n - worse, flip_rate / (1 - flip_rate))
            yield from ((worse, better, float(chance * other)) for better, other in enumerate(rest))


def _smallest(power_of: Callable[[float], float], largest: float, power: float, precision: float) -> float | None:
    """Where a rising power reaches the wanted one."""
    if power_of(largest) < power:
        return None
    low, high = 0.0, largest
    while high - low > precision:
        middle = (low + high) / 2
        if power_of(middle) < power:
            low = middle
        else:
            high = middle
    return high


def _answer_flips(flip_rate: float) -> float:
    """The probability q that an answer is not what it usually is: two runs then differ each way with q(1 − q)."""
    return (1 - math.sqrt(max(0.0, 1 - 4 * flip_rate))) / 2


@dataclass(frozen=True)
class SimulatedRuns:
    """Runs of a gate by chance alone, and numbers that decide which items a drop would take.

    `lost` are failures of answers that usually pass, per run and item: `before` of the baseline, `after` of the
    candidate, each over the repeats. `first` is uniform; the items below a share are those that a drop takes. A drop of
    whole clusters takes those first that it takes at any share (`_whole_clusters`).
    """

    flip: float
    repeats: int
    clusters: tuple[int, ...]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    first: NDArray[np.float64]

    def drops(self, drop: float) -> NDArray[np.int64]:
        """Passes lost, per run and item, when the measured pass rate truly falls by `drop`."""
        # A dropped item passes only by a flip, so the drop that is seen is 1 − 2q times the share of dropped items.
        dropped = self.first < (drop / (1 - 2 * self.flip) if drop else 0.0)
        return np.where(dropped, self.repeats - self.after, self.after) - self.before

    def power(self, drop: float, alpha: float) -> float:
        """Share of runs that are rejected; the same draws for every drop keep it rising."""
        starts = np.flatnonzero(np.diff(np.asarray(self.clusters), prepend=-1))
        sums = np.add.reduceat(self.drops(drop), starts, axis=1)
        return float(np.mean([drop_p_value(row) <= alpha for row in sums.tolist()]))

    def shown_no_worse(self, margin: float, alpha: float) -> float:
        """Share of runs without a true drop that are shown to be no worse than the margin."""
        intervals = (drop_interval(row, self.clusters, conf=1 - 2 * alpha) for row in self.drops(0.0).tolist())
        return float(np.mean([interval.high < margin for interval in intervals]))


@lru_cache(maxsize=4)
def _simulated(sizes: tuple[int, ...], flip: float, together: float, repeats: int) -> SimulatedRuns:
    """Seeded runs. A cluster flips as one with probability `together` × flip, its items alone with what is left."""
    clusters = tuple(index for index, size in enumerate(sizes) for _ in range(size))
    generator = np.random.default_rng(0)
    n, answers, as_one = len(clusters), 2 * repeats, together * flip
    alone = (flip - as_one) / (1 - as_one)
    first = generator.random((_SIMULATED, n))
    flipped = np.zeros((_SIMULATED, answers, n), dtype=np.bool_)
    for answer in range(answers):
        flipped[:, answer] = generator.random((_SIMULATED, n)) < alone
        if as_one:
            flipped[:, answer] |= (generator.random((_SIMULATED, len(sizes))) < as_one)[:, list(clusters)]
    return SimulatedRuns(
        flip=flip,
        repeats=repeats,
        clusters=clusters,
        before=flipped[:, :repeats].sum(axis=1),
        after=flipped[:, repeats:].sum(axis=1),
        first=first,
    )


def _whole_clusters(runs: SimulatedRuns, sizes: tuple[int, ...]) -> SimulatedRuns:
    """The same runs with drops that take whole clusters: `first` is the share of items in the clusters taken before."""
    order = np.random.default_rng(1).random((len(runs.first), len(sizes))).argsort(axis=1)
    taken = np.asarray(sizes)[order].cumsum(axis=1) - np.asarray(sizes)[order]
    before = np.empty(order.shape)
    np.put_along_axis(before, order, taken / sum(sizes), axis=1)
    return replace(runs, first=before[:, list(runs.clusters)])
