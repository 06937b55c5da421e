"""Unit tests of the rules for `promtool test rules`: each fires when it should, and not when one condition fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.worker.alerts.rendering.example_series import (
    Age,
    Example,
    firing_example,
    label_values,
    quiet_examples,
    series_name,
)
from assay.worker.alerts.rendering.packing import Case, packed
from assay.worker.alerts.rendering.prometheus_only import Series
from assay.worker.alerts.rendering.rule_file import WrittenRule, written_rules
from assay.worker.alerts.rendering.templates import filled_annotations, value_text
from assay.worker.config.deployment import Deployment

STEP_S = 86_400
"""Between samples, and between evaluations: no condition must hold for longer, and a week is seven of them."""

_FEW = 2
"""Samples of a series that keeps its value, after the first."""

_BEFORE = 7
"""Samples with the first value, of a series of a rule that looks back a week, after the first."""

_AFTER = 4
"""Samples with its second value."""


def rule_tests(deployment: Deployment, rule_file: str) -> dict[str, Any]:
    """The file of tests.

    Args:
        deployment: whose rules.
        rule_file: name of the file with the rules, beside it.

    Raises:
        ConfigurationError: `alerts:` names a rule that does not exist.
    """
    cases = [
        case
        for written in written_rules(deployment)
        for case in (_changing(written, deployment) if written.source.expression else _steady(written, deployment))
    ]
    tests = [_test(together) for together in packed(cases)]
    return {"rule_files": [rule_file], "evaluation_interval": f"{STEP_S}s", "tests": tests}


def _steady(written: WrittenRule, deployment: Deployment) -> Iterator[Case]:
    """Series that keep their value. A rule of an absence fires where there is no series at all."""
    rule = written.rule
    if rule.absent is not None:
        metrics = frozenset({rule.absent})
        yield _case(written, "fires", {}, _FEW, metrics, _alert(written, deployment, {}, 1.0))
        yield _case(written, "is quiet", {series_name(rule.absent, {}): f"1x{_FEW}"}, _FEW, metrics)
        return
    metrics = frozenset(name for each in rule.all_of for name in (each.metric, each.than) if name)
    firing = firing_example(rule)
    labels = {name: label_values(rule)[name] for name in rule.by}
    alert = _alert(written, deployment, labels, firing.first_value(rule))
    yield _case(written, "fires", _series(firing), _FEW, metrics, alert)
    for number, quiet in enumerate(quiet_examples(rule, firing), 1):
        yield _case(written, f"is quiet without condition {number}", _series(quiet), _FEW, metrics)


def _changing(written: WrittenRule, deployment: Deployment) -> Iterator[Case]:
    """A series that changes after a week."""
    source = written.source
    if source.firing is None or source.quiet is None:
        raise ValueError(f"{source.rule.name}: has an expression and no series for its test")
    values = label_values(written.rule) | ({"use_case": source.use_cases[0]} if source.use_cases else {})
    labels = {name: values[name] for name in written.rule.by}
    alert = _alert(written, deployment, labels, source.value)
    days = _BEFORE + _AFTER
    for what, series, told in (("fires", source.firing, alert), ("is quiet", source.quiet, None)):
        yield _case(written, what, _week(series), days, source.metrics, told)


def _case(
    written: WrittenRule,
    what: str,
    series: Mapping[str, str],
    samples: int,
    metrics: frozenset[str],
    alert: Mapping[str, Any] | None = None,
) -> Case:
    return Case(
        rule=written.rule.name,
        what=what,
        series=series,
        samples=samples,
        metrics=metrics,
        alerts=() if alert is None else (alert,),
    )


def _test(cases: list[Case]) -> dict[str, Any]:
    """Cases that do not touch each other, in one: Prometheus reads all rules anew for each test."""
    return {
        "name": "; ".join(case.name for case in cases),
        "interval": f"{STEP_S}s",
        "input_series": [{"series": name, "values": values} for case in cases for name, values in case.series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{case.samples * STEP_S}s",
                "alertname": case.rule,
                "exp_alerts": [dict(alert) for alert in case.alerts],
            }
            for case in cases
        ],
    }


def _alert(written: WrittenRule, deployment: Deployment, labels: Mapping[str, str], value: float) -> dict[str, Any]:
    told = value_text(value, written.unit)
    return {
        "exp_labels": {**labels, **written.labels},
        "exp_annotations": filled_annotations(written.rule, labels, told, deployment.alerts),
    }


def _series(example: Example) -> dict[str, str]:
    """Values that stay, and moments that stay as long ago as they were."""
    return {
        name: f"{-value.age_s:.10g}+{STEP_S}x{_FEW}" if isinstance(value, Age) else f"{value:.10g}x{_FEW}"
        for name, value in example.values.items()
    }


def _week(series: Series) -> dict[str, str]:
    return {series.name: f"{series.before:g}x{_BEFORE} {series.after:g}x{_AFTER}"}
