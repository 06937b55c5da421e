"""Rows and records that the suites of the record share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assay.worker.history.opening import open_history
from assay.worker.ports.history import History, HistoryReader
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.state.memory.history import memory_history

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EVER = HistoryQuery(since=NOW - timedelta(days=300), until=NOW + timedelta(days=300))

Check = Callable[[History], Awaitable[None]]
Run = Callable[[Check], None]


def open_place(place: str, *, busy_timeout_s: float = 5.0) -> History:
    """The record in memory, of a server's address, or of a file."""
    if place == "memory":
        return memory_history()
    url = SecretStr(place) if "://" in place else None
    return open_history(url, Path(place), busy_timeout_s=busy_timeout_s)


def run_on(place: str, check: Check, *, busy_timeout_s: float = 5.0) -> None:
    """Run a check on one record, and close it."""

    async def main() -> None:
        record = open_place(place, busy_timeout_s=busy_timeout_s)
        try:
            await check(record)
        finally:
            await record.close()

    asyncio.run(main())


def row(trace_id: str = "t1", **over: object) -> HistoryRow:
    """A row with what a row must have."""
    fields: dict[str, object] = {
        "store": "langfuse",
        "project": "p",
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": "h",
        "use_case": "bot",
        "window": "w",
        "pi": 0.1,
        "stratum": "base",
        "started_at": NOW,
        "selected_at": NOW,
        "state": "scored",
        "reason": "judged",
        "changed_at": NOW + timedelta(minutes=5),
    }
    return HistoryRow.model_validate({**fields, **over})


def full_row(trace_id: str = "t1") -> HistoryRow:
    """A row whose every field is set."""
    texts = ("session_id", "calibration_hash", "trace_name", "environment", "release", "version", "level")
    more = ("prompt_name", "prompt_version", "model_asked", "model_served", "provider", "finish_reason", "cost_from")
    last = ("revision", "judge", "tier", "judge_model", "flagged_kind", "sample_hash")
    second = ("question_language", "answer_language", "question_vector", "answer_vector", "vectors_from")
    whole = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "model_calls", "passages")
    judge = ("judge_calls", "judge_input_tokens", "judge_output_tokens", "question_chars", "answer_chars")
    return row(
        trace_id,
        **{name: f"{name} ü" for name in (*texts, *more, *last, *second, "feature", "user_tier")},
        **{name: number for number, name in enumerate((*whole, *judge), start=2**40)},
        **dict.fromkeys(("duration_s", "first_token_s", "cost_usd", "judge_cost_usd"), 0.1 + 0.2),
        **dict.fromkeys(("risk", "faithfulness", "groundedness", "pi2", "upstream_pi"), 1 / 3),
        **dict.fromkeys(("calibrated", "degraded", "needs_review"), True),
        observation_id="o1",
        sample="boost",
        started_at=NOW.replace(microsecond=123_456),
        ended_at=NOW + timedelta(seconds=2),
        tags=("a", "ü"),
        rule_hits=("refund-promise",),
        scores={"grounding_state": "judged", "helpfulness": 0.25},
        worst={"span": [3, 40], "evidence": [[0, 10, 60]]},
        screening={"risk": 0.5, "evaluator": {"name": "local"}},
        unanswered={"revision": None, "calibrated": False},
        attempts=3,
    )


async def columns(reader: HistoryReader, names: Sequence[str], query: HistoryQuery = EVER) -> dict[str, list[Any]]:
    """All blocks put together."""
    whole: dict[str, list[Any]] = {name: [] for name in names}
    async for block in reader.blocks(query, names):
        for name in names:
            whole[name].extend(block[name])
    return whole


async def trace_ids(reader: HistoryReader, query: HistoryQuery = EVER) -> list[str]:
    """The traces of a query, in their order."""
    return (await columns(reader, ["trace_id"], query))["trace_id"]
