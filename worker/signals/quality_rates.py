"""Rates of a window as samples: of each use case and rubric those of its latest revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.estimators import flagged_rate, mean_rate, problem_rate, response_share
from assay.worker.signals.gathering import Gathered
from assay.worker.signals.rates import FAITHFUL, worth
from assay.worker.signals.reading import slices_of
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.traffic import Bools, Traffic
from assay.worker.signals.window_columns import Rows, WindowColumns
from assay.worker.statistics.alarms import alarm_bound
from assay.worker.statistics.bounded import BoundedMean
from assay.worker.statistics.combined import Rate
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.quantiles import weighted_quantile

ALARM_ALPHA = 0.0005
"""Chance that the bound for pages lies above the true share: some 0.3 false pages a month, looked at each minute."""

SHORT_REVISION = 12
"""Digits of a revision that a label shows, e.g. `904b1c22d3aa`."""


class FlagPolicy(NamedTuple):
    """What counts as flagged in a use case.

    Attributes:
        cut: the risk from which on an answer is flagged.
        allowed: the share of answers that may be. None: there is no objective, so nothing is held against one.
        allow_uncalibrated: whether a risk that is not calibrated may alert.
    """

    cut: float
    allowed: float | None = None
    allow_uncalibrated: bool = False


Policies = Mapping[str, FlagPolicy]
"""By use case: those of the deployment. Rows of others are in no metric."""


def latest_slices(gathered: Gathered) -> dict[tuple[str, str], Traffic]:
    """Of each use case and rubric the slice of the revision that judged last. The gathered rows are used up."""
    slices = slices_of(gathered)
    latest: dict[tuple[str, str], Traffic] = {}
    for slice_key, traffic in sorted(slices.items(), key=lambda pair: slices.last.get(pair[0], -1)):
        latest[slice_key.use_case, slice_key.rubric] = traffic
    return latest


def rate_samples(
    window: str, slices: Iterable[Traffic], columns: WindowColumns, rows: Rows, policies: Policies
) -> Iterator[Sample]:
    """The rates of a window.

    Args:
        window: its name.
        slices: of the latest revisions.
        columns: how rows are numbered.
        rows: those of the window.
        policies: of each use case.
    """
    for traffic in slices:
        policy = policies.get(traffic.key.use_case)
        if policy is not None:
            labels = (traffic.key.use_case, traffic.key.rubric, window, traffic.key.revision[:SHORT_REVISION])
            yield from _of_risk(traffic, policy, labels)
            yield from _of_alarm(own_rows(traffic, columns, rows), policy, labels)
            yield from _of_answers(traffic, labels)


def own_rows(traffic: Traffic, columns: WindowColumns, rows: Rows) -> Rows:
    """The scored rows of a slice that count in rates."""
    series = columns.series.get((traffic.key.use_case, traffic.key.rubric))
    revision = columns.revisions.get((traffic.key.revision or None,))
    if series is None or revision is None:
        return rows.only(np.zeros(rows.size, dtype=np.bool_))
    return rows.only((rows["series"] == series) & (rows["revision"] == revision) & rows["scored"] & rows["counts"])


def may_page(rows: Rows, policy: FlagPolicy) -> Bools:
    """Which rows have a flag that may wake somebody. What the screen alone judged never does."""
    return np.asarray(~rows["screen"] & (rows["calibrated"] | policy.allow_uncalibrated), dtype=np.bool_)


def _of_risk(traffic: Traffic, policy: FlagPolicy, labels: tuple[str, ...]) -> Iterator[Sample]:
    flagged = flagged_rate(traffic, policy.cut, "behind")
    yield from number(quality.JUDGED, traffic.n, *labels)
    yield from number(quality.WITH_RISK, int((~np.isnan(traffic.risk)).sum()), *labels)
    yield from number(quality.EFFECTIVE, effective(flagged), *labels)
    yield from estimate(quality.FLAGGED, _shown(flagged), *labels)
    yield from estimate(quality.PROBLEM, _shown(problem_rate(traffic, policy.cut, "behind")), *labels)


def _of_alarm(rows: Rows, policy: FlagPolicy, labels: tuple[str, ...]) -> Iterator[Sample]:
    """The bound for pages. What may not page is no flag, and yet one of the answers that the share is over."""
    known = ~np.isnan(rows["risk"]) if rows.size else np.zeros(0, dtype=np.bool_)
    if not known.any():
        return
    rows = rows.only(known)
    paging = may_page(rows, policy)
    yield from number(quality.ALARM_ARMED, float(paging.any()), *labels)
    if paging.any():
        flags = np.asarray(paging & (rows["risk"] >= policy.cut), dtype=np.bool_)
        bound = alarm_bound(1 / rows["pi"], flags, ALARM_ALPHA, clusters=rows["cluster"])
        yield from number(quality.FLAGGED_ALARM, bound, *labels)


def _of_answers(traffic: Traffic, labels: tuple[str, ...]) -> Iterator[Sample]:
    everything, known = np.ones(traffic.n, dtype=np.bool_), ~np.isnan(traffic.faithfulness)
    faithful = mean_rate(traffic, traffic.faithfulness >= FAITHFUL, known, "behind")
    refusals = mean_rate(traffic, traffic.is_state("refusal"), everything, "behind")
    median = weighted_quantile(traffic.faithfulness[known], traffic.pi[known], 0.5, clusters=traffic.clusters[known])
    yield from estimate(quality.FAITHFULNESS, median, *labels)
    yield from estimate(quality.FAITHFUL, _shown(faithful), *labels)
    yield from estimate(quality.REFUSALS, _shown(refusals), *labels)
    yield from number(quality.ANSWERED, response_share(traffic), *labels)


def effective(rate: Rate | None) -> float | None:
    """How many equally weighted, independent traces a share is worth."""
    if rate is None:
        return None
    return rate.n_effective if isinstance(rate, BoundedMean) else worth(rate)


def _shown(rate: Rate | None) -> Estimate | None:
    return rate.estimate() if rate else None
