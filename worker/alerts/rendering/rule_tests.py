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
from assay.worker.alerts.rendering.prometheus_only import Series
from assay.worker.alerts.rendering.rule_file import WrittenRule, written_rules
from assay.worker.alerts.rendering.templates import filled_annotations, value_text
from assay.worker.config.deployment import Deployment

STEP_S = 3600
"""Between samples, and between evaluations."""

_FEW = 3
"""Samples of a series that keeps its value: the longest that a condition must hold is an hour."""

_BEFORE = 7 * 24
"""Samples with the first value, of a series of a rule that looks back a week."""

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
    tests = [
        test
        for written in written_rules(deployment)
        for test in (_changing(written, deployment) if written.source.expression else _steady(written, deployment))
    ]
    return {"rule_files": [rule_file], "evaluation_interval": f"{STEP_S}s", "tests": tests}


def _steady(written: WrittenRule, deployment: Deployment) -> Iterator[dict[str, Any]]:
    """Series that keep their value. A rule of an absence fires where there is no series at all."""
    rule = written.rule
    if rule.absent is not None:
        yield _test(written, "fires", {}, _alert(written, deployment, {}, 1.0))
        yield _test(written, "is quiet", {series_name(rule.absent, {}): f"1x{_FEW}"}, None)
        return
    firing = firing_example(rule)
    labels = {name: label_values(rule)[name] for name in rule.by}
    alert = _alert(written, deployment, labels, firing.first_value(rule))
    yield _test(written, "fires", _series(firing), alert)
    for number, quiet in enumerate(quiet_examples(rule, firing), 1):
        yield _test(written, f"is quiet without condition {number}", _series(quiet), None)


def _changing(written: WrittenRule, deployment: Deployment) -> Iterator[dict[str, Any]]:
    """A series that changes after a week."""
    source = written.source
    if source.firing is None or source.quiet is None:
        raise ValueError(f"{source.rule.name}: has an expression and no series for its test")
    labels = {name: value for name, value in label_values(written.rule).items() if name in written.rule.by}
    alert = _alert(written, deployment, labels, source.value)
    yield _test(written, "fires", _week(source.firing), alert, samples=_BEFORE + _AFTER)
    yield _test(written, "is quiet", _week(source.quiet), None, samples=_BEFORE + _AFTER)


def _test(
    written: WrittenRule,
    what: str,
    series: Mapping[str, str],
    alert: dict[str, Any] | None,
    *,
    samples: int = _FEW,
) -> dict[str, Any]:
    owner = f" of {written.owner}" if written.owner else ""
    return {
        "name": f"{written.rule.name}{owner} {what}",
        "interval": f"{STEP_S}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{samples * STEP_S}s",
                "alertname": written.rule.name,
                "exp_alerts": [] if alert is None else [alert],
            }
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
