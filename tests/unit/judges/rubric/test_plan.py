"""What a rubric may say of its judges."""

from __future__ import annotations

from typing import Any

import pytest

from assay.judges.calibration import risk_hash
from assay.judges.rubric import Rubric
from assay.judges.rubric.plan import SENTENCE_CALLS, DecisionOptions, JudgePlan, LlmOptions

DECISION: dict[str, Any] = {"tiers": ["decision"], "decision": {"model": "jev", "endpoint": "eu"}}


def test_a_bound_on_calls_fits_the_form() -> None:
    assert LlmOptions(model="m").max_calls == DecisionOptions(model="m").max_calls == 8
    assert LlmOptions(model="m", ask="sentences").max_calls == SENTENCE_CALLS
    assert LlmOptions(model="m", ask="sentences", max_calls=3).max_calls == 3
    assert LlmOptions.model_validate(LlmOptions(model="m", ask="sentences").model_dump()).max_calls == SENTENCE_CALLS


def test_messages_name_the_options_they_are_about() -> None:
    assert (LlmOptions.key, DecisionOptions.key) == ("judge.llm", "judge.decision")


def test_a_decision_tier_names_its_model_and_where_the_text_goes() -> None:
    plan = JudgePlan.model_validate(DECISION)
    assert [named.model for named in plan.models("decision")] == ["jev"]
    assert plan.destinations() == {"eu"}
    with pytest.raises(ValueError, match="add `decision:"):
        JudgePlan(tiers=("decision",))


def test_a_calibration_of_decisions_holds_until_they_are_asked_otherwise() -> None:
    rubric, other = (
        Rubric.model_validate({"name": "r", "judge": {**DECISION, "decision": {"model": model}}}) for model in "ab"
    )
    assert risk_hash(rubric, "decision") != risk_hash(other, "decision")
    cascade = {**DECISION, "decision": {"model": "a"}, "tiers": ["decision", "llm"], "llm": {"model": "m"}}
    with_llm = Rubric.model_validate({"name": "r", "judge": cascade})
    assert risk_hash(with_llm, "decision") == risk_hash(rubric, "decision")
