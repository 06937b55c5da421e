"""Whose prompt counts: that of the call that wrote the answer, or of the nearest step that stands for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.records.traces import Observation, Trace
from tests.builders import NOW, make_trace

ANSWER = "Yes, you can send it back within thirty days of purchase."
DRAFT = "You can send the tent back within thirty days, unused."
QUESTION: dict[str, JsonValue] = {"role": "user", "content": "Can I send my tent back?"}
SYSTEM: dict[str, JsonValue] = {"role": "system", "content": "Answer from the shop's rules only."}
CALL: dict[str, JsonValue] = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "rules"}}]}
RESULT: dict[str, JsonValue] = {"role": "tool", "content": "Thirty days.", "tool_call_id": "1"}

Prompt = tuple[str | None, str | None]
NONE: Prompt = (None, None)


def step(step_id: str, at: float, prompt: str = "", parent: str | None = None, **fields: Any) -> Observation:
    """A model call; `prompt` as `name/version`, either of which may be empty."""
    name, _, version = prompt.partition("/")
    metadata = {key: text for key, text in (("prompt_name", name), ("prompt_version", version)) if text}
    start = NOW + timedelta(seconds=at)
    more = {"type": "generation", "name": step_id, "end": start + timedelta(seconds=1), **fields}
    return Observation(id=step_id, parent_id=parent, start=start, metadata=metadata, **more)


def answer(prompt: str = "", parent: str | None = None, at: float = 5, **fields: Any) -> Observation:
    return step("answer", at, prompt, parent, **{"output": ANSWER, "input": [SYSTEM, QUESTION], **fields})


def span(step_id: str, at: float, prompt: str = "", parent: str | None = None, **fields: Any) -> Observation:
    return step(step_id, at, prompt, parent, type=fields.pop("type", "span"), **fields)


def traced(*steps: Observation, **over: Any) -> Trace:
    fields: dict[str, Any] = {"output": ANSWER, "start": NOW, "end": NOW + timedelta(seconds=20), **over}
    return make_trace(observations=steps, **fields)


def prompt_of(trace: Trace) -> Prompt:
    facts = facts_of(trace, extract(trace, SamplePaths()))
    return facts.prompt_name, facts.prompt_version


PLACED: list[tuple[str, tuple[Observation, ...], Prompt]] = [
    ("the answer's own", (answer("answer/3"),), ("answer", "3")),
    (
        "a guard after it",
        (answer("answer/3"), step("moderation", 7, "guard/1", output='{"flagged": false}')),
        ("answer", "3"),
    ),
    ("a guard before it", (step("input_guardrail", 1, "guard/1", output="safe"), answer("answer/3")), ("answer", "3")),
    (
        "a guard around nothing, the answer names none",
        (answer(), step("output_guardrail", 7, "guard/1", output="safe")),
        NONE,
    ),
    ("a rewriter before it", (step("rewrite_query", 1, "rewrite/9", output="returns of tents"), answer()), NONE),
    (
        "a rewriter that only its prompt's name tells, whose words the answer was given",
        (step("call", 1, "rewrite/9", output=DRAFT), answer(input=[SYSTEM, {"role": "user", "content": DRAFT}])),
        NONE,
    ),
    (
        "a query that was searched for",
        (
            step("call", 1, "first/9", output=DRAFT),
            span("search", 2, type="retriever", input=DRAFT),
            answer(input=[SYSTEM, {"role": "user", "content": DRAFT}]),
        ),
        NONE,
    ),
    ("a call of which nothing says that it feeds the answer", (step("call", 1, "first/9", output="x"), answer()), NONE),
    ("a name without a version", (step("call", 1, "answer/9", output="x"), answer("final")), ("final", None)),
    ("a version without a name", (answer("/3"),), (None, "3")),
    (
        "an earlier turn of the agent",
        (
            step("turn", 1, "agent/5", input=[SYSTEM, QUESTION], output=CALL),
            answer(input=[SYSTEM, QUESTION, CALL, RESULT]),
        ),
        ("agent", "5"),
    ),
    (
        "a guard of the same question",
        (step("check", 1, "first/1", input=[QUESTION], output="fine"), answer(input=[QUESTION])),
        NONE,
    ),
    (
        "a draft that was polished",
        (
            step("outline", 1, "outline/1", output="refunds, deadlines, exceptions and so on"),
            step("draft", 2, "draft/2", output=DRAFT),
            answer(input=[SYSTEM, {"role": "user", "content": f"Polish this: {DRAFT}"}]),
        ),
        ("draft", "2"),
    ),
    (
        "a template that was filled in for it",
        (
            span("template", 1, "guard/1", output="…"),
            step("input_guardrail", 2, output="safe"),
            span("template two", 3, "answer/3", output="…"),
            answer(),
        ),
        ("answer", "3"),
    ),
    (
        "a template for another call",
        (span("template", 1, "first/1", output="…"), step("call", 2, output="x"), answer()),
        NONE,
    ),
    (
        "templates of two chains at once",
        (
            span("one", 1), span("template", 1.5, "answer/3", "one"), answer("", "one"),
            span("two", 1), span("other", 1.6, "other/1", "two"), step("talk", 2, "", "two", output="hello to you"),
        ),
        ("answer", "3"),
    ),
    ("the step around it", (span("reply", 1, "answer/3"), answer("", "reply")), ("answer", "3")),
    (
        "the nearest step around it",
        (span("run", 0, "app/1"), span("reply", 1, "answer/3", "run"), answer("", "reply")),
        ("answer", "3"),
    ),
    (
        "what fed it, before the step around both",
        (
            span("run", 0, "app/1"),
            step("turn", 1, "agent/5", "run", input=[SYSTEM, QUESTION], output=CALL),
            answer("", "run", input=[SYSTEM, QUESTION, CALL, RESULT]),
        ),
        ("agent", "5"),
    ),
    (
        "a chain around an earlier call that feeds it",
        (
            span("drafting", 1, "draft/2"),
            step("call", 2, "", "drafting", output=DRAFT),
            answer(input=[SYSTEM, {"role": "user", "content": f"Polish this: {DRAFT}"}]),
        ),
        ("draft", "2"),
    ),
    (
        "an agent behind a tool, whose words the answer was given",
        (
            span("tool", 1, type="tool", output=DRAFT),
            step("call", 2, "researcher/4", "tool", output=DRAFT),
            answer(input=[SYSTEM, QUESTION, CALL, {"role": "tool", "content": DRAFT}]),
        ),
        NONE,
    ),
    ("the client's step inside the framework's", (answer(""), step("sdk", 5, "answer/3", "answer")), ("answer", "3")),
    ("inside an evaluator", (answer(), span("e", 7, type="evaluator"), step("j", 8, "judge/1", "e", output="1")), NONE),
    ("no call was recorded", (span("reply", 1, "answer/3"), span("guard", 2, "guard/1")), ("answer", "3")),
    ("no call was recorded, and two prompts", (span("reply", 1, "answer/3"), span("say", 2, "other/1")), NONE),
    ("only a guard was recorded", (step("input_guardrail", 1, "guard/1", output="safe"),), NONE),
    ("a call named as one beside the answer, which wrote it", (answer("title/2", name="rewrite"),), ("title", "2")),
]  # fmt: skip


@pytest.mark.parametrize(("about", "steps", "expected"), PLACED, ids=[about for about, _, _ in PLACED])
def test_prompt_is_that_behind_the_answer(about: str, steps: tuple[Observation, ...], expected: Prompt) -> None:
    assert prompt_of(traced(*steps)) == expected, about


def test_root_says_the_prompt_last() -> None:
    said = {"prompt_name": "app", "prompt_version": 7}
    assert prompt_of(traced(answer(), metadata=said)) == ("app", "7")
    assert prompt_of(traced(answer("answer/3"), metadata=said)) == ("answer", "3")
    guard = step("output_guardrail", 7, "guard/1", output="safe")
    assert prompt_of(traced(answer(), guard, metadata=said)) == ("app", "7")


def test_failed_run_is_not_blamed_on_a_guards_prompt() -> None:
    guard = step("output_guardrail", 7, "guard/1", output="safe", model="tiny")
    trace = traced(answer("answer/3", model="large"), guard, output=None, level="ERROR")
    facts = facts_of(trace, extract(trace, SamplePaths()))
    assert (facts.prompt_name, facts.prompt_version, facts.model_asked) == ("answer", "3", "large")


SIDE = [
    "input_guardrail",
    "moderation",
    "rewrite_query",
    "condense question",
    "generate_title",
    "evaluate_faithfulness",
]
prompts = st.sampled_from(["", "other/1", "other/2"])


@given(st.lists(st.tuples(st.sampled_from(SIDE), st.integers(0, 9), prompts), max_size=4), st.booleans())
def test_no_call_beside_the_answer_changes_its_prompt(sides: list[tuple[str, int, str]], is_around: bool) -> None:
    """Wherever such a call stands, and whatever it says: the answer's own prompt, or that around it, stays."""
    own = [span("reply", 0, "answer/3"), answer("", "reply")] if is_around else [answer("answer/3")]
    beside = [
        step(f"s{number}", at, prompt, "reply" if is_around else None, name=name, output=f"{DRAFT} {number}")
        for number, (name, at, prompt) in enumerate(sides)
    ]
    assert prompt_of(traced(*own, *beside)) == ("answer", "3")
    assert prompt_of(traced(*beside, *own)) == ("answer", "3")
    assert prompt_of(traced(*beside, answer())) == NONE


@given(st.permutations(range(3)))
def test_order_in_which_steps_were_recorded_counts_for_nothing(order: list[int]) -> None:
    steps = [
        step("draft", 2, "draft/2", output=DRAFT),
        answer(input=[SYSTEM, {"role": "user", "content": f"Polish this: {DRAFT}"}]),
        step("output_guardrail", 7, "guard/1", output="safe"),
    ]
    assert prompt_of(traced(*(steps[number] for number in order))) == ("draft", "2")
