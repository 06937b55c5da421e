"""PromQL from the table of metrics: a name or a label that is not in it cannot be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.worker.alerts.dashboards.panel import LOWER, UPPER, Query
from assay.worker.records.metrics.metric import Metric

CASE: Mapping[str, str] = {"use_case": "$use_case"}
"""The use case that a person has chosen."""

RATED: Mapping[str, str] = {**CASE, "rubric": "$rubric", "window": "$window"}
"""The same with a rubric and a window: what rates are told by."""

RANGE = "$__rate_interval"
"""Grafana's own: long enough for four scrapes."""


def latest(
    metric: Metric,
    by: Iterable[str] = (),
    where: Mapping[str, str] | None = None,
    *,
    name: str = "",
    before: str = "",
) -> str:
    """A gauge: every control worker tells the same, so the largest is it.

    Args:
        metric: a gauge of the table.
        by: labels that series keep.
        where: labels and values that pick them; a value with `~` before it is a pattern.
        name: of a bound of it; its own if empty.
        before: how long ago, e.g. `10m`; now if empty.
    """
    offset = f" offset {before}" if before else ""
    return _aggregated("max", metric, by, f"{name or metric.name}{_selector(metric, where or {})}{offset}")


def per_second(metric: Metric, by: Iterable[str] = (), where: Mapping[str, str] | None = None) -> str:
    """A counter's rate, over all processes."""
    return _aggregated("sum", metric, by, f"rate({metric.name}{_selector(metric, where or {})}[{RANGE}])")


def quantile(share: float, metric: Metric, by: Iterable[str] = (), where: Mapping[str, str] | None = None) -> str:
    """A quantile of a histogram, over all processes."""
    rate = f"rate({metric.name}_bucket{_selector(metric, where or {})}[{RANGE}])"
    labels = _known(metric, by)
    return f"histogram_quantile({share:g}, sum by ({', '.join(('le', *labels))}) ({rate}))"


def age(metric: Metric, by: Iterable[str] = (), where: Mapping[str, str] | None = None) -> str:
    """Seconds since the moment that a gauge tells."""
    return f"time() - {latest(metric, by, where)}"


def banded(metric: Metric, legend: str, where: Mapping[str, str], by: Iterable[str] = ()) -> tuple[Query, ...]:
    """A value between its bounds. The picked labels must leave one series: a band has two ends."""
    labels = tuple(by)
    return (
        Query(latest(metric, labels, where, name=metric.upper), UPPER, "upper"),
        Query(latest(metric, labels, where, name=metric.lower), LOWER, "lower"),
        Query(latest(metric, labels, where), legend),
    )


def label_values(metric: Metric, label: str, where: Mapping[str, str] | None = None) -> str:
    """What Grafana asks for a variable's values."""
    (known,) = _known(metric, (label,))
    return f"label_values({metric.name}{_selector(metric, where or {})}, {known})"


def _aggregated(operator: str, metric: Metric, by: Iterable[str], inner: str) -> str:
    labels = _known(metric, by)
    grouped = f" by ({', '.join(labels)})" if labels else ""
    return f"{operator}{grouped} ({inner})"


def _selector(metric: Metric, where: Mapping[str, str]) -> str:
    _known(metric, where)
    matchers = [
        f'{name}=~"{value[1:]}"' if value.startswith("~") else f'{name}="{value}"' for name, value in where.items()
    ]
    return "{" + ",".join(matchers) + "}" if matchers else ""


def _known(metric: Metric, labels: Iterable[str]) -> tuple[str, ...]:
    asked = tuple(labels)
    unknown = set(asked) - set(metric.labels)
    if unknown:
        raise ValueError(f"{metric.name} has no label {', '.join(sorted(unknown))}; its labels: {metric.labels}")
    return asked
