"""`alerts:` in assay.yaml: the key `off`, addresses, and thresholds that can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.alerts.rules import alert_rules
from assay.worker.config.deployment import Deployment, parse_deployment


def parsed(folder: Path, alerts: str) -> Deployment:
    """A deployment with these alerts."""
    path = folder / "assay.yaml"
    path.write_text(f"use_cases: [{{name: bot}}]\nalerts: {alerts}\n", encoding="utf-8")
    return parse_deployment(path)


@pytest.mark.parametrize("key", ["off", "Off", '"off"', "'off'"])
def test_off_is_a_key_with_quotes_and_without(tmp_path: Path, key: str) -> None:
    deployment = parsed(tmp_path, f"{{{key}: [AssayCentroidDrift]}}")
    assert deployment.alerts.off == ("AssayCentroidDrift",)
    assert "AssayCentroidDrift" not in {rule.name for rule in alert_rules(deployment)}


@pytest.mark.parametrize(
    ("alerts", "problem"),
    [
        ('{off: [AssayCentroidDrift], "off": []}', "alerts.off: stands twice, with quotes and without; remove one"),
        ("{off: [centroid]}", "alerts.off: 'centroid' does not have the form"),
        ("{on: [AssayCentroidDrift]}", "alerts: YAML reads the keys yes, no, on and off as true or false"),
        ('{0: [AssayCentroidDrift], "off": []}', "alerts.0: 0 is a key that is no text; put it in quotes"),
        ("{dashboards_url: 'https://g/?orgId=2'}", "alerts.dashboards_url: "),
        ("{runbook_url: 'https://w/#top'}", "alerts.runbook_url: "),
        ("{thresholds: {psi: .inf}}", "alerts.thresholds.psi: inf is too much"),
        ("{thresholds: {token_jump: .inf}}", "alerts.thresholds.token_jump: inf is too much"),
    ],
)
def test_a_slip_is_told_by_line_key_and_remedy(tmp_path: Path, alerts: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parsed(tmp_path, alerts)
    assert f"line 2: {problem}" in str(error.value)


def test_a_runbook_may_have_a_query(tmp_path: Path) -> None:
    assert parsed(tmp_path, "{runbook_url: 'https://w/page?id=7'}").alerts.runbook_url == "https://w/page?id=7"
