"""Samples of every metric of the record and of the fleet, with the labels that rules and dashboards ask for.

The values are those of a day on which one alert fires: many flagged answers within the last 15 minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from assay.worker.config.slo_profiles import PROFILES
from assay.worker.records.metrics import drift, fleet, quality, slo
from assay.worker.records.metrics.metric import Metric, Sample

LABELS: Mapping[str, tuple[str, ...]] = {
    "use_case": ("bot",),
    "rubric": ("grounding-llm",),
    "revision": ("0123456789ab",),
    "window": ("15m", "1h", "24h", "3d", "30d"),
    "objective": tuple(PROFILES["chat"].model_dump(exclude_none=True)),
    "prompt_name": ("answer",),
    "prompt_version": ("8",),
    "model": ("m-1",),
    "by": ("feature",),
    "value": ("search", "chat"),
    "side": ("input",),
    "feature": ("question_topics", "question_length"),
    "test": ("mmd",),
    "state": ("selected", "scored", "skipped", "dead", "in_flight"),
    "reason": ("no_response", "unverified"),
    "queue": ("assess", "control"),
    "tick": ("sweep", "signals"),
    "role": ("assess", "control", "beat"),
    "endpoint": ("default",),
    "kind": ("requests_per_minute",),
    "period": ("day", "month"),
    "golden_set": ("bot-v1",),
    "verdict": ("pass", "regressed"),
}
"""Values by label."""

VALUES: Mapping[str, float] = {
    quality.FLAGGED.name: 0.25,
    quality.FLAGGED.lower: 0.14,
    quality.FLAGGED.upper: 0.38,
    quality.FLAGGED_ALARM.name: 0.12,
    quality.WITH_RISK.name: 60,
    quality.JUDGED.name: 64,
    slo.TARGET.name: 0.95,
    drift.PSI.name: 0.3,
    drift.PSI_NULL.name: 0.1,
    fleet.STATE_READABLE.name: 1,
    fleet.TICK_SENT_AGE.name: 7,
    fleet.BREAKER.name: 0,
}
"""Values by name. All others are 0.5, and moments are a minute ago."""


def planted(metrics: Iterable[Metric], **labels: tuple[str, ...]) -> Iterator[Sample]:
    """Samples of gauges, one for each set of labels.

    Args:
        metrics: which.
        labels: values of labels that differ from `LABELS`.
    """
    values_of = {**LABELS, **labels}
    for metric in metrics:
        for name in metric.names:
            for values in product(*(values_of[label] for label in metric.labels)):
                yield Sample(name=name, labels=dict(zip(metric.labels, values, strict=True)), value=_value(name))


def _value(name: str) -> float:
    if name.endswith("_timestamp_seconds"):
        return time.time() - 60
    return VALUES.get(name, 0.5)
