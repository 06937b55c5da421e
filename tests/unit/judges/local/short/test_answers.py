"""Short answers are judged with their question, right and wrong ones alike."""

from __future__ import annotations

import pytest

from assay.judges.local.short.answers import judge_short
from assay.judges.schema import ClaimVerdict, Sample, Turn

S, C, N = ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND


@pytest.mark.parametrize(
    ("question", "evidence", "right", "wrong"),
    [
        ("How many seats?", "The van has 9 seats.", "9", "8"),
        ("How many seats does it have?", "The van has 9 seats. It weighs 3 tons.", "9.", "3"),
        ("Percent?", "The rate is 7%.", "7%", "9 %"),
        ("When?", "The bridge opened in 1932.", "1932", "1987"),
        ("Price?", "It costs $29.", "$29", "$39"),
        ("Is the pool heated?", "The outdoor pool is heated all year.", "Yes.", "No."),
        ("Is it heated?", "The pool is not heated.", "No", "Yes"),
        ("Is it heated?", "The pool is heated all year.", "Yes, it is heated.", "No, it is not heated."),
        ("Is the museum open?", "The museum is closed.", "no", "yes"),
        (
            "True or false: the pump is less efficient than the fan.",
            "The pump is more efficient than the fan.",
            "false",
            "true",
        ),
        ("Which option?", "The correct option is B.", "B", "(C)"),
        ("What wire? A) the red wire B) the blue wire", "Cut the blue wire.", "B", "A"),
    ],
)
def test_right_and_wrong_short_answers_are_both_judged(question: str, evidence: str, right: str, wrong: str) -> None:
    good = judge_short(Sample(id="s", question=question, contexts=(evidence,), response=right))
    bad = judge_short(Sample(id="s", question=question, contexts=(evidence,), response=wrong))
    assert good is not None
    assert bad is not None
    assert good.verdict is S
    assert good.doubt < 0.5 < bad.doubt
    assert bad.verdict in (C, N)


def test_options_may_stand_in_the_history() -> None:
    turn = Turn(role="user", content="A. a red wire\nB. a blue wire")
    sample = Sample(id="s", question="Which?", history=(turn,), contexts=("Cut the blue wire.",), response="B")
    verdict = judge_short(sample)
    assert verdict is not None
    assert verdict.verdict is S


@pytest.mark.parametrize(
    ("question", "response"),
    [
        ("Who founded it?", "Yes."),
        ("", "Yes."),
        ("Is it open?", "Yes, and it sells shoes."),
        ("Do you like it?", "Yes, I do like it."),
        ("Who?", "Marta Kline"),
        ("Who?", "IDK"),
        ("How many?", "It has 9 seats and weighs 3 tons."),
    ],
)
def test_what_the_question_makes_no_statement_of_is_not_judged_so(question: str, response: str) -> None:
    assert judge_short(Sample(id="s", question=question, contexts=("The van has 9 seats.",), response=response)) is None


def test_yes_to_what_the_evidence_does_not_speak_of_is_not_found() -> None:
    sample = Sample(id="s", question="Is the pool heated?", contexts=("We sell shoes.",), response="Yes")
    verdict = judge_short(sample)
    assert verdict is not None
    assert verdict.verdict is N
