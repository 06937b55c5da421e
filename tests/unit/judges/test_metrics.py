from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.comments import comment
from assay.judges.metrics import judged_risk, risk_label, score, worst_claim
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    GroundingState,
    ResponseKind,
    RuleHit,
    Sample,
    Severity,
    Span,
    Tier,
    Verdict,
)
from assay.judges.text.plain import COMMENT_LIMIT

S, C, N = ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND
SAMPLE = Sample(id="s", contexts=("evidence",), response="response")
RUBRIC = Rubric(name="r")


def claims(*verdicts: ClaimVerdict) -> tuple[Claim, ...]:
    return tuple(
        Claim(text=f"claim {n}", span=Span(start=n, end=n + 1), verdict=v, source="llm") for n, v in enumerate(verdicts)
    )


def verdict(*verdicts: ClaimVerdict, **fields: object) -> Verdict:
    return Verdict(judge="llm", tier=Tier.LLM, claims=claims(*verdicts)).model_copy(update=fields)


@pytest.mark.parametrize(
    ("verdicts", "groundedness", "faithfulness", "risk", "state"),
    [
        ((S,), 1.0, 1.0, 0.0, GroundingState.JUDGED),
        ((S, S, S, C), 0.75, 0.75, 1.0, GroundingState.JUDGED),
        ((S, N), 0.5, 1.0, 1.0, GroundingState.JUDGED),
        ((S, C, N, N), 0.25, 0.5, 1.0, GroundingState.JUDGED),
        ((C,), 0.0, 0.0, 1.0, GroundingState.JUDGED),
        ((N, N), 0.0, None, 1.0, GroundingState.EVIDENCE_SILENT),
    ],
)
def test_score_follows_the_formulas(
    verdicts: tuple[ClaimVerdict, ...],
    groundedness: float,
    faithfulness: float | None,
    risk: float,
    state: GroundingState,
) -> None:
    scores, missing, got = score(SAMPLE, verdict(*verdicts), RUBRIC)
    assert got is state
    assert scores["groundedness"] == groundedness
    assert scores["hallucination_risk"] == risk
    assert scores.get("faithfulness") == faithfulness
    assert missing == ({"faithfulness": "evidence_silent"} if faithfulness is None else {})


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (verdict(kind=ResponseKind.REFUSAL), GroundingState.REFUSAL),
        (verdict(S, kind=ResponseKind.REFUSAL, risk=0.3), GroundingState.REFUSAL),
        (verdict(kind=ResponseKind.NO_CLAIMS), GroundingState.NO_CLAIMS),
        (verdict(), GroundingState.NO_CLAIMS),
    ],
)
def test_score_gives_no_number_when_there_is_nothing_to_ground(given: Verdict, state: GroundingState) -> None:
    scores, missing, got = score(SAMPLE, given, RUBRIC)
    assert (scores, got) == ({}, state)
    assert set(missing) == set(RUBRIC.scores)
    assert set(missing.values()) == {state.value}


def test_score_gives_no_number_when_no_evidence_was_captured() -> None:
    bare = Sample(id="s", contexts=(" \n",), response="x")
    scores, missing, state = score(bare, verdict(S, risk=0.3), RUBRIC)
    assert (scores, state) == ({}, GroundingState.NO_EVIDENCE)
    assert len(missing) == 3
    scores, missing, _ = score(bare, verdict(S, risk=0.3), Rubric(name="r", closed_book="score"))
    assert scores == {"hallucination_risk": 0.3}
    assert set(missing) == {"groundedness", "faithfulness"}


def test_score_says_partial_context_and_still_gives_numbers() -> None:
    scores, _, state = score(SAMPLE, verdict(S, N, partial_context=True), RUBRIC)
    assert state is GroundingState.PARTIAL_CONTEXT
    assert scores["groundedness"] == 0.5


def test_score_returns_only_what_the_rubric_lists() -> None:
    scores, missing, _ = score(SAMPLE, verdict(N), Rubric(name="r", scores={"faithfulness": "maximize"}))
    assert (scores, missing) == ({}, {"faithfulness": "evidence_silent"})


def test_risk_is_the_judges_own_where_it_states_one_and_pattern_hits_raise_it() -> None:
    hit = RuleHit(rule="pattern:x", span=Span(start=0, end=1), detail="d", severity=Severity.MATERIAL)
    values = hit.model_copy(update={"rule": "values:number"})
    assert score(SAMPLE, verdict(N, risk=0.2), RUBRIC)[0]["hallucination_risk"] == 0.2
    assert score(SAMPLE, verdict(N, risk=0.2, rule_hits=(values,)), RUBRIC)[0]["hallucination_risk"] == 0.2
    assert score(SAMPLE, verdict(N, risk=0.2, rule_hits=(hit,)), RUBRIC)[0]["hallucination_risk"] == 0.6
    assert score(SAMPLE, verdict(N, risk=0.9, rule_hits=(hit,)), RUBRIC)[0]["hallucination_risk"] == 0.9


def test_risk_weighs_doubt_by_severity() -> None:
    minor = claims(N)[0].model_copy(update={"severity": Severity.MINOR})
    doubtful = claims(S)[0].model_copy(update={"p_supported": 0.8})
    assert score(SAMPLE, verdict(claims=(minor,)), RUBRIC)[0]["hallucination_risk"] == 0.5
    # worst .5; independent 1 - .5 * .8 = .6; a quarter of the way from one to the other
    assert score(SAMPLE, verdict(claims=(minor, doubtful)), RUBRIC)[0]["hallucination_risk"] == pytest.approx(0.525)


def test_risk_of_many_small_doubts_stays_small_and_one_great_doubt_is_not_diluted() -> None:
    sure = [claims(S)[0].model_copy(update={"p_supported": 0.97})] * 40
    doubted = claims(S)[0].model_copy(update={"p_supported": 0.1})
    assert score(SAMPLE, verdict(claims=tuple(sure)), RUBRIC)[0]["hallucination_risk"] < 0.2
    assert score(SAMPLE, verdict(claims=(*sure, doubted)), RUBRIC)[0]["hallucination_risk"] >= 0.9


def test_risk_rises_with_rejected_evidence_and_falls_where_evidence_was_not_shown() -> None:
    assert score(SAMPLE, verdict(S), RUBRIC)[0]["hallucination_risk"] == 0.0
    assert score(SAMPLE, verdict(S, rejected_evidence=3), RUBRIC)[0]["hallucination_risk"] == pytest.approx(0.1)
    assert score(SAMPLE, verdict(N, partial_context=True), RUBRIC)[0]["hallucination_risk"] == pytest.approx(0.8)
    assert score(SAMPLE, verdict(C, partial_context=True), RUBRIC)[0]["hallucination_risk"] == 1.0


@pytest.mark.parametrize(("risk", "label"), [(0.0, "low"), (0.199, "low"), (0.2, "medium"), (0.5, "high"), (1, "high")])
def test_risk_label_cuts_belong_to_the_higher_label(risk: float, label: str) -> None:
    assert risk_label(risk, RUBRIC) == label


def test_worst_claim_goes_by_verdict_then_severity_then_doubt() -> None:
    critical = claims(N)[0].model_copy(update={"severity": Severity.CRITICAL, "text": "critical"})
    assert worst_claim(verdict()) is None
    assert worst_claim(verdict(claims=(*claims(S, N, C), critical))) == claims(S, N, C)[2]
    assert worst_claim(verdict(claims=(*claims(S, N), critical))) == critical


def test_comment_names_the_worst_claim_and_why_and_stays_short() -> None:
    long = claims(N)[0].model_copy(update={"text": "word " * 500, "reason": "because " * 200})
    said = comment(SAMPLE, verdict(claims=(long,)))
    assert len(said) <= COMMENT_LIMIT
    assert said.startswith("not found: “word")
    assert "because" in said
    assert comment(SAMPLE, verdict(S, S)) == "All 2 statements are supported."
    assert "declines" in comment(SAMPLE, verdict(kind=ResponseKind.REFUSAL))


CLAIM = st.builds(
    Claim,
    text=st.just("t"),
    span=st.just(Span(start=0, end=1)),
    verdict=st.sampled_from(ClaimVerdict),
    p_supported=st.one_of(st.none(), st.floats(0, 1)),
    severity=st.sampled_from(Severity),
    source=st.just("x"),
)
TABLE = st.lists(CLAIM, max_size=6).map(tuple)


@given(TABLE)
def test_scores_are_finite_and_in_range_for_every_table(table: tuple[Claim, ...]) -> None:
    scores, missing, _ = score(SAMPLE, verdict(claims=table), RUBRIC)
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in scores.values())
    assert set(scores) | set(missing) == set(RUBRIC.scores)
    assert not set(scores) & set(missing)


@given(TABLE)
def test_a_supported_claim_never_lowers_groundedness(table: tuple[Claim, ...]) -> None:
    before = score(SAMPLE, verdict(claims=table), RUBRIC)[0].get("groundedness", 0.0)
    after = score(SAMPLE, verdict(claims=(*table, *claims(S))), RUBRIC)[0]["groundedness"]
    assert after >= before


@given(TABLE, CLAIM, st.integers(0, 3), st.booleans())
def test_a_further_claim_never_lowers_risk(table: tuple[Claim, ...], one: Claim, rejected: int, cut: bool) -> None:
    fields = {"rejected_evidence": rejected, "partial_context": cut}
    before = judged_risk(verdict(claims=table, **fields))
    after = judged_risk(verdict(claims=(*table, one), **fields))
    assert after >= before - 1e-12


@given(TABLE)
def test_a_contradicted_claim_never_lowers_risk_nor_raises_the_shares(table: tuple[Claim, ...]) -> None:
    before = score(SAMPLE, verdict(claims=table), RUBRIC)[0]
    after = score(SAMPLE, verdict(claims=(*table, *claims(C))), RUBRIC)[0]
    assert after["hallucination_risk"] >= before.get("hallucination_risk", 0.0)
    assert after["groundedness"] <= before.get("groundedness", 1.0)
    assert after["faithfulness"] <= before.get("faithfulness", 1.0)


@given(st.lists(CLAIM, min_size=1, max_size=4).map(tuple))
def test_the_order_of_claims_changes_no_score(table: tuple[Claim, ...]) -> None:
    assert len({str(score(SAMPLE, verdict(claims=order), RUBRIC)) for order in permutations(table)}) == 1
