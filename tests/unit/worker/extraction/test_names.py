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
from assay.worker.extraction.failures import is_failure
from assay.worker.extraction.kinds import does_more, speaks_of_retrieval
from assay.worker.extraction.names import plain
from assay.worker.extraction.samples import build_sample
from tests.builders import make_trace

NOT_OF_KEYS = {"ROLES", "CALL_KEYS", "CALLS_BETWEEN", "STEP_TYPES", "UNTYPED"}
NOT_OF_KEYS |= {"OTHER_WORK", "RETRIEVING", "TOOL_NAME", "SEARCHED", "SEARCHING", "SEARCH_STORES"}


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
