"""What the local judge says of answers and evidence that are not both in English."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric
from assay.judges.schema import GroundingState, Sample, Scored

JUDGE = LocalJudge()
GERMAN = "Die Brücke wurde 1932 vom Ministerpräsidenten eröffnet und ist nicht für Lastwagen zugelassen."


def scored(response: str, evidence: str, question: str = "") -> Scored:
    sample = Sample(id="s", question=question, contexts=(evidence,), response=response)
    outcome = asyncio.run(Evaluator(Rubric(name="r"), JUDGE).evaluate(sample))
    assert isinstance(outcome, Scored)
    return outcome


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("Der Zauberer bewacht nachts das Tor der Burg und schläft nie.", GERMAN),
        ("拿破仑设计了这座桥。", "这座桥由州长开放，并由工程师建造。"),
        ("魔法使いは毎朝堀を修理します。", "橋は1932年に開通し、長さは1149メートルです。"),
        ("Customers may return unused goods to any of our shops.", GERMAN),
        (
            "Les clients peuvent rendre les articles dans les magasins.",
            "Customers may return unused goods to any shop.",
        ),
        ("เราจัดส่งฟรีทุกวัน", "การรับประกันสองปี"),
    ],
)
def test_what_cannot_be_compared_is_said_and_not_guessed(response: str, evidence: str) -> None:
    outcome = scored(response, evidence)
    assert outcome.state is GroundingState.LANGUAGE_UNSUPPORTED
    assert outcome.scores == {}


@pytest.mark.parametrize(
    ("response", "evidence", "supported"),
    [
        ("Die Brücke wurde 1932 vom Ministerpräsidenten eröffnet.", GERMAN, True),
        ("Die Brücke wurde 1987 vom Ministerpräsidenten eröffnet.", GERMAN, False),
        ("Gutscheine sind erstattbar.", "Gutscheine sind nicht erstattbar.", False),
        ("橋は1932年に開通しました。", "橋は1932年に開通し、長さは1149メートルです。", True),
        ("橋は1987年に開通しました。", "橋は1932年に開通し、長さは1149メートルです。", False),
        ("The bridge was opened in 1932 by the premier.", GERMAN, True),
        ("The bridge was opened in 1987 by the premier.", GERMAN, False),
    ],
)
def test_copies_values_and_negations_are_decided(response: str, evidence: str, supported: bool) -> None:
    assert (scored(response, evidence).scores["hallucination_risk"] < 0.5) is supported


def test_a_refusal_in_another_language_is_a_refusal() -> None:
    assert scored("Dazu liegen mir leider keine Informationen vor.", GERMAN).state is GroundingState.REFUSAL


def test_a_refusal_that_rests_on_what_the_evidence_does_tell_is_contradicted() -> None:
    evidence = "Acme was founded in 1987. It sells shoes."
    outcome = scored("The document does not state when Acme was founded.", evidence)
    assert outcome.scores["hallucination_risk"] >= 0.5
    assert "a passage does" in outcome.comment
    assert scored("The document does not state who founded Acme.", evidence).state is GroundingState.REFUSAL
    assert scored("The document does not state when Beta was founded.", evidence).state is GroundingState.REFUSAL


@pytest.mark.parametrize(
    "response",
    [
        "Although the documents do not mention a dose, adults should take 500 mg of Zeloprin twice a day.",
        "I'm sorry for the confusion earlier, the dose is 500 mg of Zeloprin twice a day.",
        "Admission is 99 dollars and dogs are welcome:",
        "Admission is 99 dollars and dogs are welcome?",
    ],
)
def test_an_invention_beside_a_refusal_or_before_a_mark_is_judged(response: str) -> None:
    outcome = scored(response, "The leaflet describes Zeloprin. The museum opens at nine.")
    assert outcome.scores["hallucination_risk"] >= 0.5
