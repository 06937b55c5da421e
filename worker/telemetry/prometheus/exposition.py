"""The page that a scrape gets: the process' own metrics, and those of the fleet where it serves them."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from assay.worker.records.metrics.metric import Sample
from assay.worker.records.metrics.table import METRICS
from assay.worker.telemetry.http_pages import Answer
from assay.worker.telemetry.prometheus.families import Families

__all__ = ["Family", "families_of", "metrics_page"]

_FAMILIES = Families(METRICS)


def families_of(registry: CollectorRegistry, samples: Iterable[Sample]) -> list[Family]:
    """All families that a scrape shows.

    Args:
        registry: what the process counts.
        samples: what it serves besides.
    """
    return [*registry.collect(), *_FAMILIES.of(samples)]


def metrics_page(registry: CollectorRegistry, samples: Iterable[Sample], accept: str) -> Answer:
    """One scrape's answer.

    Args:
        registry: what the process counts.
        samples: what it serves besides.
        accept: the request's `Accept`: OpenMetrics where that is asked for, else Prometheus' text.
    """
    encode, content_type = choose_encoder(accept)
    return Answer(HTTPStatus.OK, content_type, encode(_Scrape(families_of(registry, samples))))


class _Scrape:
    """What is encoded: anything with `collect`."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families
