"""The pages that a process without Celery has for Prometheus, at the port that all processes have them at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

import structlog

from assay.worker.config.settings import Settings
from assay.worker.records.metrics.metric import Metric
from assay.worker.telemetry.http_pages import Answer, HttpPages, Page

Values = Callable[[], Iterable[tuple[Metric, tuple[str, ...], float]]]
"""Reads what is counted: a metric, the values of its labels, its value. Called from another thread."""

log = structlog.get_logger(__name__)


def no_values() -> tuple[()]:
    """What a process counts that counts nothing of its own."""
    return ()


def start_metrics_pages(
    settings: Settings, role: str, *, values: Values = no_values, others: Mapping[str, Page] | None = None
) -> HttpPages | None:
    """Serve `/metrics` and what else there is, where the settings say where. A port that is taken stops no process.

    Args:
        settings: name address and port.
        role: of the process, e.g. `serve`.
        values: what it counts.
        others: further pages by path.
    """
    if settings.metrics_port is None:
        return None
    from assay.worker.telemetry.prometheus.collecting import collector_registry
    from assay.worker.telemetry.prometheus.exposition import metrics_page

    registry = collector_registry(version("assay-fleet"), values, role=role)

    async def scrape(accept: str) -> Answer:
        return metrics_page(registry, (), accept)

    pages = HttpPages({"/metrics": scrape, **(others or {})})
    try:
        pages.start(settings.metrics_host, settings.metrics_port)
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        remedy = "set another ASSAY_METRICS_PORT"
        log.warning("metrics.not_served", port=settings.metrics_port, error=why, remedy=remedy)
        return None
    return pages
