"""The page for Prometheus of a process without Celery."""

from __future__ import annotations

import socket

from assay.worker.config.settings import Settings
from assay.worker.wiring.metrics_pages import start_metrics_pages
from tests.scraping import asked, complaints_of_promtool, values_of


def test_a_process_that_counts_nothing_tells_who_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    pages = start_metrics_pages(Settings(metrics_port=port), "serve")
    assert pages is not None
    try:
        text = asked(f"http://127.0.0.1:{port}/metrics").text
    finally:
        pages.stop()
    (name,) = (each for each in values_of(text) if each[0] == "assay_build_info")
    assert "serve" in name
    assert "process_resident_memory_bytes" in text
    assert complaints_of_promtool(text) == ""


def test_a_port_that_is_taken_stops_no_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert start_metrics_pages(Settings(metrics_port=taken.getsockname()[1]), "serve") is None


def test_without_a_port_nothing_is_served() -> None:
    assert start_metrics_pages(Settings(), "serve") is None
