from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from assay.judges.errors import (
    MESSAGE_LIMIT,
    ConfigurationError,
    InvalidVerdict,
    ModelRefused,
    RateLimited,
    RubricError,
    UnjudgeableSample,
)
from assay.judges.evaluate import RESPONSE_LIMIT, Evaluator
from assay.judges.local import LocalJudge
from assay.judges.rubric import Pattern, Rubric, Rules, ValueKind
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Failed,
    GroundingState,
    Outcome,
    ResponseKind,
    Sample,
    Scored,
    Skipped,
    Span,
    Tier,
    Verdict,
)

RUBRIC = Rubric(name="r", rules=Rules(values=(ValueKind.DATE,)))
SAMPLE = Sample(id="s", contexts=("It opened in 1937.",), response="It opened in 1937. It is red.")


class ScriptedJudge:
    """A judge that gives what it was told to give, or raises it."""

    def __init__(self, given: Verdict | BaseException, fingerprint: str = "f") -> None:
        self.given = given
        self.calls = 0
        self._fingerprint = fingerprint

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        self.calls += 1
        if isinstance(self.given, BaseException):
            raise self.given
        return self.given

    async def close(self) -> None:
        pass


def claim(start: int, end: int, verdict: ClaimVerdict = ClaimVerdict.SUPPORTED) -> Claim:
    return Claim(
        text=SAMPLE.response[start:end], span=Span(start=start, end=end), verdict=verdict, p_supported=0.9, source="llm"
    )


def verdict(*claims: Claim, **fields: object) -> Verdict:
    return Verdict(judge="scripted", tier=Tier.LLM, claims=claims).model_copy(update=fields)


WHOLE = verdict(claim(0, 18), claim(19, 29))


def outcome_of(given: Verdict | BaseException, sample: Sample = SAMPLE, rubric: Rubric = RUBRIC) -> Outcome:
    return asyncio.run(Evaluator(rubric, ScriptedJudge(given)).evaluate(sample))


def test_evaluate_scores_a_complete_verdict() -> None:
    outcome = outcome_of(WHOLE)
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.JUDGED
    assert outcome.scores["groundedness"] == 1.0
    assert outcome.scores["hallucination_risk"] == pytest.approx(0.1225)  # .1 + a quarter of (.19 - .1)
    assert outcome.risk_label == "low"
    assert outcome.comment == "All 2 statements are supported."
    assert outcome.verdict is not None
    (only,) = outcome.verdict.path
    assert (only.outcome, only.reason) == ("decided", "the only tier")
    assert only.risk == pytest.approx(0.1 + 0.25 * (0.19 - 0.1))
    assert outcome.verdict.model_copy(update={"path": ()}) == WHOLE


def test_evaluate_applies_the_rules_to_the_claim_table() -> None:
    sample = SAMPLE.model_copy(update={"contexts": ("It opened.",)})
    outcome = outcome_of(WHOLE, sample)
    assert isinstance(outcome, Scored)
    assert outcome.scores["groundedness"] == 0.5
    assert 0.4 <= outcome.scores["hallucination_risk"] < 1.0  # an unexplained value is doubt, not proof
    assert "'1937' is not in the evidence" in outcome.comment


@pytest.mark.parametrize("covered", [verdict(claim(0, 18)), verdict(claim(0, 17), claim(19, 29)), verdict()])
def test_evaluate_fails_when_a_sentence_was_left_out(covered: Verdict) -> None:
    outcome = outcome_of(covered)
    assert isinstance(outcome, Failed)
    assert outcome.error == "IncompleteVerdict"


@pytest.mark.parametrize(
    "covered",
    [
        verdict(claim(0, 29)),
        verdict(claim(19, 29), claim(0, 18)),
        verdict(claim(0, 10), claim(10, 18), not_checkworthy=(Span(start=19, end=29),)),
        verdict(claim(0, 11), claim(5, 29), claim(2, 3)),
    ],
)
def test_evaluate_accepts_every_way_of_covering_all_sentences(covered: Verdict) -> None:
    assert isinstance(outcome_of(covered), Scored)


@pytest.mark.parametrize("response", ["", " \n\t\u00a0"])
def test_evaluate_skips_an_empty_response(response: str) -> None:
    outcome = outcome_of(WHOLE, SAMPLE.model_copy(update={"response": response}))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "empty_response"


def test_evaluate_skips_a_response_over_the_limit_and_names_the_limit() -> None:
    outcome = outcome_of(WHOLE, SAMPLE.model_copy(update={"response": "a" * (RESPONSE_LIMIT + 1)}))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "response_too_large"
    assert f"{RESPONSE_LIMIT:,}" in outcome.detail


def test_evaluate_calls_no_judge_when_there_is_no_evidence() -> None:
    judge = ScriptedJudge(WHOLE)
    outcome = asyncio.run(Evaluator(RUBRIC, judge).evaluate(SAMPLE.model_copy(update={"contexts": (" ",)})))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state, outcome.verdict) == ({}, GroundingState.NO_EVIDENCE, None)
    assert set(outcome.not_applicable) == set(RUBRIC.scores)
    assert judge.calls == 0


def test_evaluate_scores_risk_without_evidence_when_the_rubric_says_so() -> None:
    outcome = outcome_of(WHOLE, SAMPLE.model_copy(update={"contexts": ()}), Rubric(name="r", closed_book="score"))
    assert isinstance(outcome, Scored)
    assert set(outcome.scores) == {"hallucination_risk"}
    assert outcome.state is GroundingState.NO_EVIDENCE


def test_evaluate_gives_a_refusal_a_state_and_no_number() -> None:
    outcome = outcome_of(verdict(kind=ResponseKind.REFUSAL))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state, outcome.risk_label) == ({}, GroundingState.REFUSAL, None)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (UnjudgeableSample("odd", "why"), Skipped(reason="odd", detail="why")),
        (ModelRefused("filtered"), Skipped(reason="model_refused", detail="filtered")),
        (RateLimited("slow", retry_after_s=3.0), Failed(error="RateLimited", message="slow", retry_after_s=3.0)),
        (InvalidVerdict("broken", reply="{"), Failed(error="InvalidVerdict", message="broken")),
        (ConfigurationError("a.yaml: x"), Failed(error="ConfigurationError", message="a.yaml: x")),
        (ZeroDivisionError("x / 0"), Failed(error="Bug:ZeroDivisionError", message="x / 0", cost_usd=None)),
    ],
)
def test_evaluate_turns_every_error_into_an_outcome(raised: Exception, expected: Outcome) -> None:
    assert outcome_of(raised) == expected


@pytest.mark.parametrize(
    "message",
    [
        "401 for key sk-abcDEF0123456789abcdef",
        "Authorization: Bearer abc.def.ghi",
        "api_key=verysecret12 refused",
        "https://user:hunter2secret@host/path failed",
        "Authorization: Bearer bearer abc.def.ghi",
        "token: Bearer abc.def.ghi",
        "api_key = secret: verysecret12",
        "https://sk-abc:hunter2secret@host",
    ],
)
def test_evaluate_redacts_and_shortens_messages(message: str) -> None:
    outcome = outcome_of(InvalidVerdict(message + "\nline two " + "x" * 1000))
    assert isinstance(outcome, Failed)
    assert len(outcome.message) <= MESSAGE_LIMIT
    assert "\n" not in outcome.message
    for secret in ("sk-abc", "abc.def.ghi", "verysecret12", "hunter2secret"):
        assert secret not in outcome.message


def test_evaluate_lets_cancellation_through() -> None:
    with pytest.raises(asyncio.CancelledError):
        outcome_of(asyncio.CancelledError())


def test_evaluate_parks_a_sample_on_which_a_pattern_times_out() -> None:
    rules = Rules(patterns=(Pattern(id="slow", must_not_match="(x+x+)+y"),))
    sample = SAMPLE.model_copy(update={"response": "x" * 5000})
    outcome = outcome_of(verdict(not_checkworthy=(Span(start=0, end=5000),)), sample, Rubric(name="r", rules=rules))
    assert isinstance(outcome, Failed)
    assert outcome.error == "PatternTimeout"


def test_evaluator_refuses_a_rubric_with_a_broken_pattern() -> None:
    rules = Rules(patterns=(Pattern(id="bad", must_match="("),))
    with pytest.raises(RubricError, match="bad"):
        Evaluator(Rubric(name="r", rules=rules), ScriptedJudge(WHOLE))


def revision(rubric: Rubric = RUBRIC, fingerprint: str = "f") -> str:
    return Evaluator(rubric, ScriptedJudge(WHOLE, fingerprint)).revision


def test_revision_changes_with_whatever_could_change_a_score() -> None:
    assert len(revision()) == 64
    assert revision() == revision()
    assert len({revision(), revision(Rubric(name="other")), revision(fingerprint="g")}) == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: SAMPLE.model_copy(update={"response": "word " * 20_000}),
        lambda: SAMPLE.model_copy(update={"response": "\ud800 broken. \x00 zero. \u202e turned."}),
        lambda: SAMPLE.model_copy(update={"contexts": ("\ud800 1937", "")}),
        lambda: SAMPLE.model_copy(update={"contexts": ("It opened in 1937. " * 5000,)}),
    ],
)
def test_evaluate_with_the_local_judge_survives_odd_text(make: Callable[[], Sample]) -> None:
    outcome = asyncio.run(Evaluator(RUBRIC, LocalJudge()).evaluate(make()))
    assert not isinstance(outcome, Failed)
