"""What is sent about one statement: a common beginning, and text that cannot leave its line."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.errors import UnjudgeableSample
from assay.judges.llm.grounding.numbering import GroundingLimits, divide
from assay.judges.llm.statements.prompt import SENTENCE_INSTRUCTIONS, SENTENCE_TASK, Layout, prompt_fingerprint
from assay.judges.schema import Sample, Turn
from tests.examples import examples

NONCE = "c0ffee"
LIMITS = GroundingLimits()
LINE = re.compile(
    r"(NONCE c0ffee|<<<c0ffee (HISTORY|QUESTION|EVIDENCE|STATEMENT)|c0ffee>>>|Q: .*|[ER]\d+: .*|B: .*"
    r"|H\d+: (system|user|assistant|tool): .*|" + re.escape(SENTENCE_TASK) + ")"
)
SAMPLE = Sample(
    id="the-id",
    question="When did it open?",
    history=(Turn(role="user", content="Tell me of the bridge."),),
    contexts=("The bridge opened in 1932.", "It has two tracks."),
    response="The bridge opened in 1932. It has two tracks. Trains use it.",
    reference="gold",
)


def layout(sample: Sample) -> Layout:
    return Layout(sample, divide(sample, LIMITS)[0], nonce=NONCE, limits=LIMITS)


def test_all_statements_of_a_part_begin_the_same_so_that_a_cache_holds_the_evidence() -> None:
    laid = layout(SAMPLE)
    prompts = [laid.sentence(number)[1].content for number in (1, 2, 3)]
    assert {laid.sentence(number)[0].content for number in (1, 2, 3)} == {SENTENCE_INSTRUCTIONS}
    assert len({prompt.partition("<<<c0ffee STATEMENT\n")[0] for prompt in prompts}) == 1
    assert prompts[0].startswith("NONCE c0ffee\n")
    assert prompts[0].endswith(f"R1: The bridge opened in 1932.\nc0ffee>>>\n{SENTENCE_TASK}")
    assert not any(word in prompts[0] for word in ("the-id", "gold"))


def test_a_sentence_with_a_pronoun_is_shown_with_the_one_before() -> None:
    laid = layout(SAMPLE)
    assert "B: The bridge opened in 1932.\nR2: It has two tracks." in laid.sentence(2)[1].content
    assert "B: " not in laid.sentence(1)[1].content + laid.sentence(3)[1].content


def test_a_decision_model_gets_the_evidence_once_and_each_statement_as_a_question() -> None:
    laid = layout(SAMPLE)
    schema = laid.questions((1, 3))
    assert list(schema["properties"]) == schema["required"] == ["R1", "R3"]
    assert "R3: Trains use it." in schema["properties"]["R3"]["description"]
    assert "R1: " not in laid.state()[1].content
    assert "E2: It has two tracks." in laid.state()[1].content


@settings(max_examples=examples(150))
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=100))
def test_any_text_keeps_the_structure(response: str, context: str, question: str) -> None:
    sample = Sample(id="s", question=question, contexts=(context,), response=f"It rains. {response}")
    try:
        part = divide(sample, LIMITS)[0]
    except UnjudgeableSample:
        return
    laid = layout(sample)
    for number in list(part.sentences)[:3]:
        described = laid.questions((number,))["properties"][f"R{number}"]["description"]
        lines = [*laid.sentence(number)[1].content.split("\n"), *described.split("\n")[-4:]]
        assert all(LINE.fullmatch(line) for line in laid.sentence(number)[1].content.split("\n"))
        assert sum(line.startswith("<<<") for line in lines[:-4]) == lines[:-4].count("c0ffee>>>")
        assert described.count("c0ffee>>>") == 1


def test_the_fingerprint_is_one_of_all_texts() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", prompt_fingerprint())
