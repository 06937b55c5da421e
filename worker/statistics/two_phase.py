"""Rates from a cascade: a cheap judge saw every selected trace, an expensive one only some, with known probability.

The difference estimator (Neyman 1938; Särndal, Swensson & Wretman 1992, ch. 9) takes the cheap judge's mean, corrected
by what the expensive judge found differently. Each difference is weighted by how unlikely it was to be seen. The
estimate is unbiased whatever the cheap judge is worth. A worse one only widens the interval.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.bounded import BoundedMean, Clusters, Prior, are_flags, behind_mean, own_mean
from assay.worker.statistics.combined import Combined, Part
from assay.worker.statistics.intervals import Interval, mid_p
from assay.worker.statistics.phases import PhaseColumns, with_answers
from assay.worker.statistics.student import two_sided_tail

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


TURNED = 1 / 3
"""To changes that are no flags one observation is added that changed by this much, in the direction in which there is
more room. Twenty audits that hardly changed a risk say little of the one that would have been turned around."""


def two_phase_rate(
    columns: PhaseColumns, *, high: Bools | None = None, clusters: Clusters | None = None
) -> Combined | None:
    """A mean of values in [0, 1] over all traffic: the difference estimator, its correction taken class by class.

    It is the mean with every escalated trace as the later judge saw it, plus, for what the first judge passed and for
    what it flagged, the share of traffic that this is times how much the audit changed it. Dividing by the audit's
    actual size instead of its expected one (Hájek) takes out the chance of how many of a class were drawn. The interval
    is put together from the parts' own (`combined`): few audits often show no change at all, and then a normal
    interval would have no width from them.

    Traces that were to go on and got no answer are made up for by the others that were to go on for the same
    reason, as non-response is in surveys; that assumes that who is silent does not depend on what the answer would be.

    Args:
        columns: the traces.
        high: which of them the first judge flagged. None: those that it gave at least .5.
        clusters: what belongs together. Given, the rate is that behind the traffic, else that of the traffic itself.

    Returns:
        None where it cannot be estimated: no rows, none of the escalated answered, traces that were not escalated and
        none of them audited, or a single cluster.

    Raises:
        ValueError: a value or a probability outside [0, 1].
    """
    columns.check()
    flagged = columns.first >= 0.5 if high is None else high
    answered, kept = with_answers(columns)
    settled = answered.pi2 < 1
    if not answered.n or (settled.any() and not answered.seen[settled].any()):
        return None
    values = np.where(settled, answered.first, answered.final)
    known = _known_part(values, answered.pi, None if clusters is None else np.asarray(clusters)[kept])
    if known is None:
        return None
    total = float((1 / answered.pi).sum())
    parts, offset = [Part(1.0, known.value, known.interval_at)], 0.0
    for class_ in (False, True):
        alike = settled & (flagged[kept] == class_)
        part, shift = _change_part(answered.only(alike), total)
        parts.append(part)
        offset += shift
    return Combined(tuple(parts), columns.n, offset, known.freedom, known.n_clusters)


def _known_part(values: Floats, pi: Floats, clusters: Clusters | None) -> BoundedMean | None:
    """The later judge's word where it had to be asked, else the first one's."""
    return own_mean(values, pi) if clusters is None else behind_mean(values, pi, clusters)


def _change_part(alike: PhaseColumns, total: float) -> tuple[Part, float]:
    """What the audit changed in one class, and what is to be added to the sum for it.

    A change lies in [−1, 1] and is taken as a mean in [0, 1]: of flags whether it changed at all, which can only be in
    one direction, else half of one more than the change. With nothing audited it may be anything.
    """
    weight = float((1 / alike.pi).sum()) / total
    audited = alike.only(alike.seen)
    change = audited.final - audited.first
    if not alike.n:
        return Part(0.0, 0.0, _anything), 0.0
    if are_flags(np.abs(change)) and (alike.first == alike.first[0]).all() and are_flags(alike.first):
        sign = -1.0 if alike.first[0] else 1.0
        return _audited_part(sign * weight, sign * change, audited), 0.0
    return _audited_part(2 * weight, (1 + change) / 2, audited), -weight


def _audited_part(weight: float, values: Floats, audited: PhaseColumns) -> Part:
    upward = bool(audited.n) and float(audited.first.mean()) < 0.5
    turned = Prior(1.0, (TURNED if upward else -TURNED) / 2)
    mean = own_mean(values, audited.pi * audited.pi2, prior=turned)
    if mean is None:
        return Part(weight, 0.0, _anything)
    if are_flags(values):
        return Part(weight, mean.value, partial(_of_few_flags, mean))
    return Part(weight, mean.value, mean.interval_at)


def _of_few_flags(mean: BoundedMean, critical: float) -> Interval:
    """The mid-p interval at the effective size: an audit is small, and there Wilson's is a little too short."""
    size = min(mean.n_effective, float(mean.n))
    conf = min(1 - 1e-12, 1 - two_sided_tail(critical, None))
    ends = mid_p(min(size, mean.value * size), size, conf)
    assert ends is not None  # noqa: S101  # there are audited rows
    if mean.groups is not None:
        apart = mean.interval_at(critical)
        ends = Interval(low=min(ends.low, apart.low), high=max(ends.high, apart.high))
    return Interval(low=min(ends.low, mean.value), high=max(ends.high, mean.value))


def _anything(_critical: float) -> Interval:
    return Interval(low=0.0, high=1.0)
