"""Rows of Opik as traces: a trace row is the root, its spans are the steps beneath it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.numbers import amount
from assay.worker.extraction.step_facts import facts_in
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot
from assay.worker.store_clients.answers import without_depth

TYPES = {"llm": "generation", "general": "span"}
"""Opik's types of spans in our words. `tool` and `guardrail` are called the same."""
EVALUATION = "gen_ai.evaluation.name"
"""A span that has this attribute is a judgement, ours or another's: it is no content of the trace."""

_REPORTED = "original_usage."
"""Before the keys of `usage` that the endpoint reported itself, e.g. `original_usage.input_tokens`."""
_COUNTED = "gen_ai.usage."
"""What the other keys are elsewhere: `gen_ai.usage.prompt_tokens`. Of Anthropic they count the cache as output."""
_PROMPTS = "opik_prompts"
"""The key of metadata that links prompts: `[{"name": "answer", "version": {"commit": "c0ffee12"}}]`."""

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
        metadata={**_linked(metadata), **metadata},
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
        metadata=_of_the_call(row, metadata),
    )


def _tokens(usage: Mapping[str, JsonValue]) -> Tokens | None:
    """Tokens of a call: what its endpoint reported, or else what the SDK made of it."""
    reported = {key: value for key, value in usage.items() if key.startswith(_REPORTED)}
    tokens = facts_in(reported).tokens
    if tokens is not None and tokens.input is not None and tokens.output is not None:
        return tokens
    return facts_in(reported | {_COUNTED + key: value for key, value in usage.items() if key not in reported}).tokens


def _of_the_call(row: Row, metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Metadata with the provider and the linked prompt, under the names that facts are read by."""
    provider = _text(row.get("provider"))
    return {**({"provider": provider} if provider else {}), **_linked(metadata), **metadata}


def _linked(metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The prompt that metadata links. Of several nobody knows which the answer was written with."""
    prompts = metadata.get(_PROMPTS)
    prompt = prompts[0] if isinstance(prompts, list) and len(prompts) == 1 else None
    if not isinstance(prompt, dict) or not isinstance(prompt.get("name"), str):
        return {}
    version = prompt.get("version")
    commit = version.get("commit") or version.get("version_number") if isinstance(version, dict) else version
    return {"prompt_name": prompt["name"], **({"prompt_version": commit} if isinstance(commit, str | int) else {})}


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
