"""The files for Prometheus and Alertmanager, held against their own checkers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.errors import ConfigurationError
from assay.worker.alerts.rendering.alertmanager import alertmanager_file
from assay.worker.alerts.rendering.files import (
    ALERTMANAGER,
    PROMETHEUS,
    RULES,
    TESTS,
    alertmanager_files,
    prometheus_files,
)
from assay.worker.alerts.rendering.owners import owned
from assay.worker.alerts.rendering.packing import Case, packed
from assay.worker.alerts.rendering.promql import expression
from assay.worker.alerts.rendering.recording import RECORDED
from assay.worker.alerts.rendering.rule_file import rule_groups, written_rules
from assay.worker.alerts.rendering.rule_tests import rule_tests
from assay.worker.alerts.rendering.templates import value_text
from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules import every_rule
from assay.worker.config.deployment import Deployment, parse_deployment
from tests.unit.test_docs import ROOT
from tests.unit.worker.alerts.test_rules import DEPLOYMENT, deployment_of, rules_called

DEPLOY = ROOT / "deploy"
PATIENCE_S = 120


def checked(*command: str, folder: Path) -> str:
    """What a checker prints. A test that it is needed for is skipped where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    return told


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a deployment with owners, objectives and budgets of several kinds."""
    folder = tmp_path_factory.mktemp("rendered")
    routes = [{"owner": "blue", "pagerduty_key_file": "/run/blue-key", "slack_url_file": "/run/blue-url"}]
    routes.append({"owner": "red", "slack_url_file": "/run/red-url"})
    alerts = {"dashboards_url": "https://grafana.example.org/", "runbook_url": "https://docs.example.org/runbook"}
    deployment = deployment_of(alerts={**alerts, "routes": routes})
    for name, text in {**prometheus_files(deployment), **alertmanager_files(deployment)}.items():
        (folder / name).write_text(text)
    return folder


def test_what_ships_is_what_its_assay_yaml_makes() -> None:
    deployment = parse_deployment(DEPLOY / "config" / "assay.yaml")
    for folder, files in (
        ("prometheus", prometheus_files(deployment)),
        ("alertmanager", alertmanager_files(deployment)),
    ):
        for name, text in files.items():
            shipped = (DEPLOY / folder / name).read_text(encoding="utf-8")
            assert shipped == text, f"run: assay alerts render --config deploy/config ({name} differs)"


def test_prometheus_takes_the_rules() -> None:
    checked("promtool", "check", "rules", RULES, "samples.yml", folder=DEPLOY / "prometheus")
    checked("promtool", "check", "config", PROMETHEUS, folder=DEPLOY / "prometheus")


def test_each_rule_fires_when_it_should_and_only_then() -> None:
    checked("promtool", "test", "rules", TESTS, folder=DEPLOY / "prometheus")


def test_prometheus_takes_rules_of_several_owners(rendered: Path) -> None:
    checked("promtool", "check", "rules", RULES, folder=rendered)


def test_rules_of_several_owners_fire_for_their_own(rendered: Path) -> None:
    told = yaml.safe_load((rendered / TESTS).read_text())["tests"]
    owners = {
        (each["alertname"], alert["exp_labels"].get("owner"))
        for test in told
        for each in test["alert_rule_test"]
        for alert in each["exp_alerts"]
    }
    for name in ("LLMHallucinationSpike", "AssayDayNearBudget", "AssayFeatureCostChanged"):
        assert {(name, owner) for owner in ("blue", "red", None)} <= owners
    checked("promtool", "test", "rules", TESTS, folder=rendered)


def test_many_rules_are_tried_in_few_tests() -> None:
    """Prometheus reads all rules for each test: a test for each case of each owner took it minutes."""
    cases = [{"name": f"c{n}", "owner": f"team {n % 10}"} for n in range(20)]
    many = Deployment.model_validate({"use_cases": cases, "slos": {"profile": "chat"}})
    tests = rule_tests(many, RULES)["tests"]
    assert len(written_rules(many)) > 200
    assert len(tests) < 20
    asked = [each for test in tests for each in test["alert_rule_test"]]
    assert sum(len(each["exp_alerts"]) for each in asked) == len(written_rules(many))


def test_cases_that_would_touch_each_other_are_in_tests_of_their_own() -> None:
    def case(rule: str, *metrics: str, what: str = "fires", **series: str) -> Case:
        return Case(rule=rule, what=what, series=series, samples=2, metrics=frozenset(metrics), alerts=({"of": rule},))

    cases = [case("A", "m", "n", m="1"), case("A", "m", "n", m="1", n="1"), case("A", "m", "n", m="2")]
    cases.append(case("B", "k", k="1"))
    both, alone = packed(cases)
    assert [(each.rule, dict(each.series), len(each.alerts)) for each in both] == [
        ("A", {"m": "1", "n": "1"}, 2),
        ("B", {"k": "1"}, 1),
    ]
    assert [dict(each.series) for each in alone] == [{"m": "2"}]


HOSTILE = '{{ $labels.x }} {{{{ }} "q" \\ \n{{- template'


def test_braces_in_names_and_addresses_mean_themselves(tmp_path: Path) -> None:
    """One owner of fifty had all rules refused, or was filled in as a template."""
    alerts = {"dashboards_url": "https://g/{{x}}", "runbook_url": "https://w/{{{y}}"}
    cases, routes = [{"name": "a", "owner": HOSTILE}], [{"owner": HOSTILE, "slack_url_file": "/run/url"}]
    deployment = Deployment.model_validate({"use_cases": cases, "alerts": {**alerts, "routes": routes}})
    for name, text in {**prometheus_files(deployment), **alertmanager_files(deployment)}.items():
        (tmp_path / name).write_text(text)
    checked("amtool", "check-config", ALERTMANAGER, folder=tmp_path)
    checked("promtool", "test", "rules", TESTS, folder=tmp_path)
    assert HOSTILE in {written.owner for written in written_rules(deployment)}


@pytest.mark.parametrize(
    "sections",
    [
        {
            "slos": {
                "objectives": {"coverage": {"share": 0.9999999}, "quality": {"share": 0.9999999}},
                "budget_usd_per_month": 1e-7,
                "use_cases": {"bot": {"budget_usd_per_day": 1e-8}},
            },
            "alerts": {"thresholds": {"day_of_budget": 1e-9, "spike_share": 1e-9, "decline_pvalue": 1e-12}},
        },
        {
            "slos": {"objectives": {"latency": {"at_most_s": 0.0001, "share": 0.999}, "coverage": {"share": 1e-6}}},
            "alerts": {"thresholds": {"token_jump": 1000, "psi": 100, "month_over_budget": 0.999}},
        },
    ],
    ids=["near nothing", "near all"],
)
def test_values_at_the_edge_make_rules_that_hold(tmp_path: Path, sections: dict[str, Any]) -> None:
    """Rounding made 0 of a small number: a crash of all alerting, or an alert that always fires."""
    deployment = Deployment.model_validate({"use_cases": [{"name": "bot"}, {"name": "search"}], **sections})
    tests = rule_tests(deployment, RULES)
    limits = [each for rule in every_rule(deployment) for each in rule.all_of if each.metric.startswith(COMPARED)]
    assert limits
    assert all(each.threshold > 0 for each in limits)
    (tmp_path / RULES).write_text(yaml.safe_dump(rule_groups(deployment)))
    (tmp_path / TESTS).write_text(yaml.safe_dump(tests))
    checked("promtool", "test", "rules", TESTS, folder=tmp_path)


COMPARED = ("assay_slo_burn_rate", "assay_traffic_cost_today", "assay_flagged_ratio")


def test_every_rule_has_a_test_for_firing_and_for_each_condition() -> None:
    tests = yaml.safe_load((DEPLOY / "prometheus" / TESTS).read_text())["tests"]
    names = [name for test in tests for name in test["name"].split("; ")]
    for written in written_rules(parse_deployment(DEPLOY / "config" / "assay.yaml")):
        name = written.rule.name
        assert f"{name} fires" in names
        quiet = [each for each in names if each.startswith(f"{name} is quiet")]
        assert len(quiet) >= max(1, len(written.rule.all_of))


def test_alertmanager_takes_its_file(rendered: Path) -> None:
    checked("amtool", "check-config", ALERTMANAGER, folder=DEPLOY / "alertmanager")
    checked("amtool", "check-config", ALERTMANAGER, folder=rendered)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("severity=page alertname=AssayBeatDead", "pagerduty,slack"),
        ("severity=ticket use_case=search", "slack"),
        ("severity=info", "slack-infos"),
        ("severity=page owner=blue use_case=bot", "pagerduty-blue,slack-blue"),
        ("severity=page owner=red use_case=doctor-notes", "pagerduty,slack-red"),
        ("severity=ticket owner=red", "slack-red"),
        ("severity=info owner=blue", "slack-infos-blue"),
        ("severity=page owner=green", "pagerduty,slack"),
    ],
)
def test_alerts_are_routed(rendered: Path, labels: str, receivers: str) -> None:
    command = ("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}")
    checked(*command, f"--verify.receivers={receivers}", *labels.split(), folder=rendered)


def test_keys_are_in_files_and_not_in_the_configuration() -> None:
    text = alertmanager_files(DEPLOYMENT)[ALERTMANAGER]
    assert "routing_key_file:" in text
    assert "routing_key:" not in text
    assert "api_url:" not in text


@pytest.mark.parametrize(
    ("owners", "words"), [(["blu"], "no use case has the owner 'blu'.*did you mean 'blue'"), (["red", "red"], "twice")]
)
def test_routes_are_of_owners_there_are(owners: list[str], words: str) -> None:
    routes = [{"owner": owner, "slack_url_file": "/run/url"} for owner in owners]
    with pytest.raises(ConfigurationError, match=words):
        alertmanager_file(deployment_of(alerts={"routes": routes}))


def test_silence_of_judges_inhibits_what_they_would_say() -> None:
    rules = alertmanager_file(DEPLOYMENT)["inhibit_rules"]
    no_scores = next(each for each in rules if each["source_matchers"] == ['alertname="AssayNoScores"'])
    assert "LLMHallucinationSpike" in no_scores["target_matchers"][0]
    assert "equal" not in no_scores, "it is of the whole fleet"
    spike = next(each for each in rules if each["source_matchers"] == ['alertname="LLMHallucinationSpike"'])
    assert spike["equal"] == ["use_case"]


def test_an_alert_leads_to_dashboard_runbook_and_worst_traces(rendered: Path) -> None:
    rules = {rule["alert"]: rule for rule in _alerts(yaml.safe_load((rendered / RULES).read_text()))}
    spike = rules["LLMHallucinationSpike"]["annotations"]
    assert spike["dashboard_url"] == ("https://grafana.example.org/d/assay-quality?var-use_case={{ $labels.use_case }}")
    assert spike["runbook_url"] == "https://docs.example.org/runbook#hallucination-spike"
    assert spike["worst_traces"] == "assay flagged --use-case {{ $labels.use_case }} --since 1h"
    assert "worst_traces" not in rules["AssayBeatDead"]["annotations"]


def test_owners_stand_in_alerts_of_their_use_cases() -> None:
    labels = [
        (written.owner, written.rule.all_of[0].where.get("use_case"))
        for written in written_rules(DEPLOYMENT)
        if written.rule.name == "AssayBudgetBurnsFast"
    ]
    assert labels == [("blue", "bot"), ("red", "doctor-notes"), (None, "search|(all)")]
    assert {written.owner for written in written_rules(DEPLOYMENT) if written.rule.name == "AssayBeatDead"} == {None}


def test_one_owner_of_all_needs_no_rule_of_its_own() -> None:
    deployment = Deployment.model_validate({"use_cases": [{"name": "a", "owner": "x"}, {"name": "b", "owner": "x"}]})
    (rule,) = rules_called("AssayFlaggedCreep", deployment)
    assert [(each.owner, each.rule) for each in owned(rule, deployment)] == [("x", rule)]


def test_recorded_names_speak_of_metrics_there_are() -> None:
    from assay.worker.alerts.rendering.promql import LABELS

    for text in RECORDED.values():
        assert text.split("(")[-1].split("{")[0] in LABELS


def test_a_condition_of_fewer_labels_is_matched_on_those_it_has() -> None:
    rule = AlertRule(
        name="AssayX",
        severity="info",
        all_of=(
            Condition(
                metric="assay_flagged_ratio",
                comparator=">",
                threshold=2,
                than="assay_traffic_cost_budget_usd",
                where={"window": "15m", "use_case": "a.b|c-d|(all)"},
            ),
            Condition(metric="assay_state_readable", comparator=">=", threshold=1),
        ),
        by=("use_case", "rubric"),
        summary="",
        description="",
        runbook="x",
    )
    assert expression(rule) == (
        'max by (use_case, rubric) (assay_flagged_ratio{window="15m",use_case=~"a\\\\.b|c-d|\\\\(all\\\\)"})'
        " > on (use_case) group_left () 2 * "
        'max by (use_case) (assay_traffic_cost_budget_usd{use_case=~"a\\\\.b|c-d|\\\\(all\\\\)"})\n'
        "and on () (max (assay_state_readable) >= 1)"
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.2345, "ratio", "23.45%"),
        (0.625, "seconds", "625ms"),
        (0.000125, "seconds", "125us"),
        (45.5, "seconds", "45.5s"),
        (3900, "seconds", "1h 5m 0s"),
        (200_000, "seconds", "2d 7h 33m 20s"),
        (12.3, "usd", "12.30 USD"),
        (4.0, "number", "4"),
    ],
)
def test_values_are_written_as_prometheus_writes_them(value: float, unit: Any, text: str) -> None:
    assert value_text(value, unit) == text


def _alerts(groups: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in groups["groups"] for rule in group["rules"] if "alert" in rule]


def test_no_rule_is_without_a_severity() -> None:
    assert {rule["labels"]["severity"] for rule in _alerts(rule_groups(DEPLOYMENT))} == {"page", "ticket", "info"}
