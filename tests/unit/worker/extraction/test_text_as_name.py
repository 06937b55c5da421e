"""Names and tags of a trace that are somebody's text are no facts of it, and names stay names."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import JsonValue

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from tests.builders import make_trace

QUESTION = "Do I have HIV and what should I do now? My doctor is John Doe, john.doe@example.org, order 104-2213."
ANSWER = "Please ask a clinic near you. I am the Acme Assistant."
MESSAGES: JsonValue = [
    {"role": "system", "content": "You are the Health Helper of Acme."},
    {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
]

TEXTS = [
    "Do I have HIV?",
    "Do I have HIV? Please help",
    "Is it “flu?”",
    "我有艾滋病吗？",
    "Do I have HIV",
    "do  i have hiv",
    "Do I have HIV and what sho",
    "Do I have HIV and what…",
    "chat: Do I have HIV and wh",
    "patient John Doe"[8:],
    "my doctor is john doe",
    "john.doe@example.org",
    "104-2213",
    "ask a clinic",
    "one two three four five six seven eight nine",
]

NAMES = [
    "chat",
    "support-bot",
    "clinic",
    "doctor",
    "support-bot: answer a question",
    "Health Helper",
    "POST /ask",
    "GET /search?q=",
    "agent.run",
    "2026-11-29",
    "jane@v2",
    "v2.10.1",
    "customer support",
    "RAG pipeline",
    "回答",
    "质量检查流程",
]


def kept(name: str, **over: Any) -> tuple[bool, bool]:
    """Whether it is kept as the trace's name and as a tag."""
    trace = make_trace(**{"name": name, "tags": ("rag", name), "input": MESSAGES, "output": ANSWER, **over})
    facts = facts_of(trace, extract(trace, SamplePaths()))
    assert "rag" in facts.tags
    return facts.trace_name == name, name in facts.tags


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_no_name(name: str) -> None:
    assert kept(name) == (False, False)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_kept(name: str) -> None:
    assert kept(name) == (True, True)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Help", "help!"),
        ("Help", {"question": "help"}),
        ("艾滋病怎么办", "请问艾滋病怎么办"),
        ("refund please", {"deep": [{"er": ["A refund, please."]}]}),
        ("refund please", '{"question": "refund please, at once"}'),
    ],
)
def test_text_is_none_in_whichever_form_it_was_recorded(name: str, given: JsonValue) -> None:
    assert kept(name, input=given) == (False, False)
    assert kept(name, input={"question": "Where is it?"}) == (True, True)


def test_without_an_extraction_the_recorded_input_and_output_tell_it() -> None:
    assert facts_of(make_trace(name="John Doe", input=MESSAGES, output=ANSWER)).trace_name is None
    assert facts_of(make_trace(name="ask a clinic", input="x", output={"a": ANSWER})).trace_name is None
    assert facts_of(make_trace(name="John Doe", input="x", output="y")).trace_name == "John Doe"


def test_huge_inputs_are_looked_through_in_time() -> None:
    deep: JsonValue = "x"
    for _ in range(100):
        deep = [deep]
    for given in ("a " * 3_000_000, ["a b"] * 300_000, deep, {"k": "x" * 5_000_000}):
        trace = make_trace(name="two words", tags=tuple(f"tag number {n}" for n in range(60)), input=given)
        began = time.process_time()
        assert facts_of(trace).trace_name == "two words"
        assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["Do I have HIV?", "do i have hiv", "one two three four five six seven eight nine"])
def test_no_name_of_a_prompt_a_feature_or_a_tier_is_a_text_either(text: str) -> None:
    trace = make_trace(input=MESSAGES, output=ANSWER, metadata={"prompt_name": text, "prompt_version": text})
    facts = facts_of(trace, told={"feature": text, "user_tier": text})
    assert (facts.prompt_name, facts.prompt_version, facts.feature, facts.user_tier) == (None,) * 4


def test_no_group_of_users_is_named_by_an_address() -> None:
    facts = facts_of(make_trace(input="x", output="y"), told={"feature": "search", "user_tier": "jane@example.org"})
    assert (facts.feature, facts.user_tier) == ("search", None)
