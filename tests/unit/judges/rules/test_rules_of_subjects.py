"""Ranges and tables: which value is said of which subject, and what becomes of the claim it stands in."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.comments import comment
from assay.judges.errors import RubricError
from assay.judges.metrics import score
from assay.judges.rubric import Rubric, Rules
from assay.judges.rules import RuleSet
from assay.judges.rules.violations import MOST_HITS
from assay.judges.schema import Claim, ClaimVerdict, ResponseKind, Sample, Severity, Tier, Verdict
from assay.judges.text.sentences import split_sentences
from tests.examples import examples

RANGES: list[dict[str, Any]] = [
    {"id": "basic", "about": "basic plan", "kind": "money", "unit": "EUR", "at_least": 9, "at_most": 19},
    {"id": "notice", "about": ["notice period"], "kind": "number", "unit": "days", "at_most": 30},
    {"id": "rate", "near": r"(?i)interest(?: rate)?", "kind": "percent", "at_least": "1.5", "at_most": 4},
    {"id": "launch", "about": "launch", "kind": "date", "at_least": "2026-01-01"},
]
TABLE: dict[str, Any] = {
    "id": "plans",
    "attributes": {
        "price": "money EUR",
        "seats": "number",
        "valid_until": {"kind": "date", "about": ["valid", "expires"]},
    },
    "rows": [
        {"key": "Starter", "values": {"price": "19", "seats": "5"}},
        {"key": "Pro", "aliases": ["Professional plan"], "values": {"price": "49", "valid_until": "2026-12-31"}},
        {"key": "Pro Max", "values": {"price": "99", "seats": "100"}},
    ],
}
RULES = RuleSet(Rules.model_validate({"ranges": RANGES, "tables": [TABLE], "values": ["money", "number"]}), "r.yaml")


def supported(response: str) -> Verdict:
    claims = [
        Claim(text=response[s.start : s.end], span=s, verdict=ClaimVerdict.SUPPORTED, p_supported=0.9, source="llm")
        for s in split_sentences(response)
    ]
    return Verdict(judge="llm", tier=Tier.LLM, claims=tuple(claims))


def ruled(response: str, question: str = "", *contexts: str) -> Verdict:
    sample = Sample(id="s", question=question, contexts=contexts or (response,), response=response)
    return RULES.apply(sample, supported(response))


def said(response: str, question: str = "") -> list[str]:
    return [hit.detail for hit in ruled(response, question).rule_hits]


@pytest.mark.parametrize(
    ("response", "question", "why"),
    [
        ("The basic plan costs 49 EUR.", "", "basic plan: 49 EUR lies outside 9–19 EUR"),
        ("Our Basic Plan's fee is €49 a month.", "", "basic plan: €49 lies outside 9–19 EUR"),
        ("It costs 49 EUR.", "How much is the basic plan?", "basic plan: 49 EUR lies outside 9–19 EUR"),
        ("49 EUR per month.", "How much is the basic plan?", "basic plan: 49 EUR lies outside 9–19 EUR"),
        ("We have a basic plan. It is 49 EUR.", "", "basic plan: 49 EUR lies outside 9–19 EUR"),
        ("The basic plan costs 9 to 49 EUR.", "", "basic plan: 49 EUR lies outside 9–19 EUR"),
        ("The notice period is six weeks.", "", "notice period: six weeks lies above 30 days"),
        ("The interest rate is 4.5 %.", "", "rate: 4.5 % lies outside 1.5–4 %"),
        ("The launch was on 5 May 2025.", "", "launch: 5 May 2025 lies below 2026-01-01"),
    ],
)
def test_a_range_contradicts_the_claim_that_states_a_value_outside_it(response: str, question: str, why: str) -> None:
    verdict = ruled(response, question)
    assert [hit.detail for hit in verdict.rule_hits] == [why]
    claim = verdict.claims[-1]
    assert (claim.verdict, claim.reason, claim.severity) == (ClaimVerdict.CONTRADICTED, why, Severity.CRITICAL)
    assert claim.source.startswith("rule:range:")
    span = verdict.rule_hits[0].span
    assert response[span.start : span.end] in why


@pytest.mark.parametrize(
    ("response", "question"),
    [
        ("The basic plan costs 19 EUR and the pro plan 49 EUR.", ""),
        ("For 19 EUR you get the basic plan, for 490 EUR the other one.", ""),
        ("The basic plan costs $49.", ""),
        ("The notice period is two weeks.", ""),
        ("The notice period is 45 pages long.", ""),
        ("The launch was in 2025.", ""),
        ("Unlike the basic plan Pro costs 49 EUR.", ""),
        ("The enterprise offer costs 490 EUR.", "How much is the basic plan?"),
        ("The basic plan is popular. We raised 5 million EUR.", ""),
        ("", ""),
    ],
)
def test_a_range_leaves_alone_what_it_does_not_speak_of(response: str, question: str) -> None:
    assert said(response, question) == []


@pytest.mark.parametrize(
    ("response", "question", "why"),
    [
        ("Starter costs 29 EUR.", "", ["Starter, price: 29 EUR, but table plans says 19 EUR"]),
        ("Starter costs 19 EUR and has 7 seats.", "", ["Starter, seats: 7, but table plans says 5"]),
        ("Pro costs 49 EUR, Pro Max costs 89 EUR.", "", ["Pro Max, price: 89 EUR, but table plans says 99 EUR"]),
        ("The Professional plan is 50 EUR.", "", ["Pro, price: 50 EUR, but table plans says 49 EUR"]),
        ("Pro expires on 1 January 2027.", "", ["Pro, valid_until: 1 January 2027, but table plans says 2026-12-31"]),
        ("It has 4 seats.", "What does Starter offer?", ["Starter, seats: 4, but table plans says 5"]),
        (
            "The price of Pro is 49 EUR and of Starter 49 EUR.",
            "",
            ["Starter, price: 49 EUR, but table plans says 19 EUR"],
        ),
        ("| Starter | 29 EUR |\n| Pro | 49 EUR |", "", ["Starter, price: 29 EUR, but table plans says 19 EUR"]),
        ("Starter: price 19 EUR, Pro: price 59 EUR.", "", ["Pro, price: 59 EUR, but table plans says 49 EUR"]),
    ],
)
def test_a_table_contradicts_the_claim_that_states_another_value(response: str, question: str, why: list[str]) -> None:
    verdict = ruled(response, question)
    assert [hit.detail for hit in verdict.rule_hits] == why
    assert ClaimVerdict.CONTRADICTED in {claim.verdict for claim in verdict.claims}


@pytest.mark.parametrize(
    "response",
    [
        "Starter costs 19.00 EUR and has 5 seats.",
        "Pro costs about 50 EUR.",
        "Pro has 7 integrations.",
        "Pro was founded on 1 January 2020.",
        "Protein costs 3 EUR.",
        "The price is 1 EUR.",
    ],
)
def test_a_table_leaves_alone_what_it_says_too_or_nothing_of(response: str) -> None:
    assert said(response) == []


def test_a_value_the_table_vouches_for_need_not_stand_in_the_evidence_and_another_one_must() -> None:
    right = ruled("Starter costs 19 EUR.", "", "Starter is our smallest offer.")
    assert right.claims[0].verdict is ClaimVerdict.SUPPORTED
    assert not right.rule_hits
    other = ruled("Starter costs 19 EUR for 12 months.", "", "Starter is our smallest offer.")
    assert [hit.rule for hit in other.rule_hits] == ["values:number"]


def test_a_table_outranks_evidence_that_says_otherwise() -> None:
    verdict = ruled("Starter costs 29 EUR.", "", "Starter costs 29 EUR.")
    assert verdict.claims[0].verdict is ClaimVerdict.CONTRADICTED
    assert verdict.claims[0].evidence == ()


def test_subject_rules_are_silent_on_a_refusal() -> None:
    sample = Sample(id="s", response="I cannot say what Starter costs, maybe 29 EUR.")
    verdict = supported(sample.response).model_copy(update={"kind": ResponseKind.REFUSAL})
    rules = {hit.rule.split(":")[0] for hit in RULES.apply(sample, verdict).rule_hits}
    assert rules <= {"values"}


def test_a_hit_raises_the_risk_by_its_severity_and_is_told_once() -> None:
    rubric = Rubric.model_validate({"name": "r", "rules": {"tables": [TABLE]}})
    response = "Starter costs 29 EUR."
    sample = Sample(id="s", contexts=(response,), response=response)
    verdict = RuleSet(rubric.rules, "r").apply(sample, supported(response))
    scores, _, _ = score(sample, verdict, rubric)
    assert scores["hallucination_risk"] == 0.95
    assert scores["groundedness"] == 0.0
    told = comment(sample, verdict)
    assert told == f"contradicted: “{response}” – Starter, price: 29 EUR, but table plans says 19 EUR"


def test_the_comment_tells_the_gravest_hit_first_and_how_many_more() -> None:
    rules = Rules.model_validate(
        {
            "patterns": [{"id": "hype", "must_not_match": "best", "severity": "minor"}],
            "disclaimers": [
                {"id": "advice", "text": "This is no advice. " + "Really not. " * 80, "severity": "critical"}
            ],
        }
    )
    response = "It is the best."
    sample = Sample(id="s", contexts=(response,), response=response)
    told = comment(sample, RuleSet(rules, "r").apply(sample, supported(response)))
    assert told.startswith("advice: the required disclaimer “This is no advice. Really not.")
    assert told.endswith("(and 1 more). The one statement is supported.")
    assert len(told) <= 300


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"ranges": [{"id": "a", "near": "(", "kind": "money", "at_most": 1}]}, "rules.ranges.a.near"),
        ({"ranges": [{"id": "a", "about": "!!", "kind": "money", "at_most": 1}]}, "rules.ranges.a.about"),
        (
            {"ranges": [{"id": "a", "about": "x", "kind": "number", "unit": "parsec", "at_most": 1}]},
            "rules.ranges.a.unit",
        ),
        ({"disclaimers": [{"id": "a", "any_of": ["("]}]}, "rules.disclaimers.a.any_of"),
        ({"disclaimers": [{"id": "a", "text": "…"}]}, "rules.disclaimers.a"),
        ({"tables": [{"id": "a", "rows": [{"key": "k", "values": {"price": "cheap"}}]}]}, "row 'k', column price"),
        ({"tables": [{"id": "a", "rows": [{"key": "k", "values": {"price": "5 EUR or 6 EUR"}}]}]}, "column price"),
        ({"tables": [{"id": "a", "rows": [{"key": "-", "values": {"price": "5 EUR"}}]}]}, "rules.tables.a"),
        ({"tables": [{"id": "a", "rows": [{"key": "Ab"}, {"key": "AB!"}]}]}, "rules.tables.a"),
    ],
)
def test_rules_that_cannot_work_name_rule_and_key(rules: dict[str, Any], where: str) -> None:
    with pytest.raises(RubricError) as caught:
        RuleSet(Rules.model_validate(rules), "r.yaml")
    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


HOSTILE = st.lists(
    st.sampled_from(["Starter", "Pro Max", "basic plan", "price", "49 EUR", "5 EUR", "it", "It", ".", ",", "\n", "and"])
    | st.text(max_size=6)
    | st.sampled_from(["\u202e49 EUR", "4\u200b9 EUR", "Ｓtarter", "٤٩ EUR", "\ud800", "1" * 40 + " EUR", "EUR 1e999"]),
    max_size=40,
)


@given(HOSTILE, HOSTILE)
@settings(max_examples=examples(120))
def test_no_text_breaks_the_rules_or_betters_a_verdict(parts: list[str], asked: list[str]) -> None:
    response = " ".join(parts)
    before = supported(response)
    sample = Sample(id="s", question=" ".join(asked), contexts=("Starter 5 EUR",), response=response)
    after = RULES.apply(sample, before)
    assert [claim.span for claim in after.claims] == [claim.span for claim in before.claims]
    assert all(0 <= hit.span.start <= hit.span.end <= len(response) for hit in after.rule_hits)
    wrong = [hit for hit in after.rule_hits if hit.rule.startswith(("table:", "range:"))]
    for hit in wrong:
        inside = [c for c in after.claims if c.span.start <= hit.span.start < c.span.end]
        assert all(claim.verdict is ClaimVerdict.CONTRADICTED for claim in inside)


@pytest.mark.parametrize(
    "unit", ["basic plan price 49 EUR ", "basic plan. It is 49 EUR and ", "Starter Pro Max price 7 EUR, seats "]
)
def test_a_long_hostile_text_is_read_to_its_end(unit: str) -> None:
    response = unit * (60_000 // len(unit))
    hits = [hit for hit in ruled(response).rule_hits if hit.rule.startswith(("table:", "range:"))]
    assert len(hits) == MOST_HITS


def test_the_order_of_ranges_changes_no_verdict() -> None:
    response = "The basic plan costs 49 EUR; its notice period is 90 days at an interest rate of 9 %."
    sample = Sample(id="s", response=response, contexts=(response,))
    first = RuleSet(Rules.model_validate({"ranges": RANGES}), "r").apply(sample, supported(response))
    shuffled = random.Random(7).sample(RANGES, len(RANGES))
    again = RuleSet(Rules.model_validate({"ranges": shuffled}), "r").apply(sample, supported(response))
    assert {hit.rule for hit in first.rule_hits} == {"range:basic", "range:notice", "range:rate"}
    assert first.rule_hits == again.rule_hits
