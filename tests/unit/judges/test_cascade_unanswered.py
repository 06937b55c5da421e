"""A later tier that gives no answer: what the first tier had said goes with the failure, for the rates."""

from __future__ import annotations

from typing import Any

import pytest

from assay.judges.errors import CallHeld, InvalidVerdict, ModelRefused, ModelTimeout, UnjudgeableSample
from assay.judges.schema import Failed, HoldReason, Screening, Skipped
from tests.unit.judges.test_cascade import THREE, TWO, Course, make_rubric

ERRORS = [
    ModelRefused("no"),
    UnjudgeableSample("too_long_for_model"),
    InvalidVerdict("prose"),
    ModelTimeout("down"),
]


def first_phase(course: Course) -> Screening | None:
    assert isinstance(course.outcome, Skipped | Failed), course.outcome
    return course.outcome.screening


@pytest.mark.parametrize("error", ERRORS)
def test_failure_of_a_later_tier_keeps_the_first_phase(error: Exception) -> None:
    first = first_phase(Course(TWO, local=0.4, llm=error))
    assert first is not None
    assert first.scores["hallucination_risk"] == pytest.approx(0.4)
    assert (first.why, first.pi2, first.phase2) == ("escalated", 1.0, False)


@pytest.mark.parametrize("error", ERRORS)
def test_failed_audit_says_with_what_probability_it_was_drawn(error: Exception) -> None:
    first = first_phase(Course(make_rubric("local", "llm", audit_share=1.0), local=0.01, llm=error))
    assert first is not None
    assert (first.why, first.pi2, first.phase2) == ("audited", 1.0, False)


@pytest.mark.parametrize("error", ERRORS)
def test_panel_that_fails_after_the_model_leaves_the_first_phase_unanswered(error: Exception) -> None:
    first = first_phase(Course(THREE, local=0.3, llm=0.9, panel=error))
    assert first is not None
    assert first.scores["hallucination_risk"] == pytest.approx(0.3)
    assert not first.phase2


def test_sample_that_only_the_first_tier_cannot_judge_is_unanswered_without_scores() -> None:
    given: dict[str, Any] = {"local": UnjudgeableSample("no_evidence"), "llm": ModelRefused("no")}
    first = first_phase(Course(TWO, **given))
    assert first is not None
    assert (first.scores, first.why, first.pi2) == ({}, "escalated", 1.0)


def test_sample_that_no_tier_can_judge_is_no_gap_in_the_answers() -> None:
    given: dict[str, Any] = {"local": UnjudgeableSample("no_evidence"), "llm": UnjudgeableSample("too_long_for_model")}
    assert first_phase(Course(TWO, **given)) is None


def test_failure_of_the_first_tier_has_no_first_phase() -> None:
    given: dict[str, Any] = {"local": InvalidVerdict("a rule ran out of time")}
    assert first_phase(Course(TWO, llm=0.1, **given)) is None


def held(reason: HoldReason) -> CallHeld:
    return CallHeld("no room", reason=reason, retry_after_s=42.0)


@pytest.mark.parametrize("reason", ["limit", "budget", "breaker"])
def test_call_that_is_held_is_waited_for(reason: HoldReason) -> None:
    outcome = Course(TWO, local=0.4, llm=held(reason)).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.held, outcome.retry_after_s, outcome.usage.calls) == (reason, 42.0, 0)


def test_only_an_open_breaker_is_an_outage_to_fall_back_from() -> None:
    """Load and budgets are the deployment's own: they must not decide who judges."""
    falling_back = make_rubric("local", "llm", on_failure="screen")
    down = Course(falling_back, local=0.4, llm=held("breaker"))
    assert down.verdict.degraded
    assert ("llm", "unavailable") in down.path
    reasons: tuple[HoldReason, ...] = ("limit", "budget")
    for reason in reasons:
        outcome = Course(falling_back, local=0.4, llm=held(reason)).outcome
        assert isinstance(outcome, Failed)
        assert outcome.held == reason
