"""The samples of one moment, looked up and aggregated as PromQL does."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from assay.worker.alerts.rule import Aggregate
from assay.worker.records.metrics.metric import Sample
from assay.worker.records.metrics.table import METRICS

Group = frozenset[tuple[str, str]]
"""The labels of a group, e.g. those of `{use_case="support-bot"}`. A label without a value is no label."""

_LABELS = {name: metric.labels for metric in METRICS for name in metric.names}


class Series:
    """Samples by name."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._by_name[sample.name].append(sample)

    def has(self, name: str) -> bool:
        """Whether there is any sample of this name."""
        return name in self._by_name

    def labels_of(self, name: str, among: Sequence[str] | None = None) -> tuple[str, ...]:
        """The labels that a metric has; of those named, where some are."""
        own = _LABELS.get(name, ())
        return own if among is None else tuple(label for label in among if label in own)

    def aggregated(
        self, name: str, where: Mapping[str, str], by: Sequence[str], aggregate: Aggregate
    ) -> Mapping[Group, float]:
        """One value for each group of labels: `max by (use_case) (name{window="15m"})`.

        Args:
            name: of the metric.
            where: labels that a sample must have; alternatives are joined by `|`.
            by: labels that stay.
            aggregate: how samples of one group come to one value.
        """
        wanted = {label: frozenset(values.split("|")) for label, values in where.items()}
        groups: dict[Group, list[float]] = defaultdict(list)
        for sample in self._by_name.get(name, ()):
            if all(sample.labels.get(label, "") in values for label, values in wanted.items()):
                group = frozenset((label, value) for label in by if (value := sample.labels.get(label)))
                groups[group].append(sample.value)
        return {group: _together(values, aggregate) for group, values in groups.items()}


def _together(values: Sequence[float], aggregate: Aggregate) -> float:
    """A sum with NaN is NaN. A maximum or minimum leaves NaN out where there is anything else."""
    if aggregate == "sum":
        return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    return max(known) if aggregate == "max" else min(known)
