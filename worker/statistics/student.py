"""Student's t distribution: critical values where a variance rests on few observations or few clusters."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

from assay.worker.statistics.intervals import regularised_beta

_NEARLY_NORMAL = 2000.0
"""Degrees of freedom from which on the normal quantile is right to three digits: 1.9612 against 1.9600."""


def two_sided_tail(critical: float, freedom: float | None) -> float:
    """Probability that a t-distributed number lies further from 0 than `critical`, on either side.

    Args:
        critical: not negative.
        freedom: degrees of freedom. None: normal.
    """
    if freedom is None or freedom >= _NEARLY_NORMAL:
        return 2 * NormalDist().cdf(-critical)
    return regularised_beta(freedom / (freedom + critical * critical), freedom / 2, 0.5)


def critical_value(conf: float, freedom: float | None) -> float:
    """The number beyond which, on either side, 1 − conf of the distribution lies, e.g. 1.96 for .95 and None.

    Raises:
        ValueError: conf outside (0, 1), or degrees of freedom that are not positive.
    """
    if not 0 < conf < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {conf}")
    if freedom is not None and freedom <= 0:
        raise ValueError(f"degrees of freedom must be positive, got {freedom}")
    if freedom is None or freedom >= _NEARLY_NORMAL:
        return NormalDist().inv_cdf(0.5 + conf / 2)
    return _t_quantile(conf, round(freedom, 3) or 0.001)


@lru_cache(maxsize=4096)
def _t_quantile(conf: float, freedom: float) -> float:
    low, high = 0.0, 1.0
    while two_sided_tail(high, freedom) > 1 - conf and high < 1e9:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if two_sided_tail(middle, freedom) > 1 - conf:
            low = middle
        else:
            high = middle
    return high
