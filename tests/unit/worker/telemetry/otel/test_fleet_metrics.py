"""What a scrape shows arrives by OTLP with the same names, labels and values."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from prometheus_client import CollectorRegistry, Counter, Histogram

from assay.worker.records.metrics.metric import Sample
from assay.worker.records.metrics.table import METRICS
from assay.worker.telemetry.otel.fleet_metrics import Family, FleetMetricsSender
from assay.worker.telemetry.otel.pipeline import resource_of
from assay.worker.telemetry.prometheus.families import Families
from tests.servers.otlp_server import OtlpServer, attributes_of

SAMPLES = (
    Sample(name="assay_flagged_ratio", labels={"use_case": "bot", "window": "24h"}, value=0.07),
    Sample(name="assay_flagged_ratio_lower_bound", labels={"use_case": "bot", "window": "24h"}, value=0.05),
)


def scrape() -> Iterable[Family]:
    """A counter, a histogram and two gauges."""
    registry = CollectorRegistry()
    Counter("assay_tasks", "Tasks.", ["task"], registry=registry).labels("assess").inc(3)
    seconds = Histogram("assay_task_duration_seconds", "Seconds.", ["task"], buckets=(1, 10), registry=registry)
    for value in (0.5, 2.0, 30.0):
        seconds.labels("assess").observe(value)
    return [*registry.collect(), *Families(METRICS).of(SAMPLES)]


def sent(server: OtlpServer, gather: object = scrape) -> FleetMetricsSender:
    exporter = OTLPMetricExporter(f"{server.url}/v1/metrics", timeout=2)
    return FleetMetricsSender(exporter, resource_of("control"), gather)  # type: ignore[arg-type]


def test_same_names_and_values() -> None:
    with OtlpServer() as server:
        sent(server).send()
        metrics = {metric.name: metric for metric in server.metrics}
    counter, seconds = metrics["assay_tasks_total"].sum, metrics["assay_task_duration_seconds"].histogram
    assert (counter.is_monotonic, counter.data_points[0].as_double) == (True, 3.0)
    point = seconds.data_points[0]
    assert (list(point.explicit_bounds), list(point.bucket_counts)) == ([1.0, 10.0], [1, 1, 1])
    assert (point.count, point.sum, attributes_of(point.attributes)) == (3, 32.5, {"task": "assess"})
    assert not point.HasField("min")
    gauge = metrics["assay_flagged_ratio"].gauge.data_points[0]
    assert (gauge.as_double, attributes_of(gauge.attributes)["window"]) == (0.07, "24h")
    assert (metrics["assay_flagged_ratio_lower_bound"].unit, metrics["assay_task_duration_seconds"].unit) == ("1", "s")


def test_last_values_are_sent_at_the_end() -> None:
    with OtlpServer() as server:
        sender = sent(server)
        sender.start()
        sender.close()
        assert "assay_tasks_total" in {metric.name for metric in server.metrics}


def test_what_cannot_be_gathered_is_no_error() -> None:
    def broken() -> Iterable[Family]:
        raise ZeroDivisionError

    with OtlpServer() as server:
        sent(server, broken).send()
        assert server.metrics == []
