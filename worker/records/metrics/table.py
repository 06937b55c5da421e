"""All metrics there are. Rules and dashboards may speak of no other."""

from __future__ import annotations

from assay.worker.records.metrics import collector, drift, fleet, process, quality, slo
from assay.worker.records.metrics.metric import Metric

FROM_STATE: tuple[Metric, ...] = fleet.METRICS
"""Read from Redis at each scrape."""

FROM_RECORD: tuple[Metric, ...] = (*quality.METRICS, *slo.METRICS, *drift.METRICS)
"""Computed from the record by a tick, and kept until the next."""

OF_PROCESS: tuple[Metric, ...] = process.METRICS
"""Of the process that is asked."""

OF_COLLECTOR: tuple[Metric, ...] = collector.METRICS
"""Of the collector, where there is one."""

METRICS: tuple[Metric, ...] = (*FROM_STATE, *FROM_RECORD, *OF_PROCESS, *OF_COLLECTOR)
