"""What the collector and the pages of the fleet serve to Prometheus: their process, and what they count."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from assay.worker.records.metrics import process
from assay.worker.records.metrics.metric import Metric

Values = Callable[[], Iterable[tuple[Metric, tuple[str, ...], float]]]
"""Reads what is counted: a metric, the values of its labels, its value. Called from another thread."""


def collector_registry(version: str, values: Values, *, role: str = "collector") -> CollectorRegistry:
    """What a scrape shows.

    Args:
        version: of Assay.
        values: what is counted.
        role: of the process.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(version, role, values))
    ProcessCollector(registry=registry)
    return registry


class _Read(Collector):
    def __init__(self, version: str, role: str, values: Values) -> None:
        self._build = {"version": version, "role": role}
        self._values = values

    def collect(self) -> Iterable[Family]:
        yield InfoMetricFamily(process.BUILD.name.removesuffix("_info"), process.BUILD.help, value=self._build)
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for metric, labels, value in self._values():
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = families.setdefault(metric.name, kind(metric.name, metric.help, labels=metric.labels))
            family.add_metric(labels, value)
        yield from families.values()
