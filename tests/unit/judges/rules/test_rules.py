from __future__ import annotations

import pytest

from assay.judges.errors import RubricError
from assay.judges.rubric import Pattern, Rubric, Rules, ValueKind
from assay.judges.rules import PatternTimeout, apply_rules
from assay.judges.rules.evidence import check_evidence
from assay.judges.rules.patterns import check_patterns, validate_patterns
from assay.judges.rules.values import UNEXPLAINED_SUPPORT, check_values
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Evidence,
    ResponseKind,
    Sample,
    Severity,
    Span,
    Tier,
    Turn,
    Verdict,
)

ALL_KINDS = tuple(ValueKind)


def claim_of(text: str, start: int = 0, verdict: ClaimVerdict = ClaimVerdict.SUPPORTED) -> Claim:
    return Claim(
        text=text, span=Span(start=start, end=start + len(text)), verdict=verdict, p_supported=0.9, source="llm"
    )


def verdict_of(*claims: Claim, kind: ResponseKind = ResponseKind.ANSWER) -> Verdict:
    return Verdict(judge="llm", tier=Tier.LLM, kind=kind, claims=claims)


def checked(
    response: str, *contexts: str, question: str = "", verdict: ClaimVerdict = ClaimVerdict.SUPPORTED
) -> Verdict:
    sample = Sample(id="s", question=question, contexts=contexts, response=response)
    return check_values(sample, verdict_of(claim_of(response, verdict=verdict)), ALL_KINDS)


def test_values_makes_a_claim_not_found_when_nothing_carries_its_value() -> None:
    ruled = checked("The bridge was built in 1987.", "The bridge is old.")
    assert ruled.claims[0].verdict is ClaimVerdict.NOT_FOUND
    assert ruled.claims[0].source == "rule:values"
    assert ruled.claims[0].reason == "'1987' is not in the evidence, and could not be worked out from it"
    assert ruled.claims[0].p_supported == UNEXPLAINED_SUPPORT  # doubt, and no proof
    assert [(hit.rule, hit.span) for hit in ruled.rule_hits] == [("values:date", Span(start=24, end=28))]


def test_values_contradicts_when_the_aligned_sentence_states_another_value() -> None:
    evidence = "The old bridge over the river was built by the city in 1978."
    ruled = checked("The old bridge over the river was built by the city in 1987.", evidence)
    assert ruled.claims[0].verdict is ClaimVerdict.CONTRADICTED
    assert ruled.claims[0].reason == "'1987' where the evidence says '1978'"
    assert ruled.claims[0].evidence == (Evidence(context=0, start=0, end=len(evidence)),)


def test_values_does_not_contradict_when_the_unit_differs() -> None:
    ruled = checked("The warranty for the pump lasts 24 hours.", "The warranty for the pump lasts 2 years.")
    assert ruled.claims[0].verdict is ClaimVerdict.NOT_FOUND


@pytest.mark.parametrize(
    ("response", "context", "question"),
    [
        ("It costs $1,000.", "It costs 1000 dollars.", ""),
        ("There are three ways to pay.", "Pay by card, cash or cheque.", ""),
        ("In 1987 it was small.", "It was small.", "How big was it in 1987?"),
        ("1. It is small.", "It is small.", ""),
    ],
)
def test_values_leaves_a_claim_alone_when_its_values_are_known(response: str, context: str, question: str) -> None:
    assert checked(response, context, question=question).claims[0].verdict is ClaimVerdict.SUPPORTED


def test_values_knows_the_day_of_the_trace_and_what_the_evidence_says_relative_to_it() -> None:
    response = "On 3 May 2024 the shop was closed; it opened in 2023."
    evidence = "The shop was closed yesterday. It opened last year."
    sample = Sample(id="s", contexts=(evidence,), response=response)
    dated = sample.model_copy(update={"metadata": {"timestamp": "2024-05-04T10:00:00+02:00"}})
    assert len(check_values(sample, verdict_of(claim_of(response)), ALL_KINDS).rule_hits) == 2
    assert not check_values(dated, verdict_of(claim_of(response)), ALL_KINDS).rule_hits


def test_values_accepts_a_sum_the_response_calls_a_total_and_no_other_number() -> None:
    evidence = "The first plant made 1,250 cars. The second made 830 cars."
    assert not checked("In total the two plants made 2,080 cars.", evidence).rule_hits
    assert checked("In total the two plants made 2,180 cars.", evidence).rule_hits
    assert checked("The two plants made 2,080 cars.", evidence).rule_hits


def test_values_contradicts_a_quantity_in_another_unit_of_the_same_dimension() -> None:
    ruled = checked(
        "The new road to the old harbour is 12 km long.", "The new road to the old harbour is 9 miles long."
    )
    assert ruled.claims[0].verdict is ClaimVerdict.CONTRADICTED
    assert ruled.claims[0].reason == "'12 km' where the evidence says '9 miles'"


def test_values_reads_the_history_too() -> None:
    response = "As said, the code is AB-1234."
    turn = Turn(role="user", content="my code is AB-1234")
    sample = Sample(id="s", history=(turn,), contexts=("x",), response=response)
    assert not check_values(sample, verdict_of(claim_of(response)), ALL_KINDS).rule_hits


def test_values_never_makes_a_verdict_better() -> None:
    ruled = checked("Built in 1987.", "Old.", verdict=ClaimVerdict.CONTRADICTED)
    assert ruled.claims[0] == claim_of("Built in 1987.", verdict=ClaimVerdict.CONTRADICTED)


def test_values_checks_only_the_kinds_asked_for() -> None:
    response = "Built in 1987."
    verdict = verdict_of(claim_of(response))
    sample = Sample(id="s", contexts=("Old.",), response=response)
    assert check_values(sample, verdict, (ValueKind.MONEY,)) is verdict
    assert check_values(sample, verdict, ()) is verdict


def test_values_blames_only_the_claim_the_value_stands_in() -> None:
    first, second = "The bridge is old.", "It dates from 1987."
    sample = Sample(id="s", contexts=("The bridge is old.",), response=f"{first} {second}")
    ruled = check_values(sample, verdict_of(claim_of(first), claim_of(second, start=19)), ALL_KINDS)
    assert [claim.verdict for claim in ruled.claims] == [ClaimVerdict.SUPPORTED, ClaimVerdict.NOT_FOUND]


@pytest.mark.parametrize(
    "pointer",
    [
        Evidence(context=1, start=0, end=1),
        Evidence(context=0, start=0, end=99),
        Evidence(context=0, start=2, end=2),
        Evidence(context=0, start=3, end=4),
    ],
)
def test_evidence_that_does_not_exist_supports_nothing(pointer: Evidence) -> None:
    sample = Sample(id="s", contexts=("abc def",), response="x")
    claim = claim_of("x").model_copy(update={"evidence": (pointer,)})
    ruled = check_evidence(sample, verdict_of(claim))
    assert ruled.claims[0].verdict is ClaimVerdict.NOT_FOUND
    assert ruled.claims[0].evidence == ()
    assert ruled.rejected_evidence == 1


def test_evidence_keeps_a_claim_when_one_pointer_holds() -> None:
    sample = Sample(id="s", contexts=("abc def",), response="abc")
    good = Evidence(context=0, start=0, end=3)
    claim = claim_of("abc").model_copy(update={"evidence": (good, Evidence(context=7, start=0, end=1))})
    ruled = check_evidence(sample, verdict_of(claim))
    assert ruled.claims[0].verdict is ClaimVerdict.SUPPORTED
    assert ruled.claims[0].evidence == (good,)
    assert ruled.rejected_evidence == 1


def test_evidence_that_shares_nothing_with_the_claim_supports_it_no_longer() -> None:
    sample = Sample(id="s", contexts=("We ship to Europe.",), response="Refunds take weeks.")
    claim = claim_of(sample.response).model_copy(
        update={"evidence": (Evidence(context=0, start=0, end=18),), "p_source": "stated"}
    )
    ruled = check_evidence(sample, verdict_of(claim))
    (fallen,) = ruled.claims
    assert (fallen.verdict, fallen.evidence, fallen.source) == (ClaimVerdict.NOT_FOUND, (), "rule:evidence")
    assert (fallen.p_supported, fallen.p_source) == (None, None)
    assert "in common" in fallen.reason
    assert ruled.rejected_evidence == 1


def test_evidence_is_tied_by_all_its_lines_together() -> None:
    sample = Sample(id="s", contexts=("Refunds need a form. It takes a week.",), response="Refunds are slow.")
    lines = (Evidence(context=0, start=0, end=20), Evidence(context=0, start=21, end=37))
    ruled = check_evidence(sample, verdict_of(claim_of(sample.response).model_copy(update={"evidence": lines})))
    assert ruled.claims[0].evidence == lines
    assert ruled.rejected_evidence == 0


def test_evidence_in_another_script_stands_and_is_said_to_be_unchecked() -> None:
    sample = Sample(id="s", contexts=("保証書は箱の中にあります。",), response="The warranty card lies in the box.")
    claim = claim_of(sample.response).model_copy(update={"evidence": (Evidence(context=0, start=0, end=10),)})
    ruled = check_evidence(sample, verdict_of(claim))
    assert ruled.claims[0].verdict is ClaimVerdict.SUPPORTED
    assert "another language" in ruled.claims[0].reason
    assert ruled.explanation == "1 supports that no word or value ties to their evidence, unchecked"


def test_evidence_of_a_contradiction_needs_no_tie() -> None:
    sample = Sample(id="s", contexts=("We ship to Europe.",), response="Refunds take weeks.")
    claim = claim_of(sample.response, verdict=ClaimVerdict.CONTRADICTED).model_copy(
        update={"evidence": (Evidence(context=0, start=0, end=18),)}
    )
    assert check_evidence(sample, verdict_of(claim)).claims == (claim,)


def test_patterns_hit_where_the_forbidden_text_stands() -> None:
    sample = Sample(id="s", response="You get a full refund guaranteed!")
    pattern = Pattern(id="refund", must_not_match="full refund guaranteed", severity=Severity.CRITICAL)
    (hit,) = check_patterns(sample, verdict_of(), (pattern,)).rule_hits
    assert (hit.rule, hit.span, hit.severity) == ("pattern:refund", Span(start=10, end=32), Severity.CRITICAL)
    assert "full refund guaranteed" in hit.detail


def test_patterns_hit_when_what_must_be_said_is_missing() -> None:
    pattern = Pattern(id="disclaimer", must_match="(?i)no legal advice", message="the disclaimer is missing")
    (hit,) = check_patterns(Sample(id="s", response="Sue them."), verdict_of(), (pattern,)).rule_hits
    assert hit.detail == "the disclaimer is missing"
    assert not check_patterns(Sample(id="s", response="No legal advice."), verdict_of(), (pattern,)).rule_hits


def test_patterns_raise_when_a_search_takes_too_long() -> None:
    pattern = Pattern(id="slow", must_not_match=r"(x+x+)+y")
    with pytest.raises(PatternTimeout, match="'slow'"):
        check_patterns(Sample(id="s", response="x" * 5000), verdict_of(), (pattern,))


def test_validate_patterns_names_file_and_pattern_when_one_is_broken() -> None:
    with pytest.raises(RubricError, match=r"r\.yaml: rules\.patterns\.bad\.must_match: not a regular expression"):
        validate_patterns((Pattern(id="bad", must_match="(unclosed"),), "r.yaml")


def test_apply_rules_searches_patterns_in_a_refusal_and_leaves_it_one() -> None:
    rules = Rules(values=ALL_KINDS, patterns=(Pattern(id="sorry", must_not_match="sorry"),))
    sample = Sample(id="s", contexts=("x",), response="I'm sorry, in 1987 no.")
    ruled = apply_rules(sample, verdict_of(kind=ResponseKind.REFUSAL), Rubric(name="r", rules=rules))
    assert "pattern:sorry" in [hit.rule for hit in ruled.rule_hits]
    assert (ruled.kind, ruled.claims) == (ResponseKind.REFUSAL, ())
