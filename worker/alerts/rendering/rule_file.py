"""The rules of a deployment as groups of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from assay.worker.alerts.rendering.owners import owned
from assay.worker.alerts.rendering.prometheus_only import PROMETHEUS_ONLY, PrometheusRule
from assay.worker.alerts.rendering.promql import expression
from assay.worker.alerts.rendering.recording import recording_rules
from assay.worker.alerts.rendering.templates import Unit, as_it_stands, templated_annotations, unit_of
from assay.worker.alerts.rule import AlertRule
from assay.worker.alerts.rules import alert_rules, in_force
from assay.worker.config.deployment import Deployment

GROUPS = {"page": "assay-pages", "ticket": "assay-tickets", "info": "assay-infos"}


class WrittenRule(NamedTuple):
    """A rule as it is written.

    Attributes:
        source: how it is known, with series for its test where its conditions do not say them.
        rule: as urgent as the deployment has it, of the use cases of one owner.
        owner: None: of nobody.
    """

    source: PrometheusRule
    rule: AlertRule
    owner: str | None

    @property
    def expression(self) -> str:
        """PromQL."""
        return self.source.expression or expression(self.rule)

    @property
    def unit(self) -> Unit:
        """Of its value."""
        return self.source.unit if self.source.expression else unit_of(self.rule)

    @property
    def labels(self) -> dict[str, str]:
        """What an alert has beside the labels of its series."""
        return {"severity": self.rule.severity, **({"owner": self.owner} if self.owner else {})}


def written_rules(deployment: Deployment) -> tuple[WrittenRule, ...]:
    """Every rule, by severity, those that are evaluated by Prometheus alone behind the others.

    Raises:
        ConfigurationError: `alerts:` names a rule that does not exist.
    """
    only = {each.rule.name: each for each in PROMETHEUS_ONLY}
    rules = (*alert_rules(deployment), *in_force(deployment, tuple(each.rule for each in PROMETHEUS_ONLY)))
    return tuple(
        WrittenRule(only.get(rule.name, PrometheusRule(rule)).of(each.use_cases), each.rule, each.owner)
        for rule in rules
        for each in owned(rule, deployment)
    )


def rule_groups(deployment: Deployment) -> dict[str, Any]:
    """What the file of rules holds.

    Raises:
        ConfigurationError: as `written_rules`.
    """
    written = written_rules(deployment)
    groups = [
        {"name": name, "rules": [_rule(each, deployment) for each in written if each.rule.severity == severity]}
        for severity, name in GROUPS.items()
    ]
    return {"groups": [*(group for group in groups if group["rules"]), *recording_rules()]}


def _rule(written: WrittenRule, deployment: Deployment) -> dict[str, Any]:
    rule = written.rule
    return {
        "alert": rule.name,
        "expr": written.expression,
        **dict(_durations(rule)),
        "labels": {name: as_it_stands(value) for name, value in written.labels.items()},
        "annotations": templated_annotations(rule, written.unit, deployment.alerts),
    }


def _durations(rule: AlertRule) -> Iterator[tuple[str, str]]:
    if rule.for_s:
        yield "for", f"{rule.for_s:.0f}s"
    if rule.keep_firing_s:
        yield "keep_firing_for", f"{rule.keep_firing_s:.0f}s"
