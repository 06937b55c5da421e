"""What a judge says needs no check, and what code makes of it."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric, Rules, ValueKind
from assay.judges.rules import apply_rules
from assay.judges.rules.exempt import statement_in
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Evidence,
    Failed,
    GroundingState,
    ResponseKind,
    Sample,
    Scored,
    Span,
    Tier,
    Verdict,
)
from assay.judges.text.sentences import split_sentences
from tests.fakes import PlannedJudge

RUBRIC = Rubric(name="r", rules=Rules(values=(ValueKind.NUMBER, ValueKind.MONEY)))
CONTEXT = "Refunds are paid within 14 days of the return."


def sample_of(response: str, question: str = "How are refunds paid?") -> Sample:
    return Sample(id="s", question=question, contexts=(CONTEXT,), response=response)


def exempted(sample: Sample, kind: ResponseKind = ResponseKind.ANSWER, *, first: bool = False) -> Verdict:
    """All sentences exempt, but for the first one where `first` says that it was judged."""
    spans = split_sentences(sample.response)
    claims: tuple[Claim, ...] = ()
    if first:
        text = sample.response[spans[0].start : spans[0].end]
        evidence = (Evidence(context=0, start=0, end=len(CONTEXT)),)
        claim = Claim(text=text, span=spans[0], verdict=ClaimVerdict.SUPPORTED, evidence=evidence, source="llm")
        claims, spans = (claim,), spans[1:]
    return Verdict(judge="llm", tier=Tier.LLM, kind=kind, claims=claims, not_checkworthy=tuple(spans))


def test_exempt_sentence_with_a_foreign_value_becomes_a_claim_that_is_not_found() -> None:
    sample = sample_of("Refunds are paid. The shop has 97 branches. Bye.")
    ruled = apply_rules(sample, exempted(sample, first=True), RUBRIC)
    assert [(claim.text, claim.verdict) for claim in ruled.claims] == [
        ("Refunds are paid.", ClaimVerdict.SUPPORTED),
        ("The shop has 97 branches.", ClaimVerdict.NOT_FOUND),
    ]
    assert ruled.claims[1].source == "rule:values"
    assert [sample.response[span.start : span.end] for span in ruled.not_checkworthy] == ["Bye."]


@pytest.mark.parametrize(
    "rest",
    [
        "Here is the summary in 79 words:",
        "4.",
        "You asked about 14 days.",
        "Nice to meet you!",
        "I counted two things.",
    ],
)
def test_exempt_sentence_stays_exempt_where_no_value_tells_against_it(rest: str) -> None:
    sample = sample_of(f"Refunds are paid. {rest}")
    verdict = exempted(sample, first=True)
    assert apply_rules(sample, verdict, RUBRIC) == verdict


def test_exempt_sentence_of_the_screen_is_left_alone() -> None:
    sample = sample_of("The shop has 97 branches.")
    verdict = exempted(sample).model_copy(update={"tier": Tier.SCREEN})
    assert apply_rules(sample, verdict, RUBRIC) == verdict
    assert statement_in(sample, verdict) is None


def test_refusal_with_a_foreign_value_is_an_answer_after_all() -> None:
    sample = sample_of("I cannot say. The shop has 97 branches.")
    ruled = apply_rules(sample, exempted(sample, ResponseKind.REFUSAL), RUBRIC)
    assert ruled.kind is ResponseKind.ANSWER
    assert [claim.verdict for claim in ruled.claims] == [ClaimVerdict.NOT_FOUND]
    assert len(ruled.not_checkworthy) == 1


@pytest.mark.parametrize("kind", [ResponseKind.REFUSAL, ResponseKind.NO_CLAIMS, ResponseKind.ANSWER])
def test_answer_that_is_said_to_claim_nothing_fails_where_it_tells_what_the_evidence_tells(kind: ResponseKind) -> None:
    sample = sample_of("Money is paid within days of the return.", question="What happens then?")
    judge = PlannedJudge(lambda one: exempted(one, kind))
    outcome = asyncio.run(Evaluator(RUBRIC, judge).evaluate(sample))
    assert isinstance(outcome, Failed)
    assert outcome.error == "IncompleteVerdict"


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, I cannot answer that.",
        "I do not know how refunds are paid.",
        "The documents do not say how the refund of gift cards works.",
        "Would you like refunds within days of the return?",
        "Hello!",
        "¿返品？ আমি জানি না।",
    ],
)
def test_refusal_and_small_talk_keep_their_state(response: str) -> None:
    sample = sample_of(response)
    judge = PlannedJudge(lambda one: exempted(one, ResponseKind.REFUSAL))
    outcome = asyncio.run(Evaluator(RUBRIC, judge).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert (outcome.state, outcome.scores) == (GroundingState.REFUSAL, {})


def test_statement_in_names_the_sentence() -> None:
    sample = sample_of("Sorry. Money is paid within days of the return.", question="?")
    span = statement_in(sample, exempted(sample, ResponseKind.REFUSAL))
    assert span == Span(start=7, end=47)


@pytest.mark.parametrize("kind", list(ResponseKind))
def test_an_invention_said_to_be_no_statement_is_a_claim_in_doubt(kind: ResponseKind) -> None:
    sample = sample_of("Sorry. Dragons guard the castle at night.")
    judge = PlannedJudge(lambda one: exempted(one, kind))
    outcome = asyncio.run(Evaluator(RUBRIC, judge).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert outcome.scores["hallucination_risk"] >= 0.5
    assert outcome.verdict is not None
    (claim,) = outcome.verdict.claims
    assert (claim.text, claim.source) == ("Dragons guard the castle at night.", "rule:exempt")
