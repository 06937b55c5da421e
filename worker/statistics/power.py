"""What a gate of so many items can see: the smallest drop it catches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.noninferiority import tango
from assay.worker.statistics.paired import binomial, mcnemar_power
from assay.worker.statistics.permutation import sign_flip_counts

_SIMULATED = 1000
_NEGLIGIBLE = 1e-9


@lru_cache(maxsize=256)
def minimum_detectable_drop(
    n: int, *, flip_rate: float, alpha: float = 0.05, power: float = 0.8, repeats: int = 1
) -> float | None:
    """Smallest true drop of the pass rate that a gate of n items catches with the given power.

    With one repeat the power is that of the exact McNemar test, computed exactly (`mcnemar_power`). With more it is
    that of the exact sign-flip test over 1,000 seeded runs in which every answer flips with `flip_rate` and the drop is
    items that fail in every repeat.

    Returns:
        The drop as a share (0.095 = 9.5 points); None where even the largest possible drop is not caught.
    """
    largest = 1.0 - 2 * flip_rate
    if n < 1 or largest <= 0:
        return None
    if repeats == 1:
        return _smallest(lambda drop: mcnemar_power(n, drop, flip_rate=flip_rate, alpha=alpha), largest, power, 1e-4)
    draws = np.random.default_rng(0).random((_SIMULATED, n, 2 * repeats + 1))
    return _smallest(lambda drop: _simulated_power(draws, drop, flip_rate, alpha), largest, power, 1e-3)


@lru_cache(maxsize=256)
def noninferiority_power(n: int, margin: float, *, flip_rate: float, alpha: float = 0.05) -> float:
    """Probability that n items of an unchanged release show that it is no worse than the margin.

    Asked once, each item flips from pass to fail and from fail to pass with probability `flip_rate` each; shown means
    that the upper end of Tango's interval (`tango`, two-sided 1 − 2 alpha) lies below the margin. The sum over the
    trinomial counts is exact but for outcomes less likely than 1e-9.

    Raises:
        ValueError: flip rate above one half.
    """
    if flip_rate > 0.5:
        raise ValueError(f"an item cannot flip each way with probability {flip_rate}")
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


def _simulated_power(draws: NDArray[np.float64], drop: float, flip_rate: float, alpha: float) -> float:
    """Share of simulated runs that are rejected; the same draws for every drop keep it rising."""
    repeats = draws.shape[2] // 2
    # A dropped item passes only by a flip, so the drop that is seen is 1 − 2f times the share of dropped items.
    dropped = draws[:, :, -1] < drop / (1 - 2 * flip_rate)
    flipped = draws[:, :, :-1] < flip_rate
    before = repeats - flipped[:, :, :repeats].sum(axis=2)
    lost = flipped[:, :, repeats:].sum(axis=2)
    after = np.where(dropped, lost, repeats - lost)
    p_values = [sign_flip_counts(row) for row in (before - after).tolist()]
    return float(np.mean([p_value <= alpha for p_value in p_values]))
