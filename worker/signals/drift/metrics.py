"""A check as samples: what rules and dashboards see of drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from assay.worker.records.metrics import drift
from assay.worker.records.metrics.metric import Metric, MetricSnapshot, Sample
from assay.worker.signals.drift.records import DriftCheck, FeatureDrift


def drift_snapshot(checks: Iterable[DriftCheck], at: datetime) -> MetricSnapshot:
    """The last checks of all use cases.

    Args:
        checks: the last one of each use case.
        at: the moment.
    """
    return MetricSnapshot(part="drift", at=at, samples=tuple(sample for check in checks for sample in _samples(check)))


def _samples(check: DriftCheck) -> Iterator[Sample]:
    own = {"use_case": check.use_case}
    yield Sample(name=drift.TRACES.name, labels=own, value=check.n)
    yield Sample(name=drift.CHECKED.name, labels=own, value=check.at.timestamp())
    if check.baseline_at is not None:
        yield Sample(name=drift.BASELINE.name, labels=own, value=check.baseline_at.timestamp())
    for feature in check.features:
        labels = {**own, "side": feature.side, "feature": feature.feature}
        if feature.p_adjusted is not None:
            yield Sample(name=drift.P_VALUE.name, labels={**labels, "test": feature.test}, value=feature.p_adjusted)
            yield Sample(name=drift.DRIFTED.name, labels=labels, value=float(feature.drifted))
        for metric, value in _numbers(feature):
            if value is not None:
                yield Sample(name=metric.name, labels=labels, value=value)


def _numbers(feature: FeatureDrift) -> Iterator[tuple[Metric, float | None]]:
    yield drift.PSI, feature.psi
    yield drift.PSI_NULL, feature.psi_bound
    yield drift.CENTROID, feature.centroid
    yield drift.CENTROID_NULL, feature.centroid_bound
    yield drift.SIZE, feature.size
