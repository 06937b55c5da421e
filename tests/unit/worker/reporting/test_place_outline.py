"""What is at the places where a part was looked for: bounded, clipped, and nothing that drives a terminal."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rubric import SamplePaths
from assay.worker.records.traces import Observation, Trace
from assay.worker.reporting.place_outline import MOST_LINES, MOST_STEPS, MOST_UNLOOKED, outlines, unlooked_outlines
from assay.worker.reporting.terminal.visible import is_hidden
from tests.builders import NOW, make_trace


def trace_with(*steps: tuple[str, str, Any], **content: Any) -> Trace:
    """A trace with steps of a type, a name and an output."""
    made = [
        Observation(id=f"s{n}", type=kind, name=name, start=NOW, output=output, input={"q": "Why is it so?"})
        for n, (kind, name, output) in enumerate(steps)
    ]
    return make_trace(observations=tuple(made), **content)


def test_keys_types_lengths_and_a_beginning_are_told() -> None:
    trace = make_trace(input={"kwargs": {"frage": "Wie lange kann ich die Ware zurückgeben?", "k": 3}, "args": []})
    (outline,) = outlines(trace, ["root.input"])
    assert outline.summary == "an object of 2 keys"
    assert outline.lines == (
        "kwargs: an object of 2 keys",
        "kwargs.frage: text, 40 characters: “Wie lange kann ich die Ware zurückgeben?”",
        "kwargs.k: a number: 3",
        "args: an empty list",
    )


def test_a_key_that_is_not_there_is_named_with_what_is() -> None:
    root = make_trace().root.model_copy(update={"metadata": {"rag": {"kb": ["A passage."]}}})
    trace = make_trace().model_copy(update={"root": root})
    (outline,) = outlines(trace, ["root.metadata.rag.contexts"])
    assert outline.summary == "no key contexts; metadata.rag is an object of 1 key"
    assert outline.lines[-1] == "kb[0]: text, 10 characters: “A passage.”"


def test_a_step_that_is_not_there_is_answered_with_those_that_are() -> None:
    trace = trace_with(("span", "kb_lookup", {"rows": []}), ("generation", "llm", "An answer."))
    assert (
        outlines(trace, ["tool.output"])[0].summary == "no step of type tool; there are span kb_lookup, generation llm"
    )
    assert "name other" in outlines(trace, ["span[name=other].output"])[0].summary
    assert "no model call" in outlines(trace_with(), ["answer.input"])[0].summary
    (first,) = outlines(trace, ["span[name=kb_*].output"])
    assert first.summary == "span kb_lookup: an object of 1 key"


def test_the_prompt_is_that_of_the_last_call_or_else_the_roots_input() -> None:
    trace = trace_with(("generation", "llm", "An answer."))
    assert "the last model call's input" in outlines(trace, ["prompt"])[0].summary
    assert "root.input" in outlines(trace_with(), ["prompt"])[0].summary


def test_many_steps_and_many_keys_are_told_in_part() -> None:
    trace = trace_with(*(("tool", f"t{n}", {f"key{k}": k for k in range(90)}) for n in range(40)))
    told = outlines(trace, ["tool.output"])
    assert len(told) == MOST_STEPS + 1
    assert told[-1].summary == f"{40 - MOST_STEPS} more steps like these"
    assert all(len(outline.lines) <= MOST_LINES + 1 for outline in told)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, json_values, st.text())
def test_whatever_is_there_the_lines_are_short_and_harmless(given_in: Any, output: Any, name: str) -> None:
    trace = trace_with(("retriever", name, output), ("generation", name, output), input=given_in, output=output)
    chains = SamplePaths()
    for outline in outlines(trace, [*chains.question, *chains.response, *chains.contexts, *chains.history]):
        for line in (outline.summary, *outline.lines):
            assert len(line) < 1500
            assert not any(is_hidden(char) for char in line)


DEFAULT_CONTEXTS = ["retriever.documents", "tool.output", "answer.documents", "prompt"]


def test_steps_that_no_selector_leads_to_are_told_with_their_keys() -> None:
    trace = trace_with(("span", "stage-1", {"rows": [{"para": "A passage."}]}), ("generation", "llm", "An answer."))
    (outline,) = unlooked_outlines(trace, DEFAULT_CONTEXTS, "output", [])
    assert (outline.selector, outline.lines) == ("span stage-1, output", ())
    assert outline.summary == "no selector leads there; an object with rows"
    (full,) = unlooked_outlines(trace, DEFAULT_CONTEXTS, "output", ["span[name=stage-*].output.rows[*].para"])
    assert full.lines[-1] == "rows[0].para: text, 10 characters: “A passage.”"


def test_steps_that_a_selector_leads_to_are_not_told_again_and_a_retrieval_is_known_by_its_name() -> None:
    trace = trace_with(("span", "kb_lookup", {"zz": 1}), ("tool", "weather", "Sunny."), ("generation", "llm", "Yes."))
    assert unlooked_outlines(trace, DEFAULT_CONTEXTS, "output", []) == []
    assert outlines(trace, ["retriever.documents"])[0].summary.startswith("span kb_lookup: output is an object")


def test_of_many_steps_that_no_selector_leads_to_the_likely_come_first() -> None:
    steps = [("span", f"stage-{n}", f"The secret number {n}.") for n in range(30)]
    shown = unlooked_outlines(trace_with(*steps), DEFAULT_CONTEXTS, "output", ["span[name=stage-29].output"])
    assert shown[0].selector == "span stage-29, output"
    assert shown[-1].summary == f"{30 - MOST_UNLOOKED} more steps like these"
    assert not any("secret" in outline.summary for outline in shown)
