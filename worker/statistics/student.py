"""Student's t distribution: critical values where a variance rests on few observations or few clusters."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from assay.worker.statistics.intervals import regularised_beta

_NEARLY_NORMAL = 2000.0
"""Degrees of freedom from which on the normal quantile is right to three digits: 1.9612 against 1.9600."""


_FEW = 5.0
"""Degrees of freedom below which the normal quantile with one correction is too far off to begin with."""


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
    """Newton's steps, and halving where one leaves the bracket: a window has many shares, each with its own freedom."""
    low, high = 0.0, 1.0
    if freedom < _FEW:
        while two_sided_tail(high, freedom) > 1 - conf and high < 1e9:
            low, high = high, 2 * high
        at = (low + high) / 2
    else:  # near enough to begin with: a report asks for thousands of these
        high, z = 1e9, NormalDist().inv_cdf(0.5 + conf / 2)
        at = z + (z**3 + z) / (4 * freedom)
    while high - low > 1e-9 * high:
        off = two_sided_tail(at, freedom) - (1 - conf)
        low, high = (at, high) if off > 0 else (low, at)
        step = at + off / (2 * _density(at, freedom))
        following = step if low < step < high else (low + high) / 2
        if abs(following - at) < 1e-12 * at:
            return following
        at = following
    return high


def _density(value: float, freedom: float) -> float:
    """The density of the distribution; it is never 0, as it may be divided by."""
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return max(1e-300, math.exp(constant - (freedom + 1) / 2 * math.log1p(value * value / freedom)))
