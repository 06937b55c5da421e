"""What a control worker serves to Prometheus: how the golden sets' schedules stand, computed at each scrape.

These metrics watch over a clock that may die. Values that its ticks wrote would then stay as they were. Names and units
follow the conventions of Prometheus. The label `golden_set` is bounded by the sets on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from assay.worker.golden.scheduling.slot_records import ScheduleStatus

log = structlog.get_logger(__name__)


class ScheduleCollector(Collector):
    """Gauges of every scheduled golden set.

    `read` gets their statuses, in whatever thread asks. Where it fails, `assay_golden_schedule_readable` is 0 and no
    other metric is given: an old value would hide that nobody knows the state.
    """

    def __init__(self, read: Callable[[], Sequence[ScheduleStatus]]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """The families of one scrape."""
        readable = GaugeMetricFamily(
            "assay_golden_schedule_readable", "1 where the schedules and the fleet's state could be read, else 0."
        )
        statuses: Sequence[ScheduleStatus] | None = None
        try:
            statuses = self._read()
        except Exception as exc:  # noqa: BLE001  # whatever is away, the scrape must say so
            log.warning("metrics.schedules_unreadable", error=type(exc).__name__)
        readable.add_metric([], float(statuses is not None))
        return [readable, *(_families(statuses) if statuses is not None else [])]


def serve_metrics(host: str, port: int, read: Callable[[], Sequence[ScheduleStatus]]) -> WSGIServer | None:
    """Serve `/metrics` from a daemon thread.

    Returns:
        None: the address cannot be had. That is logged and stops no worker.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ScheduleCollector(read))
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as exc:
        log.warning("metrics.not_served", host=host, port=port, error=exc.strerror or type(exc).__name__)
        return None
    log.info("metrics.served", host=host, port=server.server_port)
    return server


def _families(statuses: Sequence[ScheduleStatus]) -> list[Metric]:
    label = ["golden_set"]
    overdue = GaugeMetricFamily(
        "assay_golden_overdue_seconds",
        "How long the last slot has waited for a run that no worker has in hand; 0 where none does.",
        labels=label,
    )
    problem = GaugeMetricFamily(
        "assay_golden_schedule_problem", "1 where a manifest cannot be read or no beat has looked at it.", labels=label
    )
    ended = GaugeMetricFamily(
        "assay_golden_last_run_timestamp_seconds", "When the last scheduled run ended (Unix time).", labels=label
    )
    verdict = GaugeMetricFamily(
        "assay_golden_last_run_verdict", "1 for how the last scheduled run ended.", labels=[*label, "verdict"]
    )
    for status in statuses:
        name = [status.golden_set]
        problem.add_metric(name, float(bool(status.problem)))
        if not status.problem:
            overdue.add_metric(name, status.overdue_s)
        if status.last_run is not None:
            ended.add_metric(name, status.last_run.changed_at.timestamp())
            verdict.add_metric([*name, status.last_run.verdict], 1.0)
    return [overdue, problem, ended, verdict]
