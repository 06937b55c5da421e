"""A rule's conditions as an expression of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.records.metrics.table import METRICS

LABELS: Mapping[str, tuple[str, ...]] = {
    "up": ("job", "instance"),
    **{name: metric.labels for metric in METRICS for name in metric.names},
}
"""The labels of each metric by its name, and of the one that Prometheus itself adds."""


def expression(rule: AlertRule) -> str:
    """PromQL that has a series for each set of labels the rule fires for. A line for each condition."""
    if rule.absent is not None:
        return f"absent({rule.absent})"
    first, *others = rule.all_of
    labels = labels_of(first, rule)
    lines = [_comparison(first, rule)]
    for condition in others:
        own = labels_of(condition, rule)
        matching = "" if own == labels else f" on ({', '.join(own)})"
        lines.append(f"and{matching} ({_comparison(condition, rule)})")
    return "\n".join(lines)


def labels_of(condition: Condition, rule: AlertRule) -> tuple[str, ...]:
    """Those of the rule's labels that a condition's metric has."""
    return tuple(name for name in rule.by if name in LABELS[condition.metric])


def _comparison(condition: Condition, rule: AlertRule) -> str:
    value = _aggregated(condition, condition.metric, rule)
    if condition.is_age:
        value = f"time() - {value}"
    limit = f"{condition.threshold:.10g}"
    if condition.than is None:
        return f"{value} {condition.comparator} {limit}"
    other = _aggregated(condition, condition.than, rule)
    return f"{value} {condition.comparator}{_matching(condition, rule)} {limit} * {other}"


def _matching(condition: Condition, rule: AlertRule) -> str:
    """How the two sides find each other, where the other has fewer labels."""
    own = labels_of(condition, rule)
    shared = [name for name in own if name in LABELS[condition.than or ""]]
    return "" if len(shared) == len(own) else f" on ({', '.join(shared)}) group_left ()"


def _aggregated(condition: Condition, metric: str, rule: AlertRule) -> str:
    labels = [name for name in rule.by if name in LABELS[metric]]
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"{condition.aggregate}{by} ({metric}{_selector(condition, metric)})"


def _selector(condition: Condition, metric: str) -> str:
    """What picks the series; of the metric that is compared with, as far as it has the labels."""
    pairs = [(name, value) for name, value in condition.where.items() if name in LABELS[metric]]
    if not pairs:
        return ""
    return "{" + ",".join(matcher(name, value) for name, value in pairs) + "}"


def matcher(name: str, value: str) -> str:
    """`window="24h"`, or of alternatives `use_case=~"bot|search"`, whose signs mean themselves."""
    if "|" not in value:
        return f'{name}="{value}"'
    alternatives = "|".join(re.escape(each).replace("\\-", "-") for each in value.split("|"))
    return f'{name}=~"{alternatives}"'.replace("\\", "\\\\")
