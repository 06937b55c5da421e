"""What extraction refused as an answer is never proposed as one; what it only does not know may be."""

from __future__ import annotations

from typing import Any

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.answers import answer_of
from assay.worker.extraction.extract import extract
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import propose
from assay.worker.setup.proposals.refusals import UNKNOWN_FORMS, is_refused
from tests.unit.worker.setup.foreign_shapes import ROWS, Row, trace_of
from tests.unit.worker.setup.refused_shapes import ANSWERS, CALLS, FAILURES, JUDGEMENTS, Output, around

SENTENCE = "The ticket asks about a toaster."
NO_ANSWERS = {**JUDGEMENTS, **{f"call_{n}": o for n, o in CALLS.items()}, **{f"no_{n}": o for n, o in FAILURES.items()}}


def traces_with(output: Output, *, has_call: bool = True, is_wrapped: bool = False) -> list[Trace]:
    def shape(row: Row, n: int) -> dict[str, Any]:
        return around(output(row), row, has_call=has_call, is_wrapped=is_wrapped)

    return [trace_of(shape, row, number)[0] for number, row in enumerate(ROWS)]


@pytest.mark.parametrize(("has_call", "is_wrapped"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_not_proposed_as_one(name: str, has_call: bool, is_wrapped: bool) -> None:
    traces = traces_with(NO_ANSWERS[name], has_call=has_call, is_wrapped=is_wrapped)
    assert [line.selector for line in propose(traces, SamplePaths()).proposals if line.part == "response"] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_under_an_unknown_key_is_proposed_where_the_model_wrote_it(name: str) -> None:
    traces = traces_with(ANSWERS[name])
    if extract(traces[0], SamplePaths()).response is not None:
        return  # the default chains have learned it
    (line,) = [line for line in propose(traces, SamplePaths()).proposals if line.part == "response"]
    assert (line.before, line.after) == (0, len(ROWS))
    paths = SamplePaths(response=line.chain)
    found = [extract(trace, paths).response for trace in traces]
    assert [part.text for part in found if part] == [row.answer for row in ROWS]


def test_most_unknown_keys_are_not_known_by_default() -> None:
    unknown = [name for name, output in ANSWERS.items() if not extract(traces_with(output)[0], SamplePaths()).response]
    assert len(unknown) >= 6, "the default chains learned these forms: make others"


@pytest.mark.parametrize(
    "value",
    [
        {"label": "guarantee", "explanation": SENTENCE},
        {"tool": "mail", "args": {"body": SENTENCE}},
        {"error": {"message": SENTENCE}},
        "Traceback (most recent call last):\n  File 'a.py', line 3",
        '{"label": "guarantee", "explanation": "It asks about a toaster."}',
    ],
)
def test_a_decision_a_call_and_an_error_are_refused(value: Any) -> None:
    assert is_refused(value)


@pytest.mark.parametrize(
    "value",
    [
        {"zq": SENTENCE, "yx": 3},
        {"card": {"headline": SENTENCE, "paragraph": SENTENCE}},
        {"data": {"label": "guarantee", "score": 0.9}, "zq": SENTENCE},
        {"answer": None, "zq": SENTENCE},
        [{"zq": SENTENCE}, {"yx": SENTENCE}],
        SENTENCE,
        {},
    ],
)
def test_an_unknown_form_and_what_lies_beside_a_decision_are_not_refused(value: Any) -> None:
    assert not is_refused(value)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"zq": SENTENCE, "yx": SENTENCE}, "JSON without a known answer key"),
        ({"answer": None, "zq": SENTENCE}, "nothing in the place of the answer"),
        ([{"zq": SENTENCE, "a": 1}, {"yx": SENTENCE, "b": 2}], "a list of JSON objects"),
        ([{"role": "system", "content": SENTENCE}], "messages without"),
        ("", "empty"),
    ],
)
def test_extraction_says_of_unknown_forms_what_is_listed(value: Any, form: str) -> None:
    assert form in UNKNOWN_FORMS
    assert form in answer_of(value).reason


def test_a_line_that_would_take_one_refused_text_is_not_proposed_and_the_place_is_told_without_it() -> None:
    good = [
        trace.model_copy(update={"root": trace.root.model_copy(update={"trace_id": f"{n}-{trace.id}"})})
        for n in range(5)
        for trace in traces_with(ANSWERS["status"])
    ]
    grader = traces_with(JUDGEMENTS["unknown_key"], has_call=False)[0]
    grader = grader.model_copy(update={"root": grader.root.model_copy(update={"trace_id": "grader"})})
    assert [line.selector for line in propose(good, SamplePaths()).proposals] == ["root.output.zq"]
    search = propose([*good, grader], SamplePaths())
    assert [line.selector for line in search.proposals] == []
    (place,) = [place for place in search.plausible if place.part == "response"]
    assert (place.selector, set(place.excerpts)) == ("root.output.zq", {trace.id for trace in good})


@pytest.mark.parametrize("is_call", [True, False])
def test_a_call_that_the_last_model_made_is_not_proposed_and_a_reply_of_its_own_form_is(is_call: bool) -> None:
    def shape(row: Row, n: int) -> dict[str, Any]:
        call = {"tool": "mail", "args": {"reply": f"Please check the order number {n} today."}}
        output = call if is_call else {"res": {"reply_md": row.answer, "part": n}}
        return {
            "input": row.question,
            "output": None,
            "steps": [{"type": "generation", "name": "llm", "output": output}],
        }

    traces = [trace_of(shape, row, number)[0] for number, row in enumerate(ROWS)]
    lines = [line.selector for line in propose(traces, SamplePaths()).proposals if line.part == "response"]
    assert lines == ([] if is_call else ["generation[name=llm].output.res.reply_md"])
