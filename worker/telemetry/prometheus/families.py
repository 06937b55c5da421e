"""Samples as Prometheus reads them: names, kinds and help texts come from the table of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from assay.worker.records.metrics.metric import Metric, Sample

LONGEST_VALUE = 120
"""Characters of a label's value: names of prompts and models come from traces."""

MOST_SERIES = 5_000
"""Series of one metric: what a Prometheus takes without being asked first."""

_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")
"""What ends or breaks a line somewhere, e.g. a carriage return, becomes a space."""

_BOUND_WORDS = ("", " (lower bound)", " (upper bound)")


class Families:
    """Makes families of samples. A sample that the table does not know, e.g. of a newer Assay, is left out."""

    def __init__(self, table: Iterable[Metric]) -> None:
        """Keep the gauges of the table, by all their names."""
        self._known: dict[str, tuple[Metric, str]] = {}
        for metric in table:
            if metric.kind == "gauge":
                words = zip(metric.names, _BOUND_WORDS, strict=False)
                self._known |= {name: (metric, metric.help.removesuffix(".") + more + ".") for name, more in words}

    def of(self, samples: Iterable[Sample]) -> list[Family]:
        """The families, by name. Of two samples with the same labels the later counts: a scrape with both fails."""
        values: dict[str, dict[tuple[str, ...], float]] = {}
        for sample in samples:
            known = self._known.get(sample.name)
            if known is not None:
                series = values.setdefault(sample.name, {})
                labels = tuple(label_value(sample.labels.get(label, "")) for label in known[0].labels)
                if labels in series or len(series) < MOST_SERIES:
                    series[labels] = sample.value
        return [self._family(name, values[name]) for name in sorted(values)]

    def _family(self, name: str, series: Mapping[tuple[str, ...], float]) -> Family:
        metric, words = self._known[name]
        family = GaugeMetricFamily(name, words, labels=metric.labels)
        for labels, value in series.items():
            family.add_metric(labels, value)
        return family


def label_value(value: str, longest: int = LONGEST_VALUE) -> str:
    """A label's value that every text form can hold: cut, without control characters and lone surrogates."""
    return value[:longest].translate(_CONTROLS).encode("utf-8", "replace").decode()
