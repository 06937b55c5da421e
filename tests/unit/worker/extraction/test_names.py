"""The table of names, and what is known by a name alone: retrievals, failures, sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from assay.judges.errors import UnjudgeableSample
from assay.judges.rubric import SamplePaths
from assay.worker.extraction import names
from assay.worker.extraction.decisions import is_sentence
from assay.worker.extraction.evidence import is_evidence_key
from assay.worker.extraction.failures import is_failure, is_program_error
from assay.worker.extraction.kinds import does_more, is_beside_the_answer, speaks_of_retrieval
from assay.worker.extraction.names import plain
from assay.worker.extraction.samples import build_sample
from tests.builders import make_trace

NOT_OF_KEYS = {"ROLES", "CALL_KEYS", "CALLS_BETWEEN", "STEP_TYPES", "UNTYPED"}
NOT_OF_KEYS |= {
    "ANSWERING_WORK",
    "JUDGING_WORK",
    "SIDE_WORK",
    "SIDE_PAIRS",
    "OTHER_WORK",
    "RETRIEVING",
    "TOOL_NAME",
    "SEARCHED",
    "SEARCHING",
    "SEARCH_STORES",
}


def tables() -> Iterable[tuple[str, Iterable[str]]]:
    for table in names.__all__:
        content = getattr(names, table)
        if table.isupper() and table not in NOT_OF_KEYS:
            yield table, content


@pytest.mark.parametrize(("table", "keys"), list(tables()))
def test_every_name_stands_in_its_plain_form(table: str, keys: Iterable[str]) -> None:
    """A name in another form would never be found."""
    assert [key for key in keys if key and key != plain(key)] == []


def test_spellings_of_a_key_are_one() -> None:
    spellings = ("sourceDocuments", "source_documents", "Source-Documents", "source documents")
    assert {plain(key) for key in spellings} == {"sourcedocuments"}


RETRIEVALS = [
    "retrieve",
    "retriever",
    "retrieve_documents",
    "retrieveContext",
    "retrieval",
    "RetrievalStep",
    "rag.retrieve",
    "vector-search",
    "vectorSearch",
    "search_knowledge_base",
    "kb_lookup",
    "knowledge-base-lookup",
    "similarity_search",
    "rerank",
    "rerankResults",
    "Reranker",
    "fetch_documents",
    "find_passages",
    "get_relevant_documents",
    "query_vector_store",
    "lookup_articles",
    "qdrant_search",
    "bm25",
    "search",
    "hybridSearch",
    "semantic_search",
    "document-search",
    "webSearch",
]
OTHERS = [
    "embed_query",
    "embed_documents",
    "embedding",
    "research_agent",
    "research",
    "answer",
    "generate",
    "plan",
    "route",
    "chat",
    "summarize",
    "get_user",
    "fetch_order",
    "lookup_order",
    "load_config",
    "find_user",
    "query_rewrite",
    "main",
    "handler",
    "pipeline",
    "save_message",
    "get_weather",
    "translate",
    "searching_agent",
]


@pytest.mark.parametrize("name", RETRIEVALS)
def test_names_of_retrievals_are_known(name: str) -> None:
    assert speaks_of_retrieval(name)
    assert not does_more(name)


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_other_steps_are_no_retrievals(name: str) -> None:
    assert not speaks_of_retrieval(name) or does_more(name)


@pytest.mark.parametrize(
    "value",
    [
        {"error": "timeout"},
        {"error": {"message": "x", "code": 500}},
        {"isError": True, "content": [{"type": "text", "text": "Boots are 30 EUR."}]},
        {"status": "error", "message": "down"},
        {"success": False, "reason": "down"},
        {"data": None, "errors": [{"message": "x"}]},
        {"statusCode": 503, "body": "Service Unavailable"},
        "ConnectionError: timed out",
        "requests.exceptions.ReadTimeout: HTTPSConnectionPool",
        "Traceback (most recent call last):\n  File x",
        "Error executing tool kb: refused",
        "Error: could not reach the index",
        "Tool kb failed",
        "502 Bad Gateway",
        '{"error": "timeout"}',
        "Request failed with status code 504",
        "Lookup timed out after 20 s",
        "Could not reach the booking API",
        "Unable to connect to https://shop.example.org",
        "Access denied",
        "Forbidden: token has no scope",
        "Daily quota exceeded",
        "Function get_stock is not registered",
        "No such tool: stock",
        "stock_lookup is not a valid tool, try one of [kb].",
        "Missing required parameter: sku",
        "2 validation errors for StockInput",
        "read ETIMEDOUT",
        "asyncpg.exceptions.UndefinedColumnError: column x",
        "Fehler: Zeit abgelaufen",
        "オープンに失敗しました",
        "undefined",
        "None",
        {"code": 502, "msg": "upstream"},
        {"stdout": "", "stderr": "no such command", "exit_code": 1},
    ],
)
def test_an_error_is_a_failure(value: Any) -> None:
    assert is_failure(value)


@pytest.mark.parametrize(
    "value",
    [
        {"error": None, "result": "Boots are 30 EUR."},
        {"error": "E42", "meaning": "Filter clogged", "remedy": "Clean it"},
        {"code": "E42", "description": "An error of the pump"},
        {"status": "failed", "order": "A-1", "reason": "card declined"},
        {"results": [{"text": "a b c"}], "errors": ["shard 2 timed out"]},
        {"errors": 0, "warnings": 2},
        {"error_rate": 0.02},
        [{"level": "error", "message": "disk full", "host": "n3"}],
        "The log shows three errors: disk full on n3.",
        "Error 42 means that the filter is clogged.",
        "ValueError: raised when an argument has a wrong value.",
        "404 items were found.",
        "Exception: sale items cannot be returned.",
        "Connection refused? Restart the router and try again.",
        "Access denied errors occur when the badge has expired.",
        "The request was refused because the receipt was missing.",
        "Unable to connect to the speaker: hold the button for five seconds.",
        "Forbidden items: liquids above 100 ml.",
        "Failed payments are tried again after three days.",
        "None of the rooms is free on Friday.",
        "Unknown callers are blocked.",
        "Timeout: 30 s",
        "Timeout for idle sessions is 30 minutes.",
        {"code": 200, "msg": "80 euros"},
        {"stdout": "80", "stderr": "a warning", "exit_code": 1},
        "No results found.",
        "",
        None,
    ],
)
def test_an_answer_about_errors_is_no_failure(value: Any) -> None:
    assert not is_failure(value)


@pytest.mark.parametrize(
    "text", ["Yes, always.", "three words here", "返品は三十日以内です", "возврат возможен всегда"]
)
def test_sentences_are_told_from_labels(text: str) -> None:
    assert is_sentence(text)


@pytest.mark.parametrize("text", ["returns", "mobile app", "billing_support", "", "a.pdf", "de"])
def test_labels_are_no_sentences(text: str) -> None:
    assert not is_sentence(text)


@pytest.mark.parametrize("key", ["retrieved_docs", "relevantTextChunks", "rag_context", "kb_results", "documents"])
def test_keys_of_evidence_are_known(key: str) -> None:
    assert is_evidence_key(plain(key))


@pytest.mark.parametrize("key", ["retrieval_query", "retrieved_count", "relevance", "document_id", "ragged", "kb_name"])
def test_keys_about_evidence_hold_none(key: str) -> None:
    assert not is_evidence_key(plain(key))


def test_a_skipped_trace_says_where_and_why() -> None:
    with pytest.raises(UnjudgeableSample) as caught:
        build_sample(make_trace(output={"label": "returns", "score": 0.9}), SamplePaths())
    assert caught.value.reason == "no_response"
    assert caught.value.detail == "root.output: JSON of a decision, no answer: label, score"


def test_a_reason_names_no_key_that_could_be_somebodys_text() -> None:
    with pytest.raises(UnjudgeableSample) as caught:
        build_sample(make_trace(output={"Ann Lee, 4 Elm St": 1, "total": 2}), SamplePaths())
    assert caught.value.detail == "root.output: JSON without a known answer key: total"


BESIDE = [
    *(
        "output_guardrail",
        "ModerationChain",
        "title_generation",
        "generateTitle",
        "suggest-followups",
        "follow up questions",
    ),
    *("update_memory", "evaluate_faithfulness", "AnswerGrader", "verify answer", "rewrite_query", "HyDE", "intent"),
    *(
        "condense_question_prompt",
        "multi-query",
        "translate_question",
        "summarize_history",
        "detect language",
        "llm router",
    ),
]
ANSWERING = [
    *(
        "answer",
        "llm",
        "ChatOpenAI",
        "rewrite_answer",
        "answer_with_guardrails",
        "RouterQueryEngine",
        "answer_follow_up",
    ),
    *(
        "POST /v1/moderate/chat",
        "chat with memory",
        "triage agent",
        "query_engine",
        "suggest_outfit",
        "safe_travel_tips",
    ),
    *("check_order_status", "titled", "respond", "memory_chat", "", "generate", "RunnableSequence"),
]


@pytest.mark.parametrize("name", BESIDE)
def test_names_of_calls_beside_the_answer_are_known(name: str) -> None:
    assert is_beside_the_answer(name)


@pytest.mark.parametrize("name", ANSWERING)
def test_names_of_calls_that_answer_are_not_set_aside(name: str) -> None:
    assert not is_beside_the_answer(name)


@pytest.mark.parametrize(
    "text",
    [
        "openai.APITimeoutError: Request timed out.",
        "Error code: 400 - {'error': 1}",
        "503 Service Unavailable",
        "KeyError: 'x'",
    ],
)
def test_an_error_of_the_program_is_told_from_an_answer(text: str) -> None:
    assert is_program_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error: I do not know that.",
        "ValueError",
        "Access denied",
        "I could not connect to the shop, please call.",
        "A KeyError means that the key is missing.",
        "TypeError: you can solve this with int(x).",
        "Traceback (most recent call last):\n  File x\nKeyError: 'a'\n\nThe key is missing: use get.",
    ],
)
def test_what_a_user_may_be_told_about_an_error_is_an_answer(text: str) -> None:
    assert not is_program_error(text)
