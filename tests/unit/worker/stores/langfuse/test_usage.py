"""What a model call took, from the columns of recorded rows and from what applications may write into them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.prices import PriceTable
from assay.worker.extraction.facts import facts_of
from assay.worker.records.traces import Tokens
from assay.worker.stores.langfuse.rows import trace_of
from assay.worker.stores.langfuse.usage import cost_of, first_token_of, tokens_of
from assay.worker.stores.langfuse.v3 import traces as v3_traces
from assay.worker.stores.langfuse.v4.traces import FIELDS

RECORDED = Path(__file__).parents[5] / "tests" / "fixtures" / "langfuse-4.16"


def bodies(name: str) -> Iterator[Any]:
    exchanges = json.loads((RECORDED / name).read_text(encoding="utf-8"))["exchanges"]
    yield from (exchange["response"]["body"] for exchange in exchanges)


CORPUS = [row for body in bodies("observations-corpus.json") for row in body["data"]]
OLDER = [body for body in bodies("dual.json") if isinstance(body, dict) and body.get("observations")]
OLDER = [trace for trace in OLDER if isinstance(trace["observations"][0], dict)]


def test_recorded_rows_say_what_the_servers_own_sums_say() -> None:
    counted = [row for row in CORPUS if row["usageDetails"]]
    assert len(counted) > 20
    for row in CORPUS:
        tokens = tokens_of(row) or Tokens()
        assert (tokens.input or 0, tokens.output or 0) == (row["inputUsage"], row["outputUsage"])
        assert (cost_of(row) or 0) == row["totalCost"]


def test_model_without_a_price_has_no_cost() -> None:
    """The server writes 0 there, with tokens beside it."""
    unpriced = [row for row in CORPUS if row["usageDetails"] and not row["modelId"] and not row["costDetails"]]
    assert unpriced
    assert {cost_of(row) for row in unpriced} == {None}
    assert {row["totalCost"] for row in unpriced} == {0}


def test_first_token_of_a_recorded_stream() -> None:
    streamed = [row for row in CORPUS if row["completionStartTime"]]
    assert streamed
    for row in streamed:
        moment = first_token_of(row)
        assert moment == first_token_of({**row, "completionStartTime": None}), "seconds say the same as the moment"
        assert moment == datetime.fromisoformat(row["completionStartTime"])


def test_usage_is_asked_for() -> None:
    assert {"usage", "time", "model", "prompt"} <= set(FIELDS.split(","))


def test_recorded_trace_of_the_older_generation_says_its_sum() -> None:
    """The server adds up a trace's cost itself. Its own tokens are under other names there, too."""
    compared = 0
    for body in OLDER:
        trace = v3_traces.trace_of(body)
        calls = [row for row in body["observations"] if row["type"] == "GENERATION"]
        if trace is None or len(calls) < len([row for row in body["observations"] if row.get("usageDetails")]):
            continue
        facts = facts_of(trace)
        if facts.input_tokens == sum(row["promptTokens"] for row in calls) and calls:
            assert facts.output_tokens == sum(row["completionTokens"] for row in calls)
            assert facts.cost_usd == pytest.approx(body["totalCost"])
            compared += 1
    assert compared >= 4


def test_prices_say_what_the_server_says() -> None:
    """Recorded calls of models that both know: our table's price is the server's."""
    row = next(row for row in CORPUS if row["model"].startswith("gpt-4o-mini") and row["totalCost"])
    root = {**row, "id": "root", "type": "SPAN", "isRootObservation": True, "usageDetails": {}, "costDetails": {}}
    unpriced = {**row, "parentObservationId": "root", "costDetails": {}, "totalCost": 0, "isRootObservation": False}
    trace = trace_of([root, unpriced])
    assert trace is not None
    facts = facts_of(trace, None, PriceTable.load())
    assert facts.cost_from == "prices"
    assert facts.cost_usd == pytest.approx(row["totalCost"])


WRITTEN: list[tuple[str, dict[str, Any], Tokens | None]] = [
    (
        "kinds apart, as the server keeps them",
        {"input": 20, "input_cached_tokens": 80, "output": 10, "output_reasoning_tokens": 20, "total": 130},
        Tokens(input=100, cached=80, output=30, reasoning=20),
    ),
    (
        "kinds apart, without a total",
        {"input": 20, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 10, "output": 10},
        Tokens(input=100, cached=70, cache_write=10, output=10),
    ),
    (
        "kinds within, as the total says",
        {"input": 100, "input_cached_tokens": 80, "output": 30, "output_reasoning_tokens": 20, "total": 130},
        Tokens(input=100, cached=80, output=30, reasoning=20),
    ),
    ("audio apart", {"input": 20, "input_audio_tokens": 80, "output": 10}, Tokens(input=100, output=10)),
    (
        "the keys of the endpoint",
        {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        Tokens(input=100, output=10),
    ),
    ("only cached ones", {"input_cached_tokens": 80, "output": 1}, Tokens(input=80, cached=80, output=1)),
    ("nothing", {}, None),
    ("zeros", {"input": 0, "output": 0, "total": 0}, None),
    ("what is no number", {"input": True, "output": "many", "total": -1}, None),
    ("more than there can be", {"input": 2_000_000_000, "input_cached_tokens": 2_000_000_000}, None),
]


@pytest.mark.parametrize(("about", "details", "expected"), WRITTEN, ids=[about for about, _, _ in WRITTEN])
def test_kinds_of_tokens_are_put_together(about: str, details: dict[str, Any], expected: Tokens | None) -> None:
    assert tokens_of({"usageDetails": details}) == expected, about


@pytest.mark.parametrize(
    ("row", "cost"),
    [
        ({"costDetails": {"total": 0.5}, "totalCost": 0.5}, 0.5),
        ({"costDetails": {}, "totalCost": "0.25"}, 0.25),
        ({"costDetails": None, "calculatedTotalCost": 0.25}, 0.25),
        ({"totalCost": -1}, None),
        ({"totalCost": True}, None),
        ({"costDetails": {"total": "NaN"}}, None),
        ({}, None),
    ],
)
def test_cost_is_the_total(row: dict[str, Any], cost: float | None) -> None:
    assert cost_of(row) == cost


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(["input", "output", "total", "input_cached_tokens", "output_reasoning", "input_x", "x"])


@given(st.dictionaries(keys, anything) | anything, anything, anything, anything)
def test_no_row_breaks_the_reading(details: Any, cost: Any, moment: Any, seconds: Any) -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC).isoformat()
    row = {"usageDetails": details, "totalCost": cost, "completionStartTime": moment, "timeToFirstToken": seconds}
    row |= {"costDetails": details, "startTime": start}
    tokens = tokens_of(row)
    assert tokens is None or tokens.input
    told = cost_of(row)
    assert told is None or 0 < told <= 1_000_000
    first_token_of(row)
    assert first_token_of({"startTime": "9999-12-31T23:59:59Z", "timeToFirstToken": 3}) is None
