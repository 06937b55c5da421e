"""Metrics of the collector: what applications sent, and what became of it."""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

REQUESTS = Metric(
    "assay_collector_requests_total",
    "counter",
    "Requests that brought traces or logs, by the status of the answer.",
    ("signal", "status"),
)
SPANS = Metric("assay_collector_spans_total", "counter", "Spans that came: kept, rejected.", ("outcome",))
EVENTS = Metric(
    "assay_collector_log_records_total",
    "counter",
    "Log records that came: kept (GenAI events with the ids of a span), rejected.",
    ("outcome",),
)
BYTES = Metric("assay_collector_bytes_total", "counter", "Bytes of what came, inflated.")
STRANGE_TIMES = Metric(
    "assay_collector_strange_times_total", "counter", "Spans that are dated more than a day before or after they came."
)
FORGOTTEN = Metric("assay_collector_forgotten_traces_total", "counter", "Traces deleted because of their age.")
HELD = Metric("assay_collector_held_bytes", "gauge", "Bytes of requests that are not answered yet.")
OPEN = Metric("assay_collector_open_requests", "gauge", "Requests that are not answered yet.")

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
