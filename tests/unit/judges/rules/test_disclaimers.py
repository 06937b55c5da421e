from __future__ import annotations

from typing import Any

import pytest

from assay.judges.rubric import Rules
from assay.judges.rules import PatternTimeout, RuleSet
from assay.judges.schema import ResponseKind, Sample, Tier, Verdict

TEXT = "This information does not replace the advice of a doctor; please consult one."
VERDICT = Verdict(judge="llm", tier=Tier.LLM)


def hits(response: str, question: str = "", **rule: Any) -> list[str]:
    given = {"id": "doctor", **({"text": TEXT} if "any_of" not in rule else {}), **rule}
    rules = RuleSet(Rules.model_validate({"disclaimers": [given]}), "r")
    return [hit.rule for hit in rules.apply(Sample(id="s", question=question, response=response), VERDICT).rule_hits]


@pytest.mark.parametrize(
    "response",
    [
        TEXT,
        f"Take two a day. {TEXT.upper()}",
        "Ja. This  information does\nnot replace the advice of a doctor, please consult one!",
        "This information cannot replace the advice of a doctor; please consult one.",
        "Ｔhis information does not replace the advice of a doctor – please consult one",
    ],
)
def test_a_disclaimer_is_found_however_it_is_set(response: str) -> None:
    assert hits(response, similarity=0.8) == []


@pytest.mark.parametrize(
    "response",
    [
        "Take two a day.",
        "",
        "This information does not replace anything.",
        "one consult please doctor a of advice the replace not does information This",
        "This information does replace the advice of any shaman; please consult nobody.",
    ],
)
def test_a_missing_or_twisted_disclaimer_is_a_hit(response: str) -> None:
    assert hits(response) == ["disclaimer:doctor"]


@pytest.mark.parametrize(
    ("question", "response", "required"),
    [
        ("What dose of ibuprofen?", "400 mg.", True),
        ("And my pain?", "The doses vary.", True),
        ("What is the weather?", "Sunny.", False),
        ("Is it POISON?", "No.", True),
    ],
)
def test_a_disclaimer_is_required_only_where_its_topic_comes_up(
    question: str, response: str, *, required: bool
) -> None:
    found = hits(response, question, when=["dose"], when_matches="(?i)poison")
    assert found == (["disclaimer:doctor"] if required else [])


def test_one_of_the_patterns_is_enough() -> None:
    assert hits("Ask your GP.", any_of=["doctor", r"\bGP\b"]) == []
    assert hits("Ask no one.", any_of=["doctor", r"\bGP\b"]) == ["disclaimer:doctor"]


def test_a_refusal_needs_no_disclaimer() -> None:
    rules = RuleSet(Rules.model_validate({"disclaimers": [{"id": "d", "text": TEXT}]}), "r")
    refusal = VERDICT.model_copy(update={"kind": ResponseKind.REFUSAL})
    assert rules.apply(Sample(id="s", response="I cannot help."), refusal).rule_hits == ()


def test_a_pattern_that_backtracks_is_stopped() -> None:
    with pytest.raises(PatternTimeout, match="disclaimer 'doctor'"):
        hits("a" * 5000 + "b", any_of=[r"(a|aa|a*)+$"])


def test_a_long_text_of_near_misses_is_read_to_its_end() -> None:
    assert hits("one consult please doctor advice replace information " * 20_000) == ["disclaimer:doctor"]
    assert hits("doctor information " * 20_000 + TEXT + " doctor" * 1000) == []
