"""What a scrape of the collector shows: every metric of its table, from the first moment on."""

from __future__ import annotations

from assay.worker.collector.counts import Counts
from assay.worker.records.metrics.table import OF_COLLECTOR
from assay.worker.telemetry.prometheus.collecting import collector_registry
from assay.worker.telemetry.prometheus.exposition import metrics_page
from assay.worker.wiring.collecting import counted
from tests.scraping import complaints_of_promtool, values_of


def test_every_metric_is_there_before_anything_came() -> None:
    counts = Counts()
    text = metrics_page(collector_registry("1.2.3", lambda: counted(counts)), (), "").body.decode()
    values = values_of(text)
    assert {metric.name for metric in OF_COLLECTOR} <= {key[0] for key in values}
    assert values["assay_build_info", "collector", "1.2.3"] == 1
    assert values["assay_collector_spans_total", "kept"] == 0
    assert complaints_of_promtool(text) == ""


def test_what_is_counted_is_shown() -> None:
    counts = Counts(bytes=5, strange_times=2, forgotten=3, held_bytes=4, open_requests=1)
    counts.requests["logs", 429] += 2
    counts.spans["rejected"] += 7
    values = values_of(metrics_page(collector_registry("1", lambda: counted(counts)), (), "").body.decode())
    assert values["assay_collector_requests_total", "logs", "429"] == 2
    assert values["assay_collector_spans_total", "rejected"] == 7
    assert values["assay_collector_forgotten_traces_total",] == 3
    assert values["assay_collector_open_requests",] == 1
