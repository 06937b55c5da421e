"""Alertmanager's file: who gets what, and which alert explains which others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.alerts.rendering.rule_file import written_rules
from assay.worker.alerts.rule import AlertRule
from assay.worker.config.alerting import Alerting, OwnerRoute
from assay.worker.config.deployment import Deployment

PAGERDUTY_KEY_FILE = "/etc/alertmanager/secrets/pagerduty_routing_key"
SLACK_URL_FILE = "/etc/alertmanager/secrets/slack_webhook_url"

_SUMMARIES = "{{ range $at, $alert := .Alerts }}{{ if $at }}; {{ end }}{{ $alert.Annotations.summary }}{{ end }}"
_DETAILS = (
    "{{ range .Alerts }}*{{ .Annotations.summary }}*\n{{ .Annotations.description }}\n"
    "{{ with .Annotations.worst_traces }}Worst traces: `{{ . }}`\n{{ end }}"
    "{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}\n{{ end }}"
    "Runbook: {{ .Annotations.runbook_url }}\n{{ end }}"
)
"""What Slack shows. No text of a trace is in any annotation."""


def alertmanager_file(deployment: Deployment) -> dict[str, Any]:
    """What the file holds. Keys are read from files where Alertmanager runs.

    Raises:
        ConfigurationError: `alerts:` names a rule, or an owner, that does not exist.
    """
    routes = deployment.alerts.routes
    _check_owners(deployment)
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "slack-infos",
            "group_by": ["alertname", "use_case", "rubric"],
            "group_wait": "15s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [*(_owner_route(route) for route in routes), *_routes()],
        },
        "inhibit_rules": list(_inhibitions([written.rule for written in written_rules(deployment)])),
        "receivers": [receiver for route in (None, *routes) for receiver in _receivers(route, deployment.alerts)],
    }


def _check_owners(deployment: Deployment) -> None:
    owners = sorted({case.owner for case in deployment.use_cases if case.owner})
    seen: set[str] = set()
    for route in deployment.alerts.routes:
        if route.owner not in owners:
            known = did_you_mean(route.owner, owners, "owners")
            raise ConfigurationError(f"assay.yaml: alerts.routes: no use case has the owner {route.owner!a}; {known}")
        if route.owner in seen:
            raise ConfigurationError(f"assay.yaml: alerts.routes: {route.owner!a} stands twice; remove all but one")
        seen.add(route.owner)


def _owner_route(route: OwnerRoute) -> dict[str, Any]:
    return {
        "matchers": [f'owner="{_escaped(route.owner)}"'],
        "receiver": f"slack-infos{_suffix(route) if route.slack_url_file else ''}",
        "routes": _routes(route),
    }


def _routes(route: OwnerRoute | None = None) -> list[dict[str, Any]]:
    """Pages wake somebody and stand in the channel too; tickets stand there; the rest is told once a week."""
    pager = _suffix(route) if route and route.pagerduty_key_file else ""
    slack = _suffix(route) if route and route.slack_url_file else ""
    return [
        {"matchers": ['severity="page"'], "receiver": f"pagerduty{pager}", "group_wait": "0s", "continue": True},
        {"matchers": ['severity=~"page|ticket"'], "receiver": f"slack{slack}"},
        {
            "matchers": ['severity="info"'],
            "receiver": f"slack-infos{slack}",
            "group_by": ["severity"],
            "group_wait": "10m",
            "group_interval": "1d",
            "repeat_interval": "1w",
        },
    ]


def _receivers(route: OwnerRoute | None, alerting: Alerting) -> Iterator[dict[str, Any]]:
    """The three of everybody, or those that an owner has of its own."""
    suffix = _suffix(route) if route else ""
    key_file = route.pagerduty_key_file if route else PAGERDUTY_KEY_FILE
    url_file = route.slack_url_file if route else SLACK_URL_FILE
    if key_file:
        yield {"name": f"pagerduty{suffix}", "pagerduty_configs": [_pagerduty(key_file, alerting)]}
    if url_file:
        yield {"name": f"slack{suffix}", "slack_configs": [_slack(url_file, send_resolved=True)]}
        yield {"name": f"slack-infos{suffix}", "slack_configs": [_slack(url_file, send_resolved=False)]}


def _pagerduty(key_file: str, alerting: Alerting) -> dict[str, Any]:
    addresses = (
        ("Runbook", "runbook_url", alerting.runbook_url),
        ("Dashboard", "dashboard_url", alerting.dashboards_url),
    )
    links = [
        {"href": f"{{{{ (index .Alerts 0).Annotations.{name} }}}}", "text": text}
        for text, name, address in addresses
        if address is not None
    ]
    return {
        "routing_key_file": key_file,
        "send_resolved": True,
        "severity": "critical",
        "description": "{{ .CommonLabels.alertname }}: " + _SUMMARIES,
        "client": "Assay",
        **({"links": links} if links else {}),
        "details": {
            "description": "{{ .CommonAnnotations.description }}",
            "runbook": "{{ .CommonAnnotations.runbook_url }}",
            "dashboard": "{{ .CommonAnnotations.dashboard_url }}",
            "worst_traces": "{{ .CommonAnnotations.worst_traces }}",
            "owner": "{{ .CommonLabels.owner }}",
        },
    }


def _slack(url_file: str, *, send_resolved: bool) -> dict[str, Any]:
    return {
        "api_url_file": url_file,
        "send_resolved": send_resolved,
        "title": "[{{ .Status | toUpper }}] {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}",
        "text": _DETAILS,
    }


def _inhibitions(rules: list[AlertRule]) -> Iterator[dict[str, Any]]:
    """For each rule that explains others: while it fires, those are not sent.

    One that is of use cases explains others of the same one; one of the whole fleet explains all.
    """
    sources = {rule.name: rule for rule in rules}
    for name, source in sources.items():
        targets = list(dict.fromkeys(rule.name for rule in rules if name in rule.inhibited_by))
        if targets:
            yield {
                "source_matchers": [f'alertname="{name}"'],
                "target_matchers": [f'alertname=~"{"|".join(targets)}"'],
                **({"equal": ["use_case"]} if "use_case" in source.by else {}),
            }


def _suffix(route: OwnerRoute) -> str:
    return f"-{route.owner}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
