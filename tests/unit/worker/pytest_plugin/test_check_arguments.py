"""What a test may hand to `assay.check`: in a real pytest process, everything that is taken and everything refused."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CHECKS = """
    import math
    import pytest

    FOUND, RIGHT = "The bridge was opened in 1932 by the Premier.", "It was opened in 1932 by the Premier."

    async def slow():
        return RIGHT

    TAKEN = {
        "one passage": {"contexts": FOUND},
        "passages drawn one by one": {"contexts": (text for text in [FOUND])},
        "passages with a score": {"contexts": [{"text": FOUND, "score": math.nan}]},
        "half of an emoji": {"response": RIGHT + chr(0xD83D)},
        "turns": {"history": [("user", "Hello"), {"role": "assistant", "content": "Hello!"}]},
        "limits of both sides": {"at_most": {"faithfulness": 1}, "at_least": {"faithfulness": 0.5}},
        "no limits": {"at_most": {}, "at_least": None},
        "latency": {"latency_s": 0},
    }
    REFUSED = {
        "none": {"response": None},
        "number": {"response": 42},
        "coroutine": {"response": slow()},
        "mapping": {"contexts": {"text": FOUND}},
        "no passage": {"contexts": [FOUND, None]},
        "no turns": {"history": "Hello"},
        "judge": {"judge": "locla"},
        "rubric": {"rubric": 3},
        "limit above 1": {"at_most": {"hallucination_risk": 5}},
        "limit nan": {"at_least": {"faithfulness": math.nan}},
        "limit alone": {"at_most": 0.3},
        "latency": {"latency_s": -1},
    }

    @pytest.mark.parametrize("name", TAKEN)
    def test_taken(assay, name):
        outcome = assay.check(**{"question": "When?", "contexts": [FOUND], "response": RIGHT, **TAKEN[name]})
        assert outcome.scores["hallucination_risk"] < 0.3

    @pytest.mark.parametrize("name", REFUSED)
    def test_refused(assay, name):
        assay.check(**{"question": "When?", "contexts": [FOUND], "response": RIGHT, **REFUSED[name]})

    def test_both_sides_hold(assay):
        limits = {"at_most": {"faithfulness": 0.5}, "at_least": {"faithfulness": 0.1}}
        assay.check(question="When?", contexts=[FOUND], response=RIGHT, **limits)

    def test_no_item(assay):
        assay.check("When?", response=RIGHT)

    @pytest.mark.assay_set("mtrag-v1")
    def test_item(item, assay):
        assay.check(item, response=RIGHT, question=item.question, at_most={"hallucination_risk": 1})
"""
LINES = (
    "check: response: is None; give the answer as text",
    "check: response: is of type int; give the answer as text",
    "check: response: was not awaited; write `await` before the call that gives it",
    "check: contexts: is of type dict; give a list of passages",
    "check: contexts.1: must be a string, not null",
    "check: history: is of type str; give a list of turns",
    "check: judge: 'locla' is unknown; did you mean 'local'?",
    "check: rubric: is of type int; give its name",
    "check: at_most: hallucination_risk: is 5; give a number from 0 to 1",
    "check: at_least: faithfulness: is nan; give a number from 0 to 1",
    "check: at_most: is of type float; give scores and their limits, as at_most={'hallucination_risk': 0.3}",
    "check: latency_s: is -1; give seconds, 0 or more",
    "faithfulness 1.00, must be at most 0.5: The one statement is supported.",
    "check: is given of type str in the place of an item of a golden set; without a set give question=",
    "check: at_most: the item of a golden set and its manifest.yaml decide; leave it out",
)


def test_arguments_are_taken_as_judge_takes_them_or_refused_in_a_line(pytester: pytest.Pytester) -> None:
    """A string of evidence was cut into letters, one of two limits was dropped, and a None was 40 lines of our inside.

    With an item, limits and questions of the test's own were dropped as well.
    """
    pytester.makepyfile(CHECKS)
    ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", timeout=240)
    text = ran.stdout.str()
    counts = ran.parseoutcomes()
    assert counts["passed"] == 8
    for line in LINES:
        assert line in text
    assert "pydantic" not in text
    assert "Traceback" not in text
    assert "never awaited" not in text
    assert ran.ret == 1
