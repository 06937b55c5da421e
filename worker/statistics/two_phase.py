"""Rates from a cascade: a cheap judge saw every selected trace, an expensive one only some, with known probability.

The difference estimator (Neyman 1938; Särndal, Swensson & Wretman 1992, ch. 9) takes the cheap judge's mean, corrected
by what the expensive judge found differently. Each difference is weighted by how unlikely it was to be seen. The
estimate is unbiased whatever the cheap judge is worth. A worse one only widens the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate, clopper_pearson
from assay.worker.statistics.weighted import hajek_mean, hajek_share

Floats = NDArray[np.float64]


class Phased(NamedTuple):
    """One trace: what the first judge said, what a later one did (None: not asked, or no answer), and how likely.

    `pi` is the probability of having been selected at all, `pi2` that of going on to the later judge given what the
    first one said: 1 where it had to. `chosen` says whether it was to go on.
    """

    first: float
    final: float | None
    pi: float
    pi2: float
    chosen: bool


class DifferenceMean(Record):
    """A mean by the difference estimator, with its variance; `n_final` traces were seen by the later judge."""

    value: float
    variance: float
    n: int
    n_final: int


def difference_mean(rows: Sequence[Phased]) -> DifferenceMean | None:
    """Σw(f + (y−f)/π₂)/Σw, the second term where the later judge answered, w = 1/π.

    Variance over independent draws in both phases, (V₁ + V₂)/(Σw)²: V₁ = Σ(1−π)/π²·(e² estimated the same way),
    e = y−mean, is the first phase's; V₂ = Σ(1−π₂)/(π·π₂)²·(y−f)² over what the later judge saw is the second's.

    Returns:
        None without rows, and where a row could never have been seen by the later judge (π₂ = 0): then nothing is known
        of what the first judge gets wrong there.

    Raises:
        ValueError: a value is not finite, π lies outside (0, 1], or a row with π₂ = 1 lacks its final value.
    """
    if not rows:
        return None
    first, final, seen, pi, pi2 = _columns(rows)
    if not (pi2 > 0).all():
        return None
    w = 1 / pi
    change = np.where(seen, final - first, 0.0)
    mean = float((w * (first + change / pi2)).sum() / w.sum())
    spread = (first - mean) ** 2 + np.where(seen, (final - mean) ** 2 - (first - mean) ** 2, 0.0) / pi2
    phase1 = max(0.0, float(((1 - pi) / pi**2 * spread).sum()))
    phase2 = float(((1 - pi2) / (pi * pi2) ** 2 * change**2).sum())
    variance = (phase1 + phase2) / float(w.sum()) ** 2
    return DifferenceMean(value=mean, variance=variance, n=len(rows), n_final=int(seen.sum()))


def two_phase_share(rows: Sequence[Phased], *, conf: float = 0.95) -> Estimate | None:
    """Share of flagged traces (values 0 and 1): the difference estimator, its correction taken class by class.

    The share with every escalated trace as the later judge saw it, plus, for what the first judge passed and for what
    it flagged, the share of traffic that this is times how often the audit changed it. Dividing by the audit's actual
    size instead of its expected one (Hájek) takes out the chance of how many of a class were drawn. The interval is put
    together from the parts' own (Wilson's and Clopper-Pearson's at their effective sizes) by the method of variance
    estimates recovery (Zou & Donner 2008): few audits often show no change at all, and then a normal interval would
    have no width from them.

    Traces that were to go on and got no answer are made up for by the others that were to go on for the same
    reason, as non-response is in surveys; that assumes that who is silent does not depend on what the answer would be.

    Returns:
        None where it cannot be estimated: no rows, none of the escalated answered, or traces that were not escalated
        and none of them audited.

    Raises:
        ValueError: a value is neither 0 nor 1, or as `difference_mean`.
    """
    if any(value not in (0.0, 1.0) for row in rows for value in (row.first, row.final) if value is not None):
        raise ValueError("a share is estimated from values of 0 and 1")
    answered = answered_rows(rows)
    settled = [row for row in answered if row.pi2 < 1]
    if not answered or (settled and all(row.final is None for row in settled)):
        return None
    _columns(answered)
    known = hajek_share([_known_flag(row) for row in answered], [row.pi for row in answered], conf=conf)
    assert known is not None  # noqa: S101  # there are rows
    value, below, above = known.value, [known.value - known.low], [known.high - known.value]
    total = sum(1 / row.pi for row in answered)
    for first in (False, True):
        alike = [row for row in settled if bool(row.first) is first]
        weight = sum(1 / row.pi for row in alike) / total
        changed = _changed([row for row in alike if row.final is not None], conf)
        # A passed trace that the audit flags raises the share, a flagged one that it passes lowers it.
        value += -weight * changed.value if first else weight * changed.value
        down, up = weight * (changed.value - changed.low), weight * (changed.high - changed.value)
        below.append(up if first else down)
        above.append(down if first else up)
    value = min(1.0, max(0.0, value))
    low, high = max(0.0, value - math.hypot(*below)), min(1.0, value + math.hypot(*above))
    return Estimate(value=value, low=low, high=high, n=len(rows))


def later_share(rows: Sequence[Phased], *, conf: float = 0.95) -> Estimate | None:
    """Share of flagged traces among those the later judge saw, weighted by 1/π alone: biased, for comparison only."""
    seen = [row for row in rows if row.final is not None]
    return hajek_share([bool(row.final) for row in seen], [row.pi for row in seen], conf=conf)


def first_share(rows: Sequence[Phased], *, conf: float = 0.95) -> Estimate | None:
    """Share of flagged traces by the first judge alone: as biased as that judge is, for comparison only."""
    return hajek_share([bool(row.first) for row in rows], [row.pi for row in rows], conf=conf)


def answered_rows(rows: Sequence[Phased]) -> list[Phased]:
    """Rows as if all that were to go on had been answered: who was answered stands for who was not.

    Of the escalated, the silent are left out and the answered weigh more; an audited row without an answer is one that
    was not audited, and the audit's probability falls accordingly. Where no escalated row at all was answered, nothing
    stands for them: there are no rows.
    """
    escalated = _answered_share([row for row in rows if row.pi2 == 1])
    audited = _answered_share([row for row in rows if row.pi2 < 1])
    if escalated == 0:
        return []
    out = []
    for row in rows:
        if row.pi2 < 1:
            out.append(row._replace(pi2=row.pi2 * audited))
        elif row.final is not None:
            out.append(row._replace(pi=row.pi * escalated))
    return out


def _known_flag(row: Phased) -> bool:
    """The later judge's word where it had to be asked, else the first one's."""
    return bool(row.final if row.pi2 == 1 else row.first)


def _changed(audited: Sequence[Phased], conf: float) -> Estimate:
    """The share of audited traces whose flag changed; with nothing audited anything up to all of them may have.

    Clopper-Pearson at the effective size: an audit is small, and there Wilson's interval is a little too short.
    """
    flags = [row.final != row.first for row in audited]
    share = hajek_share(flags, [row.pi * row.pi2 for row in audited], conf=conf)
    if share is None or share.n_effective is None:
        return Estimate(value=0.0, low=0.0, high=1.0, n=0)
    k = min(share.n_effective, share.value * share.n_effective)
    exact = clopper_pearson(k, share.n_effective, conf)
    assert exact is not None  # noqa: S101  # there are audited rows
    return share.model_copy(update={"low": min(exact.low, share.value), "high": max(exact.high, share.value)})


def _answered_share(rows: Sequence[Phased]) -> float:
    """Weighted share of the rows that were to go on for which there is an answer; 1 where none was to."""
    chosen = [row for row in rows if row.chosen]
    mean = hajek_mean([row.final is not None for row in chosen], [row.pi for row in chosen])
    return 1.0 if mean is None else mean.value


def _columns(rows: Sequence[Phased]) -> tuple[Floats, Floats, NDArray[np.bool_], Floats, Floats]:
    first = np.asarray([row.first for row in rows], dtype=np.float64)
    seen = np.asarray([row.final is not None for row in rows], dtype=np.bool_)
    final = np.asarray([0.0 if row.final is None else row.final for row in rows], dtype=np.float64)
    pi, pi2 = (np.asarray(column, dtype=np.float64) for column in ([r.pi for r in rows], [r.pi2 for r in rows]))
    if not (np.isfinite(first).all() and np.isfinite(final).all()):
        raise ValueError("values must be finite; leave out what was not judged")
    if not ((pi > 0) & (pi <= 1) & (pi2 >= 0) & (pi2 <= 1)).all():
        raise ValueError("probabilities must lie in (0, 1], those of the second phase in [0, 1]")
    if (~seen & (pi2 == 1)).any():
        raise ValueError("a trace that was sure to go on has no final value; leave it out or weigh for it")
    return first, final, seen, pi, pi2
