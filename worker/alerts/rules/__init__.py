"""All alert rules of a deployment, by what they watch."""

from __future__ import annotations

from dataclasses import replace

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.alerts.rule import AlertRule, Severity
from assay.worker.alerts.rules import cost, drift, fleet, golden, judges, objectives, quality
from assay.worker.alerts.rules.names import RULE_NAMES
from assay.worker.config.deployment import Deployment

PARTS = (quality, objectives, cost, drift, golden, judges, fleet)
"""Each has `rules(deployment)`."""

SEVERITIES: tuple[Severity, ...] = ("page", "ticket", "info")
"""The most urgent first."""


def alert_rules(deployment: Deployment) -> tuple[AlertRule, ...]:
    """The rules that hold for a deployment, those first that wake somebody.

    Several may share a name: each is of some use cases, with their threshold.

    Raises:
        ConfigurationError: `alerts.off` or `alerts.severities` names a rule that does not exist.
    """
    return in_force(deployment, every_rule(deployment))


def every_rule(deployment: Deployment) -> tuple[AlertRule, ...]:
    """All rules, also those that are off."""
    return tuple(rule for part in PARTS for rule in part.rules(deployment))


def in_force(deployment: Deployment, rules: tuple[AlertRule, ...]) -> tuple[AlertRule, ...]:
    """Rules without those that are off, as urgent as the deployment has them, the most urgent first.

    Raises:
        ConfigurationError: a name is of no rule.
    """
    asked = deployment.alerts
    for key, names in (("off", asked.off), ("severities", tuple(asked.severities))):
        for name in names:
            if name not in RULE_NAMES:
                known = did_you_mean(name, RULE_NAMES, "rules")
                raise ConfigurationError(f"assay.yaml: alerts.{key}: there is no rule {name}; {known}")
    kept = [
        replace(rule, severity=asked.severities.get(rule.name, rule.severity))
        for rule in rules
        if rule.name not in asked.off
    ]
    return tuple(sorted(kept, key=lambda rule: SEVERITIES.index(rule.severity)))
