"""Bare values, names and options count only where the evidence speaks of what was asked."""

from __future__ import annotations

import time

import pytest

from assay.judges.local.short.answers import judge_short
from assay.judges.local.short.verdicts import ShortVerdict
from assay.judges.schema import ClaimVerdict, Sample

_BRIDGE = (
    "The Harbour Bridge opened in 1932 and is 1,149 metres long. It has 8 lanes and two tracks. The toll is 4 dollars. "
    "Construction began in 1924."
)
_CLINIC = (
    "The clinic opens at 8 am on weekdays. On Saturdays it opens at 10 am. Appointments cost 40 euros. Dr. Weber "
    "founded the clinic in 1998 and Dr. Klein runs it today. It has 12 rooms on 3 floors."
)
_HOTEL = "The restaurant opens at 9 am and closes at 10 pm. The owner is Ann Lee. The head office is in Zurich."


def _judged(question: str, evidence: str, response: str) -> ShortVerdict | None:
    return judge_short(Sample(id="s", question=question, contexts=(evidence,), response=response))


@pytest.mark.parametrize(
    ("question", "evidence", "right", "wrong"),
    [
        ("How many tracks does it have?", _BRIDGE, "two", "8"),
        ("How many lanes does it have?", _BRIDGE, "8 lanes", "4 lanes"),
        ("How much is the toll?", _BRIDGE, "4", "8"),
        ("When did construction begin?", _BRIDGE, "1924", "1932"),
        ("When does the clinic open on Saturdays?", _CLINIC, "10 am", "8 am"),
        ("When does the clinic open on weekdays?", _CLINIC, "8 am", "10 am"),
        ("How many rooms does it have?", _CLINIC, "Twelve.", "Three."),
        ("How many floors does it have?", _CLINIC, "3", "12"),
        ("How many rooms does it have?", _CLINIC, "The answer is 12.", "The answer is 3."),
        ("How many rooms does it have?", _CLINIC, "\\boxed{12}", "\\boxed{15}"),
        ("How much does an appointment cost?", _CLINIC, "40 euros", "3"),
        ("Who founded the clinic?", _CLINIC, "Dr. Weber", "Dr. Klein"),
        ("Who runs the clinic today?", _CLINIC, "**Klein**", "**Dr. Weber**"),
        ("What time does the restaurant close?", _HOTEL, "10 pm", "9 am"),
        ("Where is the head office?", _HOTEL, "**Zurich** [1]", "**Ann Lee** [1]"),
        ("Where is the head office?", _HOTEL, "**Zurich**", "**Basel**"),
        ("When did the bridge open? A) 1924 B) 1932", _BRIDGE, "B", "A"),
        ("How many lanes are there? A: 4 B: 8", _BRIDGE, "The answer is B.", "The answer is A."),
        ("Who founded the clinic?\nA) Dr. Klein\nB) Dr. Weber\nC) Dr. Maier", _CLINIC, "B", "C"),
        ("Where is the head office?\n1. Basel\n2. Zurich", _HOTEL, "2", "1"),
        (
            "Which metal melts at 1064 degrees? A. Gold B. Iron",
            "Gold melts at 1064 degrees. Iron melts at 1538 degrees.",
            "A",
            "B",
        ),
        ("Which is NOT free? A) the sauna B) the gym", "The sauna is not free. The gym is free.", "A", "B"),
    ],
)
def test_an_answer_has_to_stand_where_the_question_asks(question: str, evidence: str, right: str, wrong: str) -> None:
    good, bad = _judged(question, evidence, right), _judged(question, evidence, wrong)
    assert good is not None
    assert bad is not None
    assert good.verdict is ClaimVerdict.SUPPORTED
    assert bad.verdict is not ClaimVerdict.SUPPORTED
    assert good.doubt < 0.5 < bad.doubt


def test_a_letter_of_a_formula_is_no_option() -> None:
    assert _judged("", "The area is 10² km and E = mc².", "A.") is None


@pytest.mark.parametrize(
    ("question", "piece", "response"),
    [
        ("Is the pool heated?", "pool and ", "Yes"),
        ("Is the pool heated?", "The pool is not heated at 8 am. ", "No"),
        ("How many pools?", "The pool has 9 pools, ", "9"),
        ("Who painted it?", "Ab Cd ", "Ab Cd"),
        ("A) x B) y " * 100_000, "x is here. ", "A"),
        ("1. x\n2. y\n" * 100_000, "x is here. ", "2"),
    ],
)
def test_hostile_evidence_and_questions_cost_little(question: str, piece: str, response: str) -> None:
    began = time.perf_counter()
    _judged(question, piece * (1_000_000 // len(piece)), response)
    assert time.perf_counter() - began < 10
