from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rules.findings import DOUBTED_SUPPORT
from assay.judges.rules.roles import check_roles
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Sample, Span, Tier, Verdict


def checked(response: str, *contexts: str, verdict: ClaimVerdict = ClaimVerdict.SUPPORTED) -> Claim:
    span = Span(start=0, end=len(response))
    claim = Claim(text=response, span=span, verdict=verdict, p_supported=0.9, source="llm")
    sample = Sample(id="s", question="", contexts=contexts, response=response)
    return check_roles(sample, Progress(Verdict(judge="llm", tier=Tier.LLM, claims=(claim,)))).verdict.claims[0]


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("Bob reports to Alice.", "Alice reports to Bob."),
        ("Beta acquired Acme in 2019.", "In 2019 Acme acquired Beta. In 2019 nothing else happened."),
        ("Acme was acquired by Beta.", "Acme acquired Beta."),
        ("Acme acquired Beta.", "Acme was acquired by Beta."),
        ("Lyon is north of Paris.", "Paris is north of Lyon."),
        ("The man bit the dog.", "The dog bit the man."),
        ("Oil is heavier than water.", "Water is heavier than oil."),
        ("Trains run from Lyon to Paris.", "Trains run from Paris to Lyon."),
        ("Mary Smith hired John Smith.", "In 2001 John Smith hired Mary Smith in Boston."),
        ("Children over 5 travel free.", "Children under 5 travel free; children over 5 pay half."),
        ("Humidity is 55% today.", "Humidity was 55% yesterday. Humidity is 62% today."),
        ("He scored 5 goals in June.", "He scored 5 goals in March. He scored 7 goals in June."),
        ("Pro costs $9.", "Basic costs $9 and Pro costs $29."),
        ("Vega Inc sued Orion Ltd.", "The plaintiff, Orion Ltd, sued Vega Inc."),
        ("The path leads from the church to the mill.", "The path leads from the mill to the church."),
    ],
)
def test_exchanged_roles_contradict(response: str, evidence: str) -> None:
    claim = checked(response, evidence)
    assert claim.verdict is ClaimVerdict.CONTRADICTED
    assert claim.source == "rule:roles"
    assert claim.reason


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("Alice reports to Bob.", "Alice reports to Bob."),
        ("Beta was acquired by Acme.", "Acme acquired Beta."),
        ("Bob met Ann.", "Ann met Bob."),
        ("Carl, Bob and Ann won the cup.", "Ann, Bob and Carl won the cup."),
        ("The capital of France is Paris.", "Paris is the capital of France."),
        ("Trains run to Lyon from Paris.", "Trains run from Paris to Lyon."),
        ("Spain borders France.", "France borders Spain."),
        ("After it rained, Bob called Ann.", "Bob called Ann after it rained."),
        ("Bob likes Ann.", "Bob likes Ann and Ann likes Bob."),
        ("Children under 5 travel free.", "Children under 5 travel free; children over 5 pay half."),
        ("Pro costs $29.", "Basic costs $9 and Pro costs $29."),
        ("In the south, coffee is preferred to tea.", "Tea is preferred to coffee here, coffee to tea in the south."),
        ("Vega Inc sued Orion Ltd.", "Acme, the parent of Orion Ltd, sued Vega Inc."),
        ("The path leads to the mill from the church.", "The path leads from the church to the mill."),
    ],
)
def test_what_says_the_same_stays_supported(response: str, evidence: str) -> None:
    assert checked(response, evidence).verdict is ClaimVerdict.SUPPORTED


def test_an_attribute_of_another_subject_is_doubt() -> None:
    claim = checked("The dog is red.", "The cat is red and the dog is blue.")
    assert claim.verdict is ClaimVerdict.NOT_FOUND
    assert claim.p_supported == DOUBTED_SUPPORT
    assert claim.reason == "'red' is said of 'cat', not of 'dog'"


def test_nothing_is_proven_where_another_passage_says_the_same() -> None:
    assert checked("Bob reports to Alice.", "Alice reports to Bob.", "Bob reports to Alice.").verdict is (
        ClaimVerdict.SUPPORTED
    )


def test_what_the_judge_called_not_found_stays() -> None:
    claim = checked("Bob reports to Alice.", "Alice reports to Bob.", verdict=ClaimVerdict.NOT_FOUND)
    assert claim.verdict is ClaimVerdict.NOT_FOUND
    assert claim.source == "llm"


NAMES = st.sampled_from(["Alice", "Bob", "Carla", "Dmitri", "Edith Moss"])
VERBS = st.sampled_from(["reports to", "hired", "is older than", "sued", "was promoted by", "lent money to"])


@given(first=NAMES, second=NAMES, verb=VERBS, tail=st.sampled_from(["", " in May", " at noon, as planned"]))
def test_a_sentence_and_its_swap_never_get_the_same_verdict(first: str, second: str, verb: str, tail: str) -> None:
    if first == second:
        return
    told, swapped = f"{first} {verb} {second}{tail}.", f"{second} {verb} {first}{tail}."
    assert checked(told, told).verdict is ClaimVerdict.SUPPORTED
    assert checked(swapped, told).verdict is ClaimVerdict.CONTRADICTED


@given(st.lists(st.sampled_from(["Alice", "Bob", "hired", "to", "and", ",", ";", "is", "by", "5", "the"]), max_size=30))
def test_a_text_never_contradicts_itself(parts: list[str]) -> None:
    text = " ".join(["Alice", *parts])
    assert checked(text, text).verdict is ClaimVerdict.SUPPORTED
