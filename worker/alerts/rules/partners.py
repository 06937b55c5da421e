"""The dead-man's switch of each rule: which alert fires when what the rule looks at is no longer there."""

from __future__ import annotations

from assay.worker.alerts.rule import AlertRule
from assay.worker.records.metrics import drift, quality, slo
from assay.worker.records.metrics.metric import Metric

_NOT_SCRAPED = "AssayControlNotScraped"


def partner_of(rule: AlertRule) -> str:
    """The name of that alert; empty: nothing of ours can tell, and a watchdog outside must."""
    if rule.name in {_NOT_SCRAPED, "AssayTargetDown"}:
        return ""
    if rule.name == "AssayHallucinationAlarmOff":
        return "AssaySignalsStale"
    if rule.name == "LLMHallucinationSpike":
        return "AssayHallucinationAlarmOff"
    metrics = [condition.metric for condition in rule.all_of]
    if rule.name in {"AssaySignalsStale", "AssaySignalsMissing"} or not metrics:
        return "AssaySignalsMissing" if rule.name == "AssaySignalsStale" else _NOT_SCRAPED
    return _partner_of_metric(metrics[0], rule)


def _partner_of_metric(metric: str, rule: AlertRule) -> str:
    if _is_of(metric, drift.METRICS):
        return "AssayTickNotDone" if rule.name == "AssayDriftStale" else "AssayDriftStale"
    if _is_of(metric, (*quality.METRICS, *slo.METRICS)):
        return "AssaySignalsStale"
    return _NOT_SCRAPED if rule.name == "AssayStateUnreadable" else "AssayStateUnreadable"


def _is_of(name: str, metrics: tuple[Metric, ...]) -> bool:
    return any(name in metric.names for metric in metrics)
