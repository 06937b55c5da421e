"""What must hold of every rule there is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.alerts.rendering.prometheus_only import PROMETHEUS_ONLY
from assay.worker.alerts.rendering.promql import LABELS, labels_of
from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules import alert_rules, every_rule
from assay.worker.alerts.rules.names import RULE_NAMES
from assay.worker.alerts.rules.partners import partner_of
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import process, quality
from assay.worker.records.metrics.table import METRICS
from tests.unit.test_docs import ROOT, anchors

BOUNDED = ("_lower_bound", "_upper_bound", "_alarm_bound", "_pvalue")
"""Ends of metrics that are safe at any n."""

COUNTS = {metric.name for metric in METRICS if metric.name.endswith("_traces") or metric.name.endswith("_opinions")}

KNOWN_AS_IT_IS = {
    "AssayHallucinationAlarmOff",  # a state, not an estimate
    "AssayJudgeBudgetGone",
    "AssayJudgeBudgetNearlyGone",
    "AssayDayNearBudget",
    "AssayGoldenPassRateChanged",
    "AssayFeatureCostChanged",
}


def deployment_of(**sections: Any) -> Deployment:
    return Deployment.model_validate(
        {
            "use_cases": [
                {"name": "bot", "owner": "blue"},
                {"name": "doctor-notes", "owner": "red", "stakes": "high"},
                {"name": "search"},
            ],
            "slos": {
                "profile": "chat",
                "use_cases": {"bot": {"budget_usd_per_month": 300}, "search": {"budget_usd_per_day": 5}},
            },
            **sections,
        }
    )


DEPLOYMENT = deployment_of()
RULES = (*every_rule(DEPLOYMENT), *(each.rule for each in PROMETHEUS_ONLY))
of_every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def rules_called(name: str, deployment: Deployment = DEPLOYMENT) -> list[AlertRule]:
    return [rule for rule in alert_rules(deployment) if rule.name == name]


def test_the_list_of_names_is_whole() -> None:
    assert sorted(RULE_NAMES) == sorted({rule.name for rule in RULES})


def test_prometheus_alone_has_no_name_of_another_rule() -> None:
    assert not {each.rule.name for each in PROMETHEUS_ONLY} & {rule.name for rule in every_rule(DEPLOYMENT)}


@of_every_rule
def test_metrics_and_labels_of_conditions_exist(rule: AlertRule) -> None:
    for condition in rule.all_of:
        for name in (condition.metric, condition.than):
            assert name is None or name in LABELS, f"{rule.name} speaks of {name}"
        assert set(condition.where) <= set(LABELS[condition.metric])
    if rule.all_of:
        assert labels_of(rule.all_of[0], rule) == rule.by, "the first condition has all labels of the alert"
    assert rule.absent is None or rule.absent in LABELS


@of_every_rule
def test_what_is_served_by_each_process_alone_is_not_compared(rule: AlertRule) -> None:
    own = {name for metric in process.METRICS for name in metric.names}
    assert not own & {condition.metric for condition in rule.all_of}


@of_every_rule
def test_sentences_speak_of_labels_that_the_alert_has(rule: AlertRule) -> None:
    for text in (rule.summary, rule.description):
        places = set(re.findall(r"\{([a-z_]+)\}", text))
        assert places <= {*rule.by, "value", "value_label"}, text


@of_every_rule
def test_a_ratio_has_a_least_n_or_a_bound(rule: AlertRule) -> None:
    ratios = [each for each in rule.all_of if re.search(r"_(ratio|median|p95_seconds|psi)\b", each.metric)]
    if not ratios or rule.name in KNOWN_AS_IT_IS:
        return
    assert any(_is_safe(condition) for condition in rule.all_of), f"{rule.name} fires by chance at small n"


def _is_safe(condition: Condition) -> bool:
    return (
        condition.metric.endswith(BOUNDED)
        or (condition.than or "").endswith("_null_bound")
        or (condition.metric in COUNTS and condition.comparator == ">=")
    )


@of_every_rule
def test_it_has_a_partner_that_tells_when_it_is_blind(rule: AlertRule) -> None:
    partner = partner_of(rule)
    if rule.name in {"AssayControlNotScraped", "AssayTargetDown"}:
        assert not partner, "the last one is watched from outside"
        return
    assert partner in RULE_NAMES
    assert partner != rule.name


def test_following_the_partners_leads_to_the_end() -> None:
    by_name = {rule.name: rule for rule in RULES}
    for rule in RULES:
        met = [rule.name]
        while name := partner_of(by_name[met[-1]]):
            assert name not in met, f"{met} watch each other"
            met.append(name)


@of_every_rule
def test_what_explains_it_exists_and_is_no_less_urgent(rule: AlertRule) -> None:
    urgency = {each.name: ("page", "ticket", "info").index(each.severity) for each in RULES}
    for name in rule.inhibited_by:
        assert name != rule.name
        assert name in urgency
        if rule.severity == "page":
            assert urgency[name] <= 1, f"{name} keeps a page from being sent, and nobody would look at it"


@of_every_rule
def test_the_runbook_has_an_entry(rule: AlertRule) -> None:
    assert rule.runbook in anchors(ROOT / "docs" / "runbook.md")
    assert rule.dashboard in {"assay-quality", "assay-fleet", "assay-cost-drift", "assay-golden"}


def test_use_cases_are_told_apart_by_what_they_allow() -> None:
    standard, high = rules_called("LLMHallucinationSpike")
    assert standard.all_of[1].threshold == pytest.approx(0.05)
    assert standard.all_of[1].where["use_case"] == "bot|search"
    assert high.all_of[1].threshold == pytest.approx(0.01)
    assert high.all_of[0].where["use_case"] == "doctor-notes"


def test_use_cases_that_allow_the_same_share_a_rule_of_all() -> None:
    (rule,) = rules_called("LLMHallucinationSpike", Deployment.model_validate({"use_cases": [{"name": "bot"}]}))
    assert rule.all_of[0].where == {"window": "15m"}


def test_the_page_is_the_exact_rule() -> None:
    """statistics.md 5.1: the share, the exact bound above the objective, and a least n."""
    flagged, bound, n = rules_called("LLMHallucinationSpike")[0].all_of
    assert (flagged.metric, flagged.comparator, flagged.threshold) == (quality.FLAGGED.name, ">", 0.2)
    assert bound.metric == quality.FLAGGED_ALARM.name
    assert n.metric == quality.WITH_RISK.name


def test_thresholds_come_from_the_deployment() -> None:
    deployment = deployment_of(alerts={"thresholds": {"spike_share": 0.3, "token_jump": 4, "psi": 0.4}})
    assert rules_called("LLMHallucinationSpike", deployment)[0].all_of[0].threshold == 0.3
    assert rules_called("AssayPromptTokenJump", deployment)[0].all_of[0].threshold == 4
    assert rules_called("AssayTopicShift", deployment)[0].all_of[0].threshold == 0.4


def test_a_days_own_budget_comes_before_a_part_of_the_months() -> None:
    own, part = rules_called("AssayDayNearBudget")
    assert (own.all_of[0].threshold, own.all_of[0].where) == (4.0, {"use_case": "search"})
    assert part.all_of[0].than == quality.COST_BUDGET.name
    assert part.all_of[0].where == {"use_case": "bot|doctor-notes|(all)"}


def test_rules_may_be_off_or_more_urgent() -> None:
    alerts = {"off": ["AssayCentroidDrift"], "severities": {"AssayPromptTokenJump": "page"}}
    rules = alert_rules(deployment_of(alerts=alerts))
    assert "AssayCentroidDrift" not in {rule.name for rule in rules}
    assert rules_called("AssayPromptTokenJump", deployment_of(alerts=alerts))[0].severity == "page"
    assert [rule.severity for rule in rules] == sorted(
        (rule.severity for rule in rules), key=("page", "ticket", "info").index
    )


@pytest.mark.parametrize("alerts", [{"off": ["AssayCentroidDrif"]}, {"severities": {"AssayCentroidDrif": "page"}}])
def test_a_rule_that_does_not_exist_is_named(alerts: dict[str, Any]) -> None:
    with pytest.raises(
        ConfigurationError, match=r"alerts\.\w+: there is no rule AssayCentroidDrif.*AssayCentroidDrift"
    ):
        alert_rules(deployment_of(alerts=alerts))


def test_rules_of_what_a_deployment_does_not_aim_at_may_be_off() -> None:
    alerts = {"off": ["AssayLatencyOverSlo", "AssayControlNotScraped"]}
    assert alert_rules(Deployment.model_validate({"use_cases": [{"name": "bot"}], "alerts": alerts}))


def test_coverage_pages_also_where_much_may_be_late() -> None:
    """With a target of 0.9 nothing can burn 14.4 times too fast: three quarters late is enough to wake somebody."""
    lenient = {"objectives": {"coverage": {"share": 0.9}}}
    (rule,) = rules_called("AssayCoverageBurn", deployment_of(slos=lenient))
    assert [condition.threshold for condition in rule.all_of] == pytest.approx([7.2, 3.0, 900.0])
    (usual,) = rules_called("AssayCoverageBurn")
    assert [condition.threshold for condition in usual.all_of] == [14.4, 6.0, 900.0]
