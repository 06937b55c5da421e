"""A mark that points to no passage is told, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.comments import comment
from assay.judges.metrics import hallucination_risk
from assay.judges.rubric import Rules
from assay.judges.rules import RuleSet
from assay.judges.rules.citations import MOST_HITS, invalid_citations
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, Sample, Severity, Span, Tier, Verdict
from tests.waiting import cpu_seconds_below

CONTEXTS = ("The bridge opened in 1932.", "It is red.", "It is long.")


def sample(response: str, contexts: tuple[str, ...] = CONTEXTS, question: str = "") -> Sample:
    return Sample(id="s", question=question, contexts=contexts, response=response)


def wrong(response: str, contexts: tuple[str, ...] = CONTEXTS, question: str = "") -> list[str]:
    given = sample(response, contexts, question)
    return [response[hit.span.start : hit.span.end] for hit in invalid_citations(given)]


@pytest.mark.parametrize(
    "mark", ["[7]", "[1, 7]", "[doc7]", "【7†source】", "(Source 7)", "[[7]]", "［7］", "[citation:7]"]
)
def test_a_mark_with_a_number_no_passage_has_is_a_hit(mark: str) -> None:
    assert wrong(f"The bridge opened in 1932 {mark}.") == [mark]


@pytest.mark.parametrize(
    "mark", ["[1]", "[0]", "[3]", "[1-3]", "[doc2]", "[^7]", "[1987]", "(7)", "[handbook.pdf, p. 7]", "[doc 2, p. 14]"]
)
def test_a_mark_that_may_be_right_is_none(mark: str) -> None:
    assert wrong(f"The bridge opened in 1932 {mark}.") == []


@pytest.mark.parametrize(
    "response",
    [
        "Use arr[9] here.",
        "Read `items[5]` first.",
        "```python\nprint(a[9])\n```",
        "It sets x = rows[9] and returns.",
        'It reads data["a"][9] then.',
        "The interval [5, 9] is closed.",
        "Ages [10-12] are allowed.",
        "It is the vector [4, 5, 6]",
        "The law (Article 17) says it.",
        "It is red (note 12).",
        "It is red (footnote 12).",
        "It is 500³ wide and 2⁹ long.",
        "According to source 9.1, it is red.",
    ],
)
def test_what_only_looks_like_a_mark_is_none(response: str) -> None:
    assert wrong(response) == []


@pytest.mark.parametrize(
    "place", ["section 33", "Seite 33", "S. 33", "chapter 33", "ch. 33", "para 33", "p. 33", "§33", "lines 30-33"]
)
def test_a_place_in_a_source_is_no_source(place: str) -> None:
    assert wrong(f"It is red [1, {place}].") == []
    assert wrong(f"It is red [9, {place}].") == [f"[9, {place}]"]


def test_a_piece_of_a_source_is_no_source() -> None:
    assert wrong("It is red [doc 1, chunk 33].") == []
    assert wrong("It is red [doc 1, doc 33].") == ["[doc 1, doc 33]"]


@pytest.mark.parametrize(
    ("response", "marks"),
    [
        ("According to passage 9, it is red.", ["According to passage 9"]),
        ("As stated in Document 9, it is red.", ["As stated in Document 9"]),
        ("Laut Dokument 9 ist sie rot.", ["Laut Dokument 9"]),
        ("It is red {{9}}.", ["{{9}}"]),
        ("It is red ^[9]^.", ["^[9]^"]),
        ("大桥是红色的（来源：文档7）。", ["（来源：文档7）"]),
        ("It opened in 1987⁹. Dogs are allowed⁹.", ["⁹", "⁹"]),
        ("It is red<sup>9</sup>.", ["<sup>9</sup>"]),
        ("The bridge[9] opened in 1932.", ["[9]"]),
        ("Dogs are allowed[9].", ["[9]"]),
        ("It is red `[9]`.", ["[9]"]),
        ('```json\n{"answer": "It is red [9]."}\n```', ["[9]"]),
        ("It is red [7, 8].", ["[7, 8]"]),
        ("It is red [1–3, 8].", ["[1–3, 8]"]),
        ("See [Article 1] and [Article 9].", ["[Article 9]"]),
        ("- [9] It is red.", ["[9]"]),
        ("It is red [1].\n\nSources:\n[1] a.pdf\n[9] b.pdf", ["[9]"]),
    ],
)
def test_a_source_may_be_pointed_to_in_many_ways(response: str, marks: list[str]) -> None:
    assert wrong(response) == marks


def test_the_answer_may_number_its_own_sources() -> None:
    entries = "".join(f"[{number}] Report {number}\n" for number in range(1, 5))
    assert wrong(f"It is red [4].\n\n{entries}") == []
    assert wrong("It is red [4].\n\n[4]: https://example.org") == []
    assert wrong(f"It is red [7].\n\n{entries}") == ["[7]"]


def test_a_long_text_of_marks_takes_no_long_time() -> None:
    contexts = ("word " * 20_000, "It is red.")
    with cpu_seconds_below(15):
        for unit in ("`a[9]` ", "arr[9] is ", "[9, 9] x ", "```python\n", "word⁹ ", "[1, section "):
            list(invalid_citations(sample(unit * (100_000 // len(unit)), contexts)))


@pytest.mark.parametrize(
    "context",
    [
        "[7] The bridge.",
        "Document 7: the bridge.",
        '[{"id": 7, "text": "The bridge."}]',
        "7. The bridge.",
        "Source #7\nThe bridge.",
    ],
)
def test_the_evidence_may_number_its_documents_itself(context: str) -> None:
    assert wrong("The bridge opened [7].", (context, "b")) == []


def test_one_context_may_hold_several_documents() -> None:
    assert wrong("It is red [2]. It is long [9].", ("One.\n\nTwo.\n\nThree.",)) == ["[9]"]
    assert wrong("It is red [2].", ('[{"text": "a"}, {"text": "b"}]',)) == []


def test_the_question_may_bring_a_number() -> None:
    assert wrong("The bridge is told of in [7].", question="What does document 7 say?") == []


def test_without_evidence_there_is_nothing_to_point_to() -> None:
    assert wrong("It is red [7].", ()) == []


def ruled(response: str, kind: ResponseKind = ResponseKind.ANSWER) -> Verdict:
    claim = Claim(
        text=response,
        span=Span(start=0, end=len(response)),
        verdict=ClaimVerdict.SUPPORTED,
        p_supported=0.9,
        evidence=(Evidence(context=0, start=0, end=26),),
        source="j",
    )
    claims = (claim,) if kind is ResponseKind.ANSWER else ()
    return RuleSet(Rules(), "r").apply(sample(response), Verdict(judge="j", tier=Tier.LLM, claims=claims, kind=kind))


def test_a_hit_changes_no_claim_and_no_risk_and_is_told() -> None:
    plain, marked = ruled("The bridge opened in 1932."), ruled("The bridge opened in 1932 [7].")
    assert [(hit.rule, hit.severity) for hit in marked.rule_hits] == [("citation:invalid", Severity.MINOR)]
    assert [claim.verdict for claim in marked.claims] == [ClaimVerdict.SUPPORTED]
    assert hallucination_risk(marked) == hallucination_risk(plain)
    told = comment(sample("The bridge opened in 1932 [7]."), marked)
    assert (
        told == "The one statement is supported. "
        "The citation mark with the number 7 points to no passage; there are 3 passages."
    )


def test_something_worse_is_told_instead() -> None:
    marked = ruled("The bridge opened in 1932 [7].")
    worse = marked.claims[0].model_copy(update={"verdict": ClaimVerdict.CONTRADICTED, "evidence": ()})
    told = comment(sample("The bridge opened in 1932 [7]."), marked.model_copy(update={"claims": (worse,)}))
    assert told.startswith("contradicted")
    assert "citation" not in told


def test_a_refusal_is_not_asked_for_its_marks() -> None:
    assert ruled("I cannot say [7].", ResponseKind.REFUSAL).rule_hits == ()


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 9))
def test_hits_are_the_marks_beyond_the_passages_and_at_most_20(numbers: list[int], passages: int) -> None:
    response = "".join(f"It is red [{number}]. " for number in numbers)
    beyond = [f"[{number}]" for number in numbers if number > passages]
    assert wrong(response, ("It is red.",) * passages) == beyond[:MOST_HITS]
