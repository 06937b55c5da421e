"""Non-inferiority of a release: how large the drop of the pass rate may still be."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from statistics import NormalDist

from assay.worker.statistics.clusters import design_effect
from assay.worker.statistics.intervals import Interval

_PRECISION = 1e-10


def tango(b: float, c: float, n: float, *, conf: float = 0.90) -> Interval:
    """Tango's score interval of the drop (b − c)/n of paired shares (Tango 1998).

    Non-inferior at margin m with a one-sided error of 5 % where the upper end of the 90 % interval lies below m.

    Args:
        b: items that passed before and fail now; fractions of repeats may be added up, which only widens the
            interval, because |d| ≥ d² for a difference d of pass rates.
        c: items that failed before and pass now.
        n: items compared; a fraction where it is an effective number.
        conf: two-sided confidence.

    Raises:
        ValueError: counts that cannot be.
    """
    if min(b, c) < 0 or n <= 0 or b + c > n * (1 + 1e-9):
        raise ValueError(f"need 0 <= b + c <= n, got b={b}, c={c}, n={n}")
    z = NormalDist().inv_cdf(0.5 + conf / 2)
    drop = (b - c) / n
    return Interval(
        low=_root(lambda d: _score(b, c, n, d) - z, -1.0, drop),
        high=_root(lambda d: _score(b, c, n, d) + z, drop, 1.0),
    )


def drop_interval(drops: Sequence[float], clusters: Sequence[Hashable], *, conf: float = 0.90) -> Interval:
    """Tango's interval of the drop of the pass rate, at the effective number of items where they lie in clusters.

    Counts and n are divided by the design effect (`design_effect`); with items that stand alone it is Tango's interval.

    Args:
        drops: passes lost per item over its repeats, in [−1, 1].
        clusters: of each item.
        conf: two-sided confidence.

    Raises:
        ValueError: no items.
    """
    effect = design_effect(drops, clusters)
    lost = sum(drop for drop in drops if drop > 0)
    gained = -sum(drop for drop in drops if drop < 0)
    return tango(lost / effect, gained / effect, len(drops) / effect, conf=conf)


def smallest_margin(n: int, *, alpha: float = 0.05) -> float:
    """The margin that n items can show at best: the upper limit where not one item changed, z²/(n + z²)."""
    z = NormalDist().inv_cdf(1 - alpha)
    return z * z / (n + z * z)


def items_for_margin(margin: float, *, alpha: float = 0.05) -> int:
    """Smallest number of items whose `smallest_margin` lies below the margin."""
    z = NormalDist().inv_cdf(1 - alpha)
    return math.floor(z * z * (1 - margin) / margin) + 1


def _score(b: float, c: float, n: float, drop: float) -> float:
    """Tango's statistic for one hypothetical drop; falls as the drop grows."""
    linear = -b - c + (2 * n - b + c) * drop
    constant = -c * drop * (1 - drop)
    q = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * q + drop * (1 - drop))
    gap = b - c - n * drop
    if variance <= 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / math.sqrt(variance)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero."""
    while high - low > _PRECISION:
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
