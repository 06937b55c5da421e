"""Answers in which a model server left the end of the reasoning: users read it, and the gate says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.golden.results.item_status import REASONING_SHOWN, shows_reasoning
from tests.unit.worker.golden.golden_sets import IDS, OK, a_set, answers, compared, exam_of, run_release

THOUGHT = "The user wants to know about the moon. Let me look at the passages.\n</think>\n"


@pytest.mark.parametrize(
    ("response", "shown"),
    [
        (THOUGHT + "The moon is rock.", True),
        ("Let me think.</think>The moon is rock.", True),
        ("Let me think.</THINKING> The moon is rock.", True),
        ("First the passages.\n</reasoning>\n\nThe moon is rock.", True),
        ("The moon is rock.", False),
        ("<think>Let me think.</think>The moon is rock.", False),
        ("</think>The moon is rock.", False),
        ("\n \n</think>\n\nThe moon is rock.", False),
        ("Close the block with `</think>` and write the answer after it.", False),
        ("The tag “</think>” ends the block.", False),
        ("Write <think>, then your thoughts, then </think>.", False),
        ("The article is in </b> bold.", False),
    ],
)
def test_a_lone_end_of_reasoning_is_told_from_text_about_it(response: str, *, shown: bool) -> None:
    assert shows_reasoning(response) is shown


def test_a_release_that_shows_its_reasoning_is_stopped_with_the_reason(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": dict.fromkeys(IDS, THOUGHT + OK)})
    run = run_release(golden, "new")
    assert {result.reasons for result in run.items} == {(REASONING_SHOWN,)}
    result = compared(run_release(golden, "old"), run, golden, exam_of(golden))
    assert result.verdict is GateVerdict.REGRESSED
    assert "40 of 40 answers have reasoning shown to the user" in result.reasons[1]


def test_a_few_such_answers_are_a_warning_and_none_where_the_baseline_has_them_too(tmp_path: Path) -> None:
    new = answers() | {"q3": THOUGHT + OK}
    golden = a_set(tmp_path, {"old": answers(), "new": new})
    before, after = run_release(golden, "old"), run_release(golden, "new")
    result = compared(before, after, golden, exam_of(golden))
    assert result.verdict is GateVerdict.PASS
    assert any("1 of 40 answers have reasoning shown to the user" in warning for warning in result.warnings)
    same = compared(after, after, golden, exam_of(golden))
    assert not any("reasoning" in text for text in (*same.warnings, *same.reasons))
