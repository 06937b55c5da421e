"""Shapes of messages, documents and prompts that frameworks send, and hostile ones that nobody should."""
# ruff: noqa: E501  # a shape is read best on one line

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import RubricError
from assay.judges.rubric import SamplePaths, parse_rubric
from assay.judges.rubric.selectors import parse_selector
from assay.worker.extraction.answers import Reading, answer_of
from assay.worker.extraction.attributes import in_metadata
from assay.worker.extraction.documents import passages
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.needs import cut_keys_needed, metadata_keys
from assay.worker.extraction.prompts import evidence_in, question_in
from assay.worker.extraction.texts import text_of
from assay.worker.records.traces import Observation, Trace
from tests.builders import NOW, make_trace
from tests.waiting import cpu_seconds_below

TOOL_CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]}


def step(kind: str, number: int = 1, **columns: Any) -> Observation:
    given = {"id": f"{kind}{number}", "type": kind, "name": kind, "start": NOW + timedelta(seconds=number), **columns}
    return Observation.model_validate(given)


def found(*steps: Observation, paths: dict[str, Any] | None = None, **content: Any) -> Extraction:
    trace: Trace = make_trace(**{"input": None, "output": None, "observations": steps, **content})
    return extract(trace, SamplePaths.model_validate(paths or {}))


def contexts(*steps: Observation, **content: Any) -> list[str]:
    return [part.text for part in found(*steps, **content).contexts]


QUESTIONS = [
    pytest.param({"messages": [{"role": "user", "content": "q"}]}, id="openai"),
    pytest.param({"input": [{"role": "user", "content": [{"type": "input_text", "text": "q"}]}]}, id="openai responses"),
    pytest.param({"system": "s", "messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}]}, id="anthropic"),
    pytest.param({"contents": [{"role": "user", "parts": [{"text": "q"}]}], "systemInstruction": {"parts": [{"text": "s"}]}}, id="gemini"),
    pytest.param([{"type": "human", "content": "q"}], id="langchain"),
    pytest.param([[{"type": "system", "content": "s"}, {"type": "human", "content": "q"}]], id="langchain batch"),
    pytest.param([{"lc": 1, "type": "constructor", "id": ["langchain", "HumanMessage"], "kwargs": {"content": "q"}}], id="langchain serialised"),
    pytest.param([{"type": "human", "data": {"content": "q"}}], id="langchain dict"),
    pytest.param([{"role": "user", "parts": [{"type": "text", "content": "q"}]}], id="otel genai"),
    pytest.param({"messages": [{"role": "user", "content": "q"}, TOOL_CALL, {"role": "tool", "content": "r"}]}, id="agent loop"),
    pytest.param({"question": "q", "top_k": 3}, id="key"),
    pytest.param({"frage": "q"}, id="only text"),
    pytest.param({"frage": "q", "sprache": None}, id="only text beside null"),
]  # fmt: skip


@pytest.mark.parametrize("value", QUESTIONS)
def test_question_is_found_in_every_shape(value: Any) -> None:
    assert text_of(value, role="user") == "q"


ANSWERS = [
    pytest.param({"choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}}]}, id="openai"),
    pytest.param({"output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}]}, id="openai responses"),
    pytest.param({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "1"}]}, id="anthropic"),
    pytest.param({"candidates": [{"content": {"role": "model", "parts": [{"text": "a"}]}}]}, id="gemini"),
    pytest.param({"candidates": [{"content": {"parts": [{"text": "a"}]}}]}, id="gemini without role"),
    pytest.param({"generations": [[{"text": "a", "message": {"lc": 1, "id": ["x", "AIMessage"], "kwargs": {"content": "a"}}}]]}, id="langchain result"),
    pytest.param({"messages": [{"type": "human", "content": "q"}, {"type": "ai", "content": "a"}]}, id="langgraph"),
    pytest.param([{"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "stop"}], id="otel genai"),
    pytest.param({"query": "q", "result": "a", "source_documents": []}, id="retrieval qa"),
    pytest.param({"antwort": "a"}, id="only text"),
    pytest.param({"question": "q", "answer": "a"}, id="both"),
    pytest.param("a", id="text"),
]  # fmt: skip


@pytest.mark.parametrize("value", ANSWERS)
def test_answer_is_found_in_every_shape(value: Any) -> None:
    assert text_of(value, role="assistant") == "a"


@pytest.mark.parametrize(
    "value",
    [
        TOOL_CALL,
        {"choices": [{"message": TOOL_CALL}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
        {"candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": "f"}}]}}]},
        [{"role": "user", "content": "q"}],
        "",
        "  \n",
        {"answer": "", "error": "timed out"},
        {"answer": None, "trace": "x"},
        {"result": "  "},
        None,
        {},
        [],
    ],
)
def test_what_says_nothing_is_no_answer(value: Any) -> None:
    assert text_of(value, role="assistant") is None


def test_answer_that_is_data_is_none_unless_the_model_said_one_of_its_texts() -> None:
    value: Any = {"total": 3, "note": "x", "reply_html": "Hello!"}
    assert answer_of(value) == Reading(reason="JSON without a known answer key: total, note, reply_html")
    assert text_of(value, role="assistant", hint="Hello!") == "Hello!"
    assert text_of(value, role="user") is None, "nobody asked this"


RETRIEVED = [
    pytest.param("a", id="text"),
    pytest.param(["a"], id="texts"),
    pytest.param([["a"]], id="nested"),
    pytest.param([{"page_content": "a", "metadata": {"source": "x"}}], id="langchain"),
    pytest.param([{"kwargs": {}, "pageContent": "a"}], id="langchain js"),
    pytest.param([{"node": {"id_": "1", "text": "a"}, "score": 0.3}], id="llamaindex"),
    pytest.param([{"node": {"text_resource": {"text": "a"}}, "score": 0.3}], id="llamaindex 0.12"),
    pytest.param({"source_nodes": [{"node": {"text": "a"}}]}, id="llamaindex response"),
    pytest.param([{"text": "a", "score": 0.5, "id": "1"}], id="text and score"),
    pytest.param([{"id": "1", "content": "a"}], id="content"),
    pytest.param({"documents": [["a"]], "ids": [["1"]]}, id="chroma"),
    pytest.param({"matches": [{"id": "1", "score": 0.5, "metadata": {"text": "a"}}]}, id="pinecone"),
    pytest.param([{"id": 1, "payload": {"content": "a"}}], id="qdrant"),
    pytest.param({"hits": {"hits": [{"_id": "1", "_source": {"body": "a"}}]}}, id="elasticsearch"),
    pytest.param({"results": [{"url": "u", "content": "a"}]}, id="search api"),
    pytest.param({"retrievalResults": [{"content": {"text": "a"}, "score": 1}]}, id="bedrock"),
    pytest.param({"documents": [{"content": "a", "meta": {}}]}, id="haystack"),
]


@pytest.mark.parametrize("output", RETRIEVED)
def test_documents_are_found_in_every_shape(output: Any) -> None:
    assert contexts(step("retriever", output=output)) == ["a"]


@pytest.mark.parametrize("output", [[{"id": "1", "score": 0.3}], [], {}, None, [None], {"documents": []}, 0.3])
def test_retrieved_items_without_a_text_are_no_passages(output: Any) -> None:
    assert contexts(step("retriever", output=output)) == []


NOTHING = [
    "[]",
    "{}",
    "null",
    '{"documents": []}',
    '[{"text": ""}]',
    "\u200b",
    {"documents": []},
    {"hits": {"hits": []}},
]


@pytest.mark.parametrize("kind", ["tool", "retriever"])
@pytest.mark.parametrize("output", NOTHING)
def test_what_found_nothing_is_no_evidence_and_hides_none_elsewhere(kind: str, output: Any) -> None:
    """It would hide what the prompt, or a retriever's metadata, holds."""
    assert contexts(step(kind, output=output)) == []
    call = step("generation", 2, input="Context:\nfrom the prompt\n\nQuestion: q", output="a")
    assert contexts(step(kind, output=output), call) == ["from the prompt"]
    listed = {"retrieval.documents.0.document.content": "from metadata"}
    assert contexts(step("retriever", output=output, metadata=listed)) == ["from metadata"]
    spoken = [
        {"role": "user", "content": "q"},
        TOOL_CALL,
        {"role": "tool", "tool_call_id": "1", "content": str(output)},
    ]
    assert contexts(step("generation", input=spoken, output="a")) == []


@pytest.mark.parametrize(
    "output", ["42", "٤٢", "はい", '{"count": 0}', "No results found.", {"results": [], "count": 0}]
)
def test_a_tools_answer_in_any_script_or_of_numbers_alone_is_evidence(output: Any) -> None:
    assert contexts(step("tool", output=output)) == [output if isinstance(output, str) else json.dumps(output)]


def test_documents_in_metadata_are_taken_in_the_order_of_their_numbers() -> None:
    keys = {f"attributes.retrieval.documents.{n}.document.content": f"passage {n}" for n in (10, 2, 0, 1)}
    retriever = step("retriever", output=None, metadata={**keys, "attributes.retrieval.documents.0.document.score": 1})
    assert contexts(retriever) == ["passage 0", "passage 1", "passage 2", "passage 10"]
    nested: Any = {"attributes": {"retrieval.documents.0.document.content": "a"}}
    assert [text for text, _ in in_metadata(nested)] == ["a"]
    assert [text for text, _ in in_metadata({"gen_ai.retrieval.documents": '[{"id": "1", "content": "b"}]'})] == ["b"]


def test_tool_answers_are_kept_whole() -> None:
    """A price beside a text is evidence: nothing is taken out of what a tool said."""
    output = {"text": "2-person tent", "price": 249, "status": "shipped"}
    (text,) = contexts(step("tool", output=output))
    assert "249" in text
    assert "shipped" in text
    assert contexts(step("tool", output={"rows": 1204})) == ['{"rows": 1204}']
    assert contexts(step("tool", output=[{"type": "text", "text": "plain"}])) == ["plain"]
    assert contexts(step("tool", output=17)) == ["17"]


def test_evidence_under_an_evaluator_is_none() -> None:
    judge = step("evaluator", 1)
    inner = step("retriever", 2, output="a", parent_id="generation3")
    deeper = step("generation", 3, output="my verdict", parent_id=judge.id)
    extraction = found(judge, inner, deeper)
    assert extraction.contexts == ()
    assert extraction.response is None


def test_answer_is_the_last_call_that_spoke() -> None:
    plan, call = step("generation", 1, output="first a plan"), step("generation", 2, output=TOOL_CALL)
    last = step("generation", 3, output={"role": "assistant", "content": "the answer"})
    response = found(plan, call, last).response
    assert response is not None
    assert (response.text, response.source) == ("the answer", "generation 'generation' (generati).output")


@pytest.mark.parametrize(
    "extra",
    [
        {"level": "ERROR"},
        {"output": {"answer": ""}},
        {"output": "  "},
        {"observations": (step("generation", 1, output="a plan"), step("tool", 2, level="ERROR"))},
        {"observations": (step("generation", 1, output="half", level="ERROR"),)},
    ],
)
def test_there_is_no_answer_where_nobody_knows_what_the_user_saw(extra: dict[str, Any]) -> None:
    assert found(**{"observations": (step("generation", 1, output="a plan"),), **extra}).response is None


def test_root_that_shows_an_answer_has_one_whatever_failed_before() -> None:
    response = found(step("tool", 1, level="ERROR"), output="sorry, try later").response
    assert response is not None
    assert response.text == "sorry, try later"


def test_prompt_is_searched_only_where_nothing_else_gave_evidence() -> None:
    prompt = [{"role": "user", "content": "Context:\nfrom the prompt\n\nQuestion: q"}]
    call = step("generation", 2, input=prompt, output="a")
    assert contexts(call) == ["from the prompt"]
    assert contexts(step("retriever", output="from the retriever"), call) == ["from the retriever"]


def test_answers_of_tools_inside_the_prompt_are_evidence() -> None:
    openai = [{"role": "user", "content": "q"}, TOOL_CALL, {"role": "tool", "tool_call_id": "1", "content": "24 C"}]
    anthropic = [
        {"role": "user", "content": "q"},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "24 C"}]}],
        },
    ]
    for prompt in (openai, anthropic):
        assert contexts(step("generation", input=prompt, output="a")) == ["24 C"]


@pytest.mark.parametrize(
    ("prompt", "evidence"),
    [
        ("<documents><document id='1'>a</document>\n<document>b</document></documents> <question>q</question>", ["a", "b"]),
        ("<context>\na\n</context>\nQuestion: q", ["a"]),
        ("### Context\n[1] a\n[2] b\n### End of context\nBe brief.", ["a", "b"]),
        ("Answer from the sources.\n\nSources:\na\nb\n\nQuestion: q", ["a\nb"]),
        ("Use the following pieces of context to answer.\n\na\n\nQuestion: q\nHelpful Answer:", ["a"]),
        ("**Retrieved documents:**\na\n\n**Question:** q", ["a"]),
        ("You are the support assistant of Alpine Outfitters.", []),
        ("You may call get_order(order_id).", []),
        ("Instructions: be brief.\nRules:\n- never lie", []),
        ("Answer only from the context.", []),
        ("Context: none\nQuestion: q", []),
        ("<context></context>", []),
        ("</document></document><document>", []),
    ],
)  # fmt: skip
def test_evidence_in_prompts_is_what_is_marked_as_such(prompt: str, evidence: list[str]) -> None:
    assert evidence_in(prompt) == evidence


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("Context:\na\n\nQuestion: q?\nHelpful Answer:", "q?"),
        ("<documents>a</documents>\n\n<question>q?</question>", "q?"),
        ("no mark at all", "no mark at all"),
        ("User question: q?", "q?"),
        ("The question: is it safe?", "is it safe?"),
    ],
)
def test_question_in_prompts_is_what_is_marked_as_such(prompt: str, question: str) -> None:
    assert question_in(prompt) == question


@pytest.mark.parametrize(
    "hostile",
    ["<document>" * 60_000, "</document>" * 60_000, "Context:\n" * 60_000, "a" * 1_000_000, "below " * 80_000,
     "# " * 200_000, "[1] " * 150_000, "Question:" * 60_000, "<document " * 60_000, "=" * 400_000, "\n" * 400_000],
    ids=lambda text: text[:10].strip() or "newlines",
)  # fmt: skip
def test_hostile_prompts_are_read_in_time(hostile: str) -> None:
    with cpu_seconds_below(20):
        evidence_in(hostile)
        question_in(hostile)


@pytest.mark.parametrize("depth", [50, 5000])
def test_endless_nesting_is_read_to_a_depth(depth: int) -> None:
    value: Any = "a"
    for _ in range(depth):
        value = {"messages": [value], "documents": [value]} if isinstance(value, dict) else {"content": [value]}
        value = {"document": value}
    list(passages(value, keep_objects=False))
    messages_of(value)
    text_of(value, role="user")


def test_selectors_choose_by_name_and_json_path() -> None:
    steps = [
        step("span", 1, name="search-web", output={"hits": [{"text": "a"}, {"text": "b"}]}),
        step("span", 2, name="other", output={"hits": [{"text": "c"}]}),
    ]
    paths = {"contexts": "span[name=search-*].output.hits[*].text", "response": "root.output['the answer']"}
    extraction = found(*steps, paths=paths, output={"the answer": "x"})
    assert [part.text for part in extraction.contexts] == ["a", "b"]
    assert extraction.contexts[1].source == "span 'search-web' (span1).output.hits[1].text"
    assert extraction.response is not None
    assert extraction.response.text == "x"


def test_flattened_metadata_keys_are_found_by_their_dotted_name() -> None:
    trace = make_trace(metadata={"rag.contexts": ["a"]}, contexts=())
    paths = SamplePaths.model_validate({"contexts": "root.metadata.rag.contexts"})
    assert [part.text for part in extract(trace, paths).contexts] == ["a"]


@pytest.mark.parametrize(
    "text", ["", "root", "root.inputs", "retriever", "root.input[", "root[name=x].input", "tool.output.[*"]
)
def test_selector_that_cannot_be_read_is_an_error_of_the_rubric(text: str) -> None:
    with pytest.raises(RubricError, match=r"sample\.contexts"):
        parse_rubric(f"name: x\nsample: {{contexts: ['{text}']}}", source="x.yaml")


@given(st.text(max_size=40))
def test_selectors_are_parsed_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_selector(text).head


def test_stores_are_told_which_metadata_they_must_not_cut() -> None:
    paths = SamplePaths.model_validate(
        {"contexts": ["root.metadata.docs[*].text", "root.metadata.rag.ctx"], "question": "root.metadata['my q']"}
    )
    assert metadata_keys([paths]) == {"docs", "rag", "rag.ctx", "my q", "history"}
    cut = {
        "attributes.retrieval.documents.3.document.content",
        "attributes.db.statement",
        "contexts",
        "attributes.gen_ai.prompt",
    }
    assert cut_keys_needed(cut) == cut - {"attributes.db.statement"}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"answer": "a", "sources": ["x"]}, '{"answer": "a", "sources": ["x"]}'),
        ('{"answer": "a"}', '{"answer": "a"}'),
        ({"role": "assistant", "content": '{"answer": "a"}'}, '{"answer": "a"}'),
        ([1, 2], "[1, 2]"),
        ({}, None),
        ("  ", None),
    ],
)
def test_a_value_taken_whole_is_text_or_json(output: Any, text: str | None) -> None:
    """A check of JSON asks for the JSON itself."""
    response = found(output=output, paths={"response": "text(root.output)"}).response
    assert (response.text if response else None) == text


def test_text_of_a_named_step_is_a_question_where_the_rubric_says_so() -> None:
    extraction = found(step("span", name="rewrite", output="q"), paths={"question": "span[name=rewrite].output"})
    assert extraction.question is not None
    assert extraction.question.text == "q"


@pytest.mark.parametrize(
    "body",
    [
        {"question": "How tall is it?"},
        json.dumps({"question": "How tall is it?"}),
        json.dumps(json.dumps({"question": "How tall is it?"})),
    ],
)
def test_selector_reaches_into_json_that_is_written_as_a_string(body: Any) -> None:
    trace = make_trace("t", input={"event": {"body": body, "id": "[1] no JSON"}}, output="134 m.")
    paths = SamplePaths(question=("root.input.event.body.question",))
    question = extract(trace, paths).question
    assert question is not None
    assert (question.text, question.source) == ("How tall is it?", "root.input.event.body.question")
