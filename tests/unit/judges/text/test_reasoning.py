"""Reasoning before an answer is neither judged nor counted, and offsets stay those of the response."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Scored, Skipped
from assay.judges.text.reasoning import reasoning_end, without_reasoning


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>It is 5.</think>It is 4.", "It is 4."),
        ("\n <THINK>a</think>\n<reasoning>b</reasoning> It is 4.", " It is 4."),
        ("<thinking>never closed", ""),
        ("It is 4. <think>no</think>", "It is 4. <think>no</think>"),
        ("<b>It</b> is 4.", "<b>It</b> is 4."),
        ("<think>a</thinking> b</think>c", "c"),
        ("", ""),
    ],
)
def test_only_a_block_at_the_start_is_reasoning(text: str, answer: str) -> None:
    assert text[reasoning_end(text) :] == answer


@given(st.text(max_size=50), st.text(max_size=50))
def test_blanked_text_keeps_every_offset(thought: str, answer: str) -> None:
    text = f"<think>{thought}</think>{answer}"
    blanked = without_reasoning(text)
    assert len(blanked) == len(text)
    assert blanked[:7].isspace()
    assert all(kept in (own, " ") for own, kept in zip(text, blanked, strict=True))


def test_reasoning_of_the_judged_response_is_not_judged() -> None:
    response = "<think>The moon is made of cheese and 99 mice.</think>Refunds take 14 days."
    sample = Sample(id="s", contexts=("Refunds take 14 days.",), response=response)
    outcome = asyncio.run(Evaluator(Rubric(name="r"), LocalJudge()).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert [response[c.span.start : c.span.end] for c in outcome.verdict.claims] == ["Refunds take 14 days."]
    assert outcome.scores["groundedness"] == 1.0


def test_response_of_reasoning_alone_is_skipped() -> None:
    sample = Sample(id="s", contexts=("x",), response="<think>hm</think> ")
    outcome = asyncio.run(Evaluator(Rubric(name="r"), LocalJudge()).evaluate(sample))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "empty_response"
