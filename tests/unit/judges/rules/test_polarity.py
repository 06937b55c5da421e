"""Statements turned around: what proves a claim wrong, and what only looks as if it did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rules.polarity import check_polarity
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Sample, Span, Tier, Verdict


def checked(response: str, *contexts: str) -> Claim:
    span = Span(start=0, end=len(response))
    claim = Claim(text=response, span=span, verdict=ClaimVerdict.SUPPORTED, p_supported=0.9, source="llm")
    sample = Sample(id="s", question="", contexts=contexts, response=response)
    return check_polarity(sample, Progress(Verdict(judge="llm", tier=Tier.LLM, claims=(claim,)))).verdict.claims[0]


NOT_THIS_BUT_THAT = [
    (
        "Do not store cheese in the freezer; keep it in the fridge.",
        "Keep cheese in the fridge.",
        "Store cheese in the freezer.",
    ),
    ("The bus does not stop at the station, it stops at the market.", "The bus stops at the market.", None),
    (
        "The drug is not approved for children, but for adults.",
        "The drug is approved for adults.",
        "The drug is approved for children.",
    ),
    (
        "The course is not taught in English but in French.",
        "The course is taught in French.",
        "The course is taught in English.",
    ),
    (
        "Do not take the tablets after meals; take them before meals.",
        "Take the tablets before meals.",
        "Take the tablets after meals.",
    ),
    (
        "The shop does not accept cheques, only cash and cards.",
        "The shop accepts cash and cards.",
        "The shop accepts cheques.",
    ),
    ("The cable is not included; the charger is included.", "The charger is included.", "The cable is included."),
    ("The machine accepts nothing but coins.", "The machine accepts coins.", None),
    ("She is not a lawyer; she is a judge.", "She is a judge.", "She is a lawyer."),
    (
        "The firm was founded neither in Bonn nor in Kiel.",
        "The firm was not founded in Kiel.",
        "The firm was founded in Bonn.",
    ),
    (
        "The ferry does not run on Sundays or public holidays.",
        "The ferry does not run on Sundays.",
        "The ferry runs on public holidays.",
    ),
    ("Der Zug hält nicht in Celle, aber in Uelzen.", "Der Zug hält in Uelzen.", "Der Zug hält in Celle."),
    ("Le stationnement n'est pas gratuit.", "Le stationnement n'est pas gratuit.", "Le stationnement est gratuit."),
    ("Børn kommer ikke gratis ind.", "Børn kommer ikke gratis ind.", "Børn kommer gratis ind."),
]

CONVERSES = [
    ("Rome lies south of Milan.", "Milan lies north of Rome.", "Rome lies north of Milan."),
    ("The train is cheaper than the plane.", "The plane is more expensive than the train.", None),
    ("Kenya exports tea to Egypt.", "Egypt imports tea from Kenya.", "Kenya imports tea from Egypt."),
    ("Ben sold the car to Ida.", "Ida bought the car from Ben.", "Ben bought the car from Ida."),
    ("Norbank lent money to Havn.", "Havn borrowed money from Norbank.", "Norbank borrowed money from Havn."),
    ("Liverpool lost the final to Arsenal.", "Arsenal won the final against Liverpool.", None),
    ("Brazil beat Serbia 2-0 on Thursday.", "Serbia lost to Brazil.", "Brazil lost to Serbia."),
    ("Nora West is the wife of Carl West.", "Carl West is the husband of Nora West.", None),
    ("The kitchen closes at 10 pm.", "The kitchen is open until 10 pm.", "The kitchen opens at 10 pm."),
    ("She was given a prize by the town.", "She received a prize from the town.", None),
    ("In winter, the hotel pool is closed.", "The hotel pool is open.", "In winter the hotel pool is open."),
    ("Net profit fell to $310m.", "Net profit fell to $310m.", "Net profit rose to $310m."),
]

LIMITS = [
    ("The engine will not start unless the door is closed.", "The engine starts only if the door is closed.", None),
    (
        "Without a ticket, entry is not permitted.",
        "With a ticket, entry is permitted.",
        "Entry is permitted without a ticket.",
    ),
    (
        "No visa is needed for short stays.",
        "For short stays you do not need a visa.",
        "A visa is needed for short stays.",
    ),
    ("Nobody was hurt in the fire.", "The fire hurt nobody.", None),
    ("The shop does not open until 10 am.", "The shop opens at 10 am.", "The shop opens until 10 am."),
    ("Not all rooms have a balcony.", "Some rooms have a balcony.", "All rooms have a balcony."),
    ("Some shops are not open on Sundays.", "Some shops are open on Sundays.", None),
    ("You do not have to book a table.", "You can book a table.", "You have to book a table."),
    ("If it rains, the match will not take place.", "The match will take place.", None),
    ("He no longer works at Acme.", "He worked at Acme.", "He works at Acme."),
    ("The hotel does not allow pets in the restaurant.", "The hotel allows pets.", None),
    (
        "The committee failed to reach an agreement, but approved the plan.",
        "The committee did not reach an agreement.",
        "The committee reached an agreement.",
    ),
    (
        "No more than four guests may stay in the cabin.",
        "Up to four guests may stay in the cabin.",
        "More than four guests may stay in the cabin.",
    ),
    ("Only members can vote.", "Non-members cannot vote.", "Non-members can vote."),
    ("All members may vote.", "Some members may vote.", "Not all members may vote."),
    ("Is the shop not open on Sundays?", "The shop is open on Sundays.", None),
    ("Few students passed the exam.", "Not many students passed the exam.", None),
    ("She did not win the prize.", "She did not win the prize.", "She won the prize."),
]

CLAUSES = [
    ("Prices rose in May and fell in June.", "Prices fell in June.", "Prices rose in June."),
    ("The heating is off in summer and on in winter.", "The heating is on in winter.", "The heating is off in winter."),
    ("Imports rose while exports fell.", "Exports fell.", "Exports rose."),
    ("The gate opens at 6 am and closes at 9 pm.", "The gate closes at 9 pm.", "The gate opens at 9 pm."),
    (
        "The bank is closed on Saturday and Sunday and opens on Monday.",
        "The bank is closed on Sunday.",
        "The bank is open on Sunday.",
    ),
    ("The store sells wine but does not sell beer.", "The store sells wine.", "The store sells beer."),
    ("Rent is due on the first of March and the first of June.", "Rent is due on the first of June.", None),
    ("The north wing has 40 beds and the south wing has 40 beds too.", "The south wing has 40 beds.", None),
]

CASES = NOT_THIS_BUT_THAT + CONVERSES + LIMITS + CLAUSES


@pytest.mark.parametrize(("evidence", "right"), [(evidence, right) for evidence, right, _ in CASES])
def test_what_may_be_so_stays_supported(evidence: str, right: str) -> None:
    assert checked(right, evidence).verdict is ClaimVerdict.SUPPORTED


@pytest.mark.parametrize(("evidence", "wrong"), [(evidence, wrong) for evidence, _, wrong in CASES if wrong])
def test_what_the_evidence_turns_around_is_contradicted(evidence: str, wrong: str) -> None:
    claim = checked(wrong, evidence)
    assert claim.verdict is ClaimVerdict.CONTRADICTED
    assert claim.source == "rule:polarity"
    assert claim.reason


@pytest.mark.parametrize("answer", ["No, the pool is open in May.", "No Danish citizen needs a visa."])
def test_a_no_that_may_answer_a_question_denies_nothing(answer: str) -> None:
    assert checked(answer, "The pool is open in May.", "A Danish citizen needs a visa.").verdict is (
        ClaimVerdict.SUPPORTED
    )


def test_nothing_is_proven_where_another_passage_says_the_same() -> None:
    denied, stated = "The shop is not open on Sundays.", "The shop is open on Sundays."
    assert checked(stated, denied).verdict is ClaimVerdict.CONTRADICTED
    assert checked(stated, denied, stated).verdict is ClaimVerdict.SUPPORTED


WORDS = [
    *("the shop", "is", "open", "closed", "not", "no", "without", "and", "but", "if", "only", "in May", "rose", "fell"),
    *(",", ";", "nor", "n't", "No", "failed to", "more than"),
]


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=30))
def test_a_text_never_contradicts_itself(parts: list[str]) -> None:
    text = " ".join(parts) + "."
    assert checked(text, text).verdict is ClaimVerdict.SUPPORTED


PARTLY_DENIED = [
    ("Dogs are allowed on the path, but not in the tunnel.", "Dogs are not allowed on the path.", True),
    ("Dogs are allowed on the path, but not in the tunnel.", "Dogs are not allowed in the tunnel.", False),
    ("The plan includes roaming but no free calls.", "The plan does not include roaming.", True),
    ("The deposit is refundable, the fee is not.", "The deposit is not refundable.", True),
    ("The fee is refundable, but not the deposit.", "The deposit is not refundable.", False),
    ("If it rains, dogs are allowed on the path.", "Dogs are not allowed on the path.", False),
    ("Smoking is allowed outside, but it is not allowed inside.", "Smoking is not allowed inside.", False),
]


@pytest.mark.parametrize(("evidence", "response", "is_wrong"), PARTLY_DENIED)
def test_a_claim_that_denies_the_affirmed_clause_is_contradicted(evidence: str, response: str, is_wrong: bool) -> None:
    wanted = ClaimVerdict.CONTRADICTED if is_wrong else ClaimVerdict.SUPPORTED
    assert checked(response, evidence).verdict is wanted
