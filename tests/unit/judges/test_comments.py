"""A comment for each score: one plain line that fits this very score, whatever the trace holds."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.comments import score_comments
from assay.judges.metrics import score
from assay.judges.rubric import ANSWER_CHECK, RISK_LEVEL, Rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Evidence,
    ResponseKind,
    RuleHit,
    Sample,
    Severity,
    Span,
    Tier,
    Verdict,
)
from assay.judges.text.plain import COMMENT_LIMIT
from tests.examples import examples

RUBRIC = Rubric(name="grounding")
SAMPLE = Sample(id="s", contexts=("The notice period is 14 days.",), response="x")
S, C, N = ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND
WORST = {S: "It is open.", C: "Notice is 30 days.", N: "It is free."}


def claim(verdict: ClaimVerdict, **over: object) -> Claim:
    evidence = (Evidence(context=0, start=0, end=29),) if verdict is C else ()
    fields = {"text": WORST[verdict], "span": Span(start=0, end=1), "verdict": verdict, "evidence": evidence}
    return Claim.model_validate({**fields, "source": "t", **over})


def comments(*verdicts: ClaimVerdict | Claim, **over: object) -> dict[str, str]:
    claims = tuple(one if isinstance(one, Claim) else claim(one) for one in verdicts)
    verdict = Verdict.model_validate({"judge": "t", "tier": Tier.LLM, "claims": claims, **over})
    return score_comments(SAMPLE, verdict, RUBRIC, dict(score(SAMPLE, verdict, RUBRIC)[0]))


@pytest.mark.parametrize(
    ("verdicts", "groundedness", "faithfulness"),
    [
        ((S,), "The one statement is supported.", "No contradiction among 1 statement."),
        ((S, S, S), "All 3 statements are supported.", "No contradiction among 3 statements."),
        (
            (S, S, N, N),
            "2 of 4 statements without evidence: “It is free.”",
            "No contradiction among 2 statements; 2 more are not in the evidence.",
        ),
        (
            (S, N),
            "1 of 2 statements without evidence: “It is free.”",
            "No contradiction among 1 statement; 1 more is not in the evidence.",
        ),
        (
            (S, S, C),
            "1 of 3 statements contradicted by the evidence: “Notice is 30 days.”",
            "1 of 3 statements contradicts the evidence: “Notice is 30 days.” – "
            "evidence: “The notice period is 14 days.”",
        ),
        (
            (S, C, C, N),
            "3 of 4 statements not supported (2 contradicted, 1 without evidence): “Notice is 30 days.”",
            "2 of 3 statements contradict the evidence: “Notice is 30 days.” – "
            "evidence: “The notice period is 14 days.”",
        ),
        (
            (N,),
            "The one statement is without evidence: “It is free.”",
            "The evidence is silent about the one statement.",
        ),
        ((N, N), "2 of 2 statements without evidence: “It is free.”", "The evidence is silent about all 2 statements."),
    ],
)
def test_each_comment_counts_what_its_score_counts(
    verdicts: tuple[ClaimVerdict, ...], groundedness: str, faithfulness: str
) -> None:
    told = comments(*verdicts)
    assert told["groundedness"] == groundedness
    assert told["faithfulness"] == faithfulness


def test_no_comment_of_one_trace_says_against_another_what_the_numbers_do_not() -> None:
    """The trace of the picture: faithfulness 1.00 beside a high risk. Each number says what it counts."""
    told = comments(S, S, S, S, S, N, N)
    assert told["faithfulness"] == "No contradiction among 5 statements; 2 more are not in the evidence."
    assert told["hallucination_risk"] == "not found: “It is free.” – no passage carries it"
    assert told[ANSWER_CHECK] == told[RISK_LEVEL]
    assert told[ANSWER_CHECK] == (
        "2 of 7 statements without evidence. Not found: “It is free.” – no passage carries it"
    )


def test_a_risk_that_is_not_low_never_says_only_that_all_is_supported() -> None:
    doubtful = claim(S, p_supported=0.4)
    assert comments(doubtful)["hallucination_risk"].endswith("But the judge is not sure, least of “It is open.”.")
    assert comments(claim(S, p_supported=0.99))["hallucination_risk"] == "The one statement is supported."
    judged = comments(S, S, risk=0.9)
    assert "not sure" in judged["hallucination_risk"]
    assert "not sure" in judged[ANSWER_CHECK]
    assert judged["groundedness"] == "All 2 statements are supported."


def test_a_hit_of_a_teams_rule_is_told_with_the_risk_and_not_with_the_shares() -> None:
    hit = RuleHit(
        rule="pattern:refund", span=Span(start=0, end=1), detail="promises a refund", severity=Severity.MATERIAL
    )
    told = comments(S, S, rule_hits=(hit,))
    assert told["hallucination_risk"] == "refund: promises a refund. All 2 statements are supported."
    assert told[ANSWER_CHECK].startswith("refund: promises a refund. ")
    assert told["groundedness"] == "All 2 statements are supported."


@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"kind": ResponseKind.REFUSAL}, "declines"),
        ({"kind": ResponseKind.NO_CLAIMS}, "nothing that could be checked"),
        ({"kind": ResponseKind.NO_CLAIMS, "language_unsupported": True}, "language"),
    ],
)
def test_where_there_is_nothing_to_count_every_comment_says_why(over: dict[str, object], word: str) -> None:
    told = comments(**over)
    assert {ANSWER_CHECK, "groundedness", "faithfulness", "hallucination_risk", "grounding_state"} <= told.keys()
    assert all(word in comment for comment in told.values())


def test_part_of_the_evidence_that_was_not_shown_is_said() -> None:
    assert "too long to be shown" in comments(N, S, partial_context=True)[ANSWER_CHECK]
    assert "too long to be shown" in comments(S, partial_context=True)[ANSWER_CHECK]


NASTY = st.text(
    st.characters() | st.sampled_from("\x00\x1b\n\r\t\x80\x99\u202e\u2028\ufeff`[](<>!"), min_size=1, max_size=900
)


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(st.sampled_from([S, C, N]), NASTY, NASTY), min_size=1, max_size=6), NASTY)
def test_any_text_of_a_trace_becomes_one_short_clean_line(
    claims: list[tuple[ClaimVerdict, str, str]], evidence: str
) -> None:
    sample = Sample(id="s", contexts=(evidence,), response="x")
    made = tuple(
        claim(verdict, text=text, reason=reason, evidence=(Evidence(context=0, start=0, end=len(evidence)),))
        for verdict, text, reason in claims
    )
    verdict = Verdict(judge="t", tier=Tier.LLM, claims=made)
    for name, comment in score_comments(sample, verdict, RUBRIC, dict(score(sample, verdict, RUBRIC)[0])).items():
        assert 0 < len(comment) <= COMMENT_LIMIT, name
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in comment), (name, comment)
