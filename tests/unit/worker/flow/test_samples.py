"""From trace to sample: the common shapes, and nothing invented where a part is missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import UnjudgeableSample
from assay.judges.rubric import SamplePaths
from assay.worker.extraction.samples import build_sample
from assay.worker.records.traces import Observation
from tests.builders import NOW, make_trace

PATHS = SamplePaths()


def retrieved(output: Any) -> tuple[str, ...]:
    step = Observation(id="o", type="RETRIEVER", start=NOW, output=output)
    return build_sample(make_trace(observations=(step,)), PATHS).contexts


@pytest.mark.parametrize(
    "output",
    [
        "a",
        ["a"],
        [{"text": "a", "score": 0.3}],
        [{"page_content": "a", "metadata": {"x": 1}}],
        {"documents": [{"content": "a"}]},
        {"results": ["a", "a", " "]},
    ],
)
def test_contexts_are_found_in_the_common_retriever_shapes(output: Any) -> None:
    assert retrieved(output) == ("a",)


def test_question_and_answer_are_found_in_chat_messages() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "first?"},
        {"role": "assistant", "content": "one"},
        {"role": "user", "content": [{"type": "text", "text": "second?"}]},
    ]
    sample = build_sample(
        make_trace(input={"messages": messages}, output={"role": "assistant", "content": "two"}), PATHS
    )
    assert (sample.question, sample.response) == ("second?", "two")
    assert [turn.content for turn in sample.history] == ["Be brief.", "first?", "one"]


def test_plain_strings_are_taken_as_they_are() -> None:
    sample = build_sample(make_trace(input="why?", output="because"), PATHS)
    assert (sample.question, sample.response, sample.history) == ("why?", "because", ())


def test_missing_question_and_contexts_stay_missing() -> None:
    sample = build_sample(make_trace(input=None, contexts=()), PATHS)
    assert (sample.question, sample.contexts) == ("", ())


@pytest.mark.parametrize("output", [None, {}, []])
def test_missing_response_cannot_be_judged(output: Any) -> None:
    with pytest.raises(UnjudgeableSample) as caught:
        build_sample(make_trace(output=output), PATHS)
    assert caught.value.reason == "no_response"


def test_paths_of_the_rubric_decide_where_parts_come_from() -> None:
    paths = SamplePaths.model_validate({"response": "generation.output.final", "contexts": "root.input.facts"})
    step = Observation(id="o", type="generation", start=NOW, output={"final": "the answer"})
    trace = make_trace(input={"question": "q", "facts": ["f1", "f2"]}, output=None, observations=(step,))
    sample = build_sample(trace, paths)
    assert (sample.response, sample.contexts) == ("the answer", ("f1", "f2"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values, json_values, json_values)
def test_any_json_gives_a_sample_or_says_that_it_cannot(question: Any, answer: Any, evidence: Any) -> None:
    step = Observation(id="o", type="tool", start=NOW, output=evidence)
    try:
        sample = build_sample(make_trace(input=question, output=answer, observations=(step,)), PATHS)
    except UnjudgeableSample:
        return
    assert isinstance(sample.response, str)
