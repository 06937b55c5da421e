"""That the evidence does not tell something is checked, and called wrong only where a passage surely tells it."""

from __future__ import annotations

import pytest

from assay.judges.local.checkworthy import checkworthy
from assay.judges.local.denials import MOST_DENIALS, denials
from assay.judges.local.features import read_response
from assay.judges.local.model import load_word_weights
from assay.judges.schema import Claim, ClaimVerdict, Sample, Span
from tests.waiting import cpu_seconds_below

ENGLISH = (
    "Acme Corp was founded in 1987 by Maria Lopez in Denver. It has 450 employees and sells industrial pumps. "
    "The headquarters moved to Austin in 2015. Its pumps cost 1,200 dollars each."
)
GERMAN = "Acme wurde 1987 von Maria Lopez in Denver gegründet. Die Firma hat 450 Mitarbeiter."
SPANISH = "Acme fue fundada en 1987 por Maria Lopez en Denver. Tiene 450 empleados."

FALSE_DENIALS = """
The context does not mention Austin.
The documents do not mention employees.
The documents do not say when the headquarters moved to Austin.
The documents do not say who founded Acme.
The number of employees is not mentioned in the documents.
The documents do not mention that the headquarters moved to Austin.
The documents do not mention how many employees Acme Corp has.
The documents don't mention the cost of the pumps.
There is no mention of Maria Lopez in the provided documents.
None of the documents mention Denver.
Based on the provided context, Maria Lopez is not mentioned in the documents.
Les documents ne mentionnent pas Maria Lopez.
Los documentos no mencionan a Maria Lopez.
I documenti non menzionano Maria Lopez.
Os documentos não mencionam Maria Lopez.
De documenten vermelden Maria Lopez niet.
Die Dokumente erwähnen Maria Lopez nicht.
Maria Lopez wird in den Dokumenten nicht erwähnt.
The documents do not mention when Acme was founded.
The documents do not mention the founding year of Acme Corp.
The price of the pumps is not mentioned in the documents.
The documents do not mention that Acme has 450 employees.
The documents do not say how much the pumps cost.
""".strip().splitlines()

TRUE_DENIALS = """
The documents do not mention when Denver was founded.
The documents do not say who founded Denver.
The documents do not say how many pumps Acme has.
The documents do not mention the price of the headquarters.
The documents do not mention Lopez Industries.
The documents do not mention pumps for homes.
The documents do not mention that Maria Lopez sells pumps.
The documents do not mention that Acme has 450 pumps.
The documents do not mention that the headquarters moved to Denver.
The documents do not mention that Acme may have 450 employees.
The documents do not mention all employees.
The documents do not mention any other pumps.
The documents do not mention the cost of repairing the pumps.
The documents do not say when Acme sold pumps.
The documents do not state how many employees Acme had in 2015.
The documents do not mention the employees.
Berlin is not mentioned in the documents.
The salary is not specified.
There is no information about the pumps' weight in the documents.
I couldn't find any information about the founder's age.
The documents do not say who sells industrial pumps to Acme.
The documents do not state when Maria Lopez moved to Austin.
The name of the CEO is not mentioned in the documents.
The text does not mention the year of the merger.
""".strip().splitlines()


def stated(evidence: str, sentence: str) -> bool:
    span = Span(start=0, end=len(sentence))
    return bool(denials(Sample(id="", contexts=(evidence,), response=sentence), [(span, sentence)]))


@pytest.mark.parametrize("sentence", FALSE_DENIALS)
def test_what_a_passage_states_cannot_be_said_to_be_missing(sentence: str) -> None:
    assert stated(ENGLISH, sentence)


@pytest.mark.parametrize("sentence", TRUE_DENIALS)
def test_what_no_passage_states_may_be_said_to_be_missing(sentence: str) -> None:
    assert not stated(ENGLISH, sentence)


@pytest.mark.parametrize(
    ("evidence", "sentence", "wrong"),
    [
        (GERMAN, "Die Dokumente erwähnen nicht, wann Acme gegründet wurde.", True),
        (GERMAN, "Die Dokumente nennen nicht, wie viele Mitarbeiter die Firma hat.", True),
        (GERMAN, "Die Dokumente erwähnen nicht, wann Denver gegründet wurde.", False),
        (GERMAN, "Die Dokumente erwähnen das Gehalt nicht.", False),
        (SPANISH, "Los documentos no mencionan cuándo fue fundada Acme.", True),
        (SPANISH, "Los documentos no mencionan cuándo fue fundada Denver.", False),
        ("公司由王芳于1987年创立。", "文件没有提到王芳。", True),
        ("公司由王芳于1987年创立。", "文件没有提到李雷。", False),
    ],
)
def test_denials_in_other_languages(evidence: str, sentence: str, *, wrong: bool) -> None:
    assert stated(evidence, sentence) is wrong


def of_response(response: str, evidence: str = ENGLISH) -> list[Claim]:
    sample = Sample(id="", contexts=(evidence,), response=response)
    view = read_response(sample, load_word_weights())
    return denials(sample, ((sentence.span, sentence.text) for sentence in view.sentences))


def test_a_denial_beside_an_answer_is_a_contradicted_claim() -> None:
    (claim,) = of_response("Acme was founded in 1987. The documents do not mention Maria Lopez.")
    assert claim.verdict is ClaimVerdict.CONTRADICTED
    assert claim.text == "The documents do not mention Maria Lopez."
    assert of_response("Acme was founded in 1987. The documents do not mention its revenue.") == []


def test_many_denials_over_long_evidence_take_no_long_time() -> None:
    denial = "The documents do not mention how many foo bars exist. "
    with cpu_seconds_below(20):
        assert of_response(denial * 500, "Acme Corp has 450 employees in foo and bar. " * 5000) == []
    assert len(of_response("The documents do not mention Maria Lopez. " * (MOST_DENIALS + 5))) == MOST_DENIALS


@pytest.mark.parametrize(
    ("response", "answers"),
    [
        ("None of the passages mention the salary. Please consult the HR department.", False),
        ("I do not have access to real-time data. You may want to check the website.", False),
        ("Acme was founded in 1987. Please consult the HR department.", True),
        ("Please contact Siemens for refunds.", True),
        ("I don't know. Please call 555-1234.", True),
    ],
)
def test_a_pointer_is_checked_unless_all_else_declines(response: str, *, answers: bool) -> None:
    view = read_response(Sample(id="", contexts=(ENGLISH,), response=response), load_word_weights())
    assert bool(checkworthy(view.sentences)) is answers


@pytest.mark.parametrize(
    ("evidence", "sentence", "is_false"),
    [
        ("The toll is 4 dollars.", "The documents do not mention the toll.", True),
        ("Opened in 1932. The monthly toll is now 12 euros.", "The context does not specify the monthly toll.", True),
        ("The toll is charged at the gate.", "The documents do not mention the toll.", False),
        ("The toll road is 4 km long.", "The documents do not mention the toll.", False),
        ("The toll is not 4 dollars.", "The documents do not mention the toll.", False),
        ("The toll is 4 dollars.", "The documents do not mention the toll booth.", False),
    ],
)
def test_a_thing_whose_value_a_passage_tells_is_told(evidence: str, sentence: str, is_false: bool) -> None:
    assert stated(evidence, sentence) is is_false
