"""Rows of Opik as traces: a trace row is the root, its spans are the steps beneath it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.numbers import amount, count
from assay.worker.records.traces import MOST_TOKENS, Observation, Tokens, Trace, TraceRoot
from assay.worker.store_clients.answers import without_depth

TYPES = {"llm": "generation", "general": "span"}
"""Opik's types of spans in our words. `tool` and `guardrail` are called the same."""
EVALUATION = "gen_ai.evaluation.name"
"""A span that has this attribute is a judgement, ours or another's: it is no content of the trace."""

_INPUT, _OUTPUT, _TOTAL = "prompt_tokens", "completion_tokens", "total_tokens"
_CACHED = (
    "original_usage.prompt_tokens_details.cached_tokens",
    "original_usage.input_tokens_details.cached_tokens",
    "original_usage.cache_read_input_tokens",
    "original_usage.cached_content_token_count",
)
_WRITTEN = ("original_usage.cache_creation_input_tokens",)
_REASONING = (
    "original_usage.completion_tokens_details.reasoning_tokens",
    "original_usage.output_tokens_details.reasoning_tokens",
    "original_usage.thoughts_token_count",
)
"""Keys of `usage`: what the SDK sends of OpenAI, Anthropic and Gemini, with dots for depth."""

Row = Mapping[str, Any]


def is_traffic(row: Row) -> bool:
    """Whether an application wrote a trace. What Opik's experiments, playground and evaluators write is none."""
    return row.get("source") not in {"experiment", "playground", "optimization", "evaluator"}


def root_of(row: Row) -> TraceRoot | None:
    """The columns of a trace; None where a row lacks an id or a start."""
    start = moment(row.get("start_time"))
    if start is None or not row.get("id"):
        return None
    metadata = _object(row.get("metadata"))
    tags = row.get("tags")
    return TraceRoot(
        trace_id=row["id"],
        observation_id=row["id"],
        name=str(row.get("name") or ""),
        environment=_text(row.get("environment")) or _text(metadata.get("environment")) or "default",
        start=start,
        end=moment(row.get("end_time")),
        level=_level(row),
        release=_text(metadata.get("release")),
        version=_text(metadata.get("version")),
        user_id=_text(metadata.get("user_id")) or _text(metadata.get("user.id")),
        session_id=_text(row.get("thread_id")),
        tags=tuple(sorted(str(tag) for tag in tags)) if isinstance(tags, list) else (),
        metadata=metadata,
    )


def bare(row: Row) -> Row:
    """A trace's row without what its application wrote freely."""
    return {**row, "metadata": None, "tags": None}


def trace_of(row: Row, spans: Iterable[Row]) -> Trace | None:
    """A whole trace; None where its row is none. Of a span that comes twice, the later end counts."""
    root = root_of(row)
    if root is None:
        return None
    steps: dict[str, Observation] = {}
    for span in spans:
        step = _step(span, root.observation_id)
        known = steps.get(step.id) if step else None
        if step and (known is None or (step.end or step.start) >= (known.end or known.start)):
            steps[step.id] = step
    ordered = sorted(steps.values(), key=lambda step: (step.start, step.id))
    return Trace(root=root, input=row.get("input"), output=row.get("output"), observations=tuple(ordered))


def moment(value: Any) -> datetime | None:
    """A time as Opik writes it: `2026-11-21T12:00:00.123456Z`, with up to nine decimals."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _step(row: Row, root_id: str) -> Observation | None:
    start, metadata = moment(row.get("start_time")), _object(row.get("metadata"))
    if start is None or not row.get("id") or EVALUATION in metadata:
        return None
    kind = str(row.get("type") or "general")
    wait_ms = amount(row.get("ttft"))
    return Observation(
        id=row["id"],
        type=TYPES.get(kind, kind),
        name=str(row.get("name") or ""),
        parent_id=_text(row.get("parent_span_id")) or root_id,
        start=start,
        end=moment(row.get("end_time")),
        level=_level(row),
        input=row.get("input"),
        output=row.get("output"),
        model=_text(row.get("model")),
        usage=_tokens(_object(row.get("usage"))),
        cost_usd=amount(row.get("total_estimated_cost")) or None,
        first_token=None if wait_ms is None else start + timedelta(milliseconds=wait_ms),
        metadata=metadata,
    )


def _tokens(usage: Mapping[str, JsonValue]) -> Tokens | None:
    """Tokens of a call. Where the SDK counted the input without what came from a cache, it is added."""
    given, answered = count(usage.get(_INPUT)), count(usage.get(_OUTPUT))
    if given is None and answered is None:
        return None
    cached, written = _first(usage, _CACHED), _first(usage, _WRITTEN)
    if given is not None and given < (apart := (cached or 0) + (written or 0)):
        given = min(given + apart, MOST_TOKENS)
    return Tokens(input=given, cached=cached, cache_write=written, output=answered, reasoning=_first(usage, _REASONING))


def _first(usage: Mapping[str, JsonValue], keys: Iterable[str]) -> int | None:
    return next((number for key in keys if (number := count(usage.get(key))) is not None), None)


def _level(row: Row) -> str:
    return "ERROR" if row.get("error_info") else "DEFAULT"


def _object(value: Any) -> dict[str, JsonValue]:
    """Metadata as a mapping, cut where too deep: a list or a text stands under a key of its own."""
    kept = without_depth(value)
    if isinstance(kept, dict):
        return kept
    return {} if kept is None else {"metadata": kept}


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
