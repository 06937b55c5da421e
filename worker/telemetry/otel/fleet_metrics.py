"""What `/metrics` serves, sent by OTLP too: the same names, labels and values, as often as the SDK's own metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import structlog
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

EVERY_S = 60.0
"""As OTEL_METRIC_EXPORT_INTERVAL by default."""

CLOSE_WITHIN_S = 3.0

log = structlog.get_logger(__name__)


class FamilySample(Protocol):
    """One line of a scrape."""

    @property
    def name(self) -> str:
        """Its full name."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """By name."""
        ...

    @property
    def value(self) -> float:
        """The number."""
        ...


class Family(Protocol):
    """One metric of a scrape, as Prometheus' client has it."""

    name: str
    documentation: str
    type: str

    @property
    def samples(self) -> Sequence[FamilySample]:
        """Its lines."""
        ...


Gather = Callable[[], Iterable[Family]]
"""What a scrape would show now. It may take seconds, and is asked from a thread of its own."""


class FleetMetricsSender:
    """Sends them from a thread, until it is closed."""

    def __init__(
        self, exporter: MetricExporter, resource: Resource, gather: Gather, *, every_s: float = EVERY_S
    ) -> None:
        """Keep the parts. Nothing is sent yet."""
        self._exporter = exporter
        self._resource = resource
        self._gather = gather
        self._every_s = every_s
        self._began_ns = time.time_ns()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-otlp-metrics", daemon=True)

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def close(self) -> None:
        """Send once more, and end."""
        self._ends.set()
        self._thread.join(CLOSE_WITHIN_S)

    def send(self) -> None:
        """Send what there is now. Whatever goes wrong is logged, and the next time tries again."""
        try:
            metrics = [metric for family in self._gather() for metric in converted(family, self._began_ns)]
            scope = ScopeMetrics(InstrumentationScope("assay"), metrics, "")
            self._exporter.export(MetricsData([ResourceMetrics(self._resource, [scope], "")]))
        except Exception as exc:  # noqa: BLE001  # metrics that cannot be sent stop nothing
            log.warning("otel.metrics_not_sent", error=type(exc).__name__)

    def _run(self) -> None:
        while not self._ends.wait(self._every_s):
            self.send()
        self.send()


def converted(family: Family, began_ns: int) -> Iterator[Metric]:
    """A family as OpenTelemetry has it: counters as sums that only grow, histograms with their own bounds."""
    now_ns = time.time_ns()
    if family.type == "histogram":
        points = list(_histogram_points(family, began_ns, now_ns))
        if points:
            data = Histogram(points, AggregationTemporality.CUMULATIVE)
            yield Metric(family.name, family.documentation, _unit(family.name), data)
        return
    is_counter = family.type == "counter"
    wanted = [sample for sample in family.samples if not sample.name.endswith("_created")]
    numbers = [
        NumberDataPoint(dict(sample.labels), began_ns if is_counter else 0, now_ns, sample.value) for sample in wanted
    ]
    if not numbers:
        return
    name = f"{family.name}_total" if is_counter else wanted[0].name
    shape = Sum(numbers, AggregationTemporality.CUMULATIVE, is_monotonic=True) if is_counter else Gauge(numbers)
    yield Metric(name, family.documentation, _unit(family.name), shape)


def _histogram_points(family: Family, began_ns: int, now_ns: int) -> Iterator[HistogramDataPoint]:
    buckets: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in family.samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name.endswith("_bucket"):
            buckets.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_sum"):
            sums[labels] = sample.value
    for labels, cumulative in buckets.items():
        cumulative.sort()
        counts = [int(count) for _, count in cumulative]
        own = [after - before for before, after in zip([0, *counts], counts, strict=False)]
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=began_ns,
            time_unix_nano=now_ns,
            count=counts[-1],
            sum=sums.get(labels, 0.0),
            bucket_counts=own,
            explicit_bounds=[bound for bound, _ in cumulative[:-1]],
            min=None,  # type: ignore[arg-type]  # not known, and the message may leave them out
            max=None,  # type: ignore[arg-type]
        )


def _unit(name: str) -> str:
    """The unit that a name ends with, as UCUM has it, e.g. `s` of `assay_task_duration_seconds`."""
    for ending, unit in (("_seconds", "s"), ("_usd", "{USD}"), ("_ratio", "1"), ("_bytes", "By")):
        if name.removesuffix("_lower_bound").removesuffix("_upper_bound").endswith(ending):
            return unit
    return ""
