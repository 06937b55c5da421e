"""`slos:` in assay.yaml: ready profiles, what differs from them, and what a slip is answered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment, parse_deployment
from assay.worker.config.objectives import OBJECTIVE_NAMES, application_budget, objectives_of, profile_of
from assay.worker.config.slo_profiles import PROFILES
from assay.worker.config.slos import Objectives, SloProfile


def deployment(**slos: Any) -> Deployment:
    """Two use cases, the second of high stakes, and these objectives."""
    cases = [{"name": "support-bot"}, {"name": "contracts", "stakes": "high"}]
    return Deployment.model_validate({"use_cases": cases, **({"slos": slos} if slos else {})})


def test_without_a_word_there_are_objectives_of_quality_and_of_the_fleet() -> None:
    aims = objectives_of(deployment(), "support-bot")
    assert list(aims) == ["quality", "faithfulness", "coverage"]
    assert (aims["quality"].limit, aims["quality"].share) == (0.15, 0.95)
    assert aims["quality"].allowed == pytest.approx(0.05)
    assert (aims["faithfulness"].limit, aims["faithfulness"].share) == (0.8, 0.5)
    assert (aims["coverage"].limit, aims["coverage"].share) == (15, 0.99)


def test_every_profile_is_whole_and_every_objective_in_one() -> None:
    seen: set[str] = set()
    for profile in get_args(SloProfile):
        seen |= set(objectives_of(deployment(profile=profile), "support-bot"))
    assert seen == set(OBJECTIVE_NAMES) == set(Objectives.model_fields)
    assert set(PROFILES) == set(get_args(SloProfile))


def test_the_briefs_figures() -> None:
    chat, rag, voice, agent, batch = (
        objectives_of(deployment(profile=profile), "support-bot")
        for profile in ("chat", "rag", "voice", "agent", "batch")
    )
    assert (rag["latency"].limit, rag["latency"].share, rag["cost"].limit) == (2.0, 0.95, 0.015)
    assert (chat["latency"].limit, chat["first_token"].limit, chat["token_time"].limit) == (0.5, 0.5, 0.1)
    assert (voice["first_token"].limit, voice["token_time"].limit) == (0.15, 0.05)
    assert (agent["cost"].limit, batch["first_token"].limit) == (0.08, 2.0)
    assert "latency" not in agent
    assert (rag["refusals"].share, rag["feedback"].share) == (0.98, 0.8)
    assert objectives_of(deployment(profile="high-stakes"), "support-bot")["quality"].share == 0.99


def test_high_stakes_aim_higher_whatever_the_profile() -> None:
    for slos in ({}, {"profile": "rag"}, {"objectives": {"quality": {"share": 0.9}}}):
        assert objectives_of(deployment(**slos), "contracts")["quality"].share == 0.99
    own = {"use_cases": {"contracts": {"objectives": {"quality": {"share": 0.97}}}}}
    assert objectives_of(deployment(**own), "contracts")["quality"].share == 0.97


def test_what_is_said_of_a_use_case_comes_last() -> None:
    slos = {
        "profile": "rag",
        "objectives": {"latency": {"at_most_s": 3}, "cost": False},
        "use_cases": {
            "support-*": {"profile": "chat", "objectives": {"refusals": "off", "quality": {"risk_below": 0.3}}},
            "*": {"objectives": {"latency": {"share": 0.9}}},
        },
        "budget_usd_per_month": 900,
    }
    both = deployment(**slos)
    aims, others = (objectives_of(both, name) for name in ("support-bot", "contracts"))
    assert (profile_of(both, "support-bot"), profile_of(both, "contracts")) == ("chat", "rag")
    assert (aims["latency"].limit, aims["latency"].share, aims["quality"].limit) == (3, 0.95, 0.3)
    assert not {"cost", "refusals"} & set(aims)
    assert (others["latency"].limit, others["latency"].share) == (3, 0.9)
    assert application_budget(both).budget_usd_per_month == 900
    assert application_budget(both, "support-bot").budget_usd_per_month is None


def test_a_use_case_that_is_gone_is_held_to_the_general_ones() -> None:
    assert "latency" in objectives_of(deployment(profile="rag"), "gone")


@pytest.mark.parametrize(
    ("slos", "problem"),
    [
        ("{profile: rg}", "slos.profile: 'rg' is unknown; did you mean 'rag'?"),
        ("{objectives: {latency: 3}}", "slos.objectives.latency: 3 does not say of what it is the limit"),
        ("{objectives: {latency: on}}", "slos.objectives.latency: on is what it is without a word"),
        ("{objectives: {latency: }}", "slos.objectives.latency: is empty"),
        ("{objectives: {latency: {at_most: 3}}}", "slos.objectives.latency.at_most: unknown key; did you mean 'at_mo"),
        ("{objectives: {latency: {share: 0.9}}}", "slos.objectives.latency: at_most_s missing, and profile standard"),
        ("{objectives: {quality: {share: 95}}}", "slos.objectives.quality.share: 95 is too much"),
        ("{objectives: {quality: {share: 1}}}", "slos.objectives.quality.share: 1 is too much"),
        ("{objectives: {cost: {at_most_usd: yes}}}", "slos.objectives.cost.at_most_usd: true is no number"),
        ("{objectives: {tone: off}}", "slos.objectives.tone: unknown key"),
        ("{use_cases: {suport-bot: {profile: chat}}}", "slos.use_cases: 'suport-bot' is the name of no use case; did"),
        (
            "{use_cases: {'s*': {profile: chat}, support-bot: {profile: rag}}}",
            "slos.use_cases: 'support-bot' never applies, for 's*' above it matches first; move it above that",
        ),
        ("{objectives: {quality: {risk_below: 0}}}", "slos.objectives.quality.risk_below: 0 is too little"),
        ("{objectives: {faithfulness: {at_least: 0}}}", "slos.objectives.faithfulness.at_least: 0 is too little"),
        ("{objectives: {coverage: {within_minutes: 0.1}}}", "slos.objectives.coverage.within_minutes: 0.1 is too"),
        ("{objectives: {latency: {at_most_s: 1.0e-9}}}", "slos.objectives.latency.at_most_s: 1e-09 is too little"),
        ("{objectives: {cost: {at_most_usd: 0}}}", "slos.objectives.cost.at_most_usd: 0 is too little"),
        ("{on: 3}", "slos: YAML reads the keys yes, no, on and off as true or false; put the key in quotes"),
        ("{budget_usd_per_month: 5, budget_usd_per_day: 10}", "slos.budget_usd_per_month: 5 is less than"),
        ("{period_days: 0}", "slos.period_days: 0 is too little"),
    ],
)
def test_a_slip_is_told_by_line_key_and_remedy(tmp_path: Path, slos: str, problem: str) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(f"use_cases: [{{name: support-bot}}]\nslos: {slos}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        parse_deployment(path)
    assert f"line 2: {problem}" in str(error.value)
