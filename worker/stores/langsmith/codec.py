"""Runs to traces. A run is LangSmith's word for a step; the id of a trace is the id of its root run."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.numbers import amount, count
from assay.worker.extraction.token_counts import Counts, comparable
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot
from assay.worker.store_clients.answers import without_depth

Row = Mapping[str, Any]

_TYPES = {"llm": "generation", "retriever": "retriever", "tool": "tool", "embedding": "embedding", "chain": "chain"}
"""What an observation is called. Prompts and parsers are mere spans."""
_LEAVES = {"llm", "retriever", "tool", "embedding"}
_COUNTED = {"llm", "embedding"}
"""Runs whose counts are their own. Those of a run above are the sums of what is below it."""
_WRAPPINGS = {"output", "input"}
"""The SDK puts what is no object under such a key, e.g. `{"output": "an answer"}`."""

ENVIRONMENTS = ("deployment.environment.name", "deployment.environment", "environment", "ls_environment", "env")
RELEASES = ("revision_id", "release")
VERSIONS = ("service.version", "version", "app_version")
USERS = ("user.id", "user_id")
SESSIONS = ("session_id", "thread_id", "conversation_id")
"""The keys of metadata by which LangSmith makes threads."""
_MODELS = ("ls_model_name", "model_name", "model")
_USAGE = "usage_metadata"


def uuid_of(text: str) -> str | None:
    """An id as LangSmith writes it, with dashes; None where it is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def root_of(row: Row) -> TraceRoot | None:
    """The columns of a trace, from its root run; None where the row lacks what a root must have."""
    start, run_id = moment(row.get("start_time")), row.get("id")
    if start is None or not isinstance(run_id, str):
        return None
    metadata, tags = metadata_of(row), row.get("tags")
    return TraceRoot(
        trace_id=str(row.get("trace_id") or run_id),
        observation_id=run_id,
        name=str(row.get("name") or ""),
        environment=_taken(metadata, ENVIRONMENTS) or "default",
        start=start,
        end=moment(row.get("end_time")),
        level=_level(row),
        release=_taken(metadata, RELEASES),
        version=_taken(metadata, VERSIONS),
        user_id=_taken(metadata, USERS),
        session_id=_taken(metadata, SESSIONS) or _text(row.get("thread_id")),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        metadata=metadata,
    )


def trace_of(rows: Sequence[Row]) -> Trace | None:
    """A whole trace; None where its root is not among the rows."""
    rooted = next((row for row in rows if _parent(row) is None), None)
    root = root_of(rooted) if rooted is not None else None
    if root is None or rooted is None:
        return None
    steps = {step.id: step for step in _steps(rows)}
    return Trace(
        root=root,
        input=_content(rooted.get("inputs"), rooted),
        output=_content(rooted.get("outputs"), rooted),
        observations=tuple(sorted(steps.values(), key=lambda step: (step.start, step.id))),
    )


def _steps(rows: Iterable[Row]) -> Iterable[Observation]:
    """The runs below the root. A root that is itself a model call or a retrieval is a step, too."""
    for row in rows:
        if _parent(row) is not None or str(row.get("run_type") or "").lower() in _LEAVES:
            step = _step(row)
            if step is not None:
                yield step


def _step(row: Row) -> Observation | None:
    start, run_id = moment(row.get("start_time")), row.get("id")
    if start is None or not isinstance(run_id, str):
        return None
    run_type, metadata = str(row.get("run_type") or "").lower(), metadata_of(row)
    usage = _usage(row, metadata)
    metadata.pop(_USAGE, None)
    tokens = _tokens(row, usage) if run_type in _COUNTED else None
    return Observation(
        id=run_id,
        type=_TYPES.get(run_type, "span"),
        name=str(row.get("name") or ""),
        parent_id=_parent(row),
        start=start,
        end=moment(row.get("end_time")),
        level=_level(row),
        input=_content(row.get("inputs"), row),
        output=_content(row.get("outputs"), row),
        model=_model(row, metadata),
        usage=tokens,
        cost_usd=_cost(row, usage) if tokens is not None else None,
        first_token=moment(row.get("first_token_time")),
        metadata=metadata,
    )


def metadata_of(row: Row) -> dict[str, JsonValue]:
    """The metadata of a run: a column of the newer query, a part of `extra` in the older. What is too deep is cut."""
    given = row.get("metadata")
    if not isinstance(given, dict):
        given = _part(row, "extra").get("metadata")
    return dict(without_depth(given)) if isinstance(given, dict) else {}


def bare(row: Row) -> Row:
    """A root's row without what its application wrote freely."""
    return {**row, "metadata": {}, "extra": {}, "tags": []}


def moment(value: Any) -> datetime | None:
    """A moment; one without a zone is in UTC."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _content(value: Any, row: Row) -> JsonValue:
    """What a run was given or gave back, out of the object that LangSmith keeps it in."""
    if not isinstance(value, dict):
        content: JsonValue = value
        return content
    inner = {key: part for key, part in value.items() if key != _USAGE}
    if not inner:
        return None
    if len(inner) == 1:
        key, part = next(iter(inner.items()))
        if key in _WRAPPINGS or (key == "documents" and str(row.get("run_type") or "").lower() == "retriever"):
            whole: JsonValue = part
            return whole
    return inner


def _parent(row: Row) -> str | None:
    """The run above: the last of those above in the newer query, a column of its own in the older."""
    above = row.get("parent_run_ids")
    if isinstance(above, list) and above:
        return str(above[-1])
    return _text(row.get("parent_run_id"))


def _level(row: Row) -> str:
    return "ERROR" if str(row.get("status") or "").lower() == "error" else "DEFAULT"


def _model(row: Row, metadata: dict[str, JsonValue]) -> str | None:
    asked = _part(_part(row, "extra"), "invocation_params")
    return _taken(metadata, _MODELS[:1]) or next((str(asked[key]) for key in _MODELS if asked.get(key)), None)


def _usage(row: Row, metadata: Mapping[str, Any]) -> Row:
    """What the application's client said of a model call, where the server's columns do not tell it."""
    return _part(_part(row, "outputs"), _USAGE) or _part(metadata, _USAGE)


def _tokens(row: Row, usage: Row) -> Tokens | None:
    read, wrote = _details(row, "prompt_token_details"), _details(row, "completion_token_details")
    asked, answered = _part(usage, "input_token_details"), _part(usage, "output_token_details")
    told = Counts(
        input=_count(row.get("prompt_tokens"), usage.get("input_tokens")),
        cached=_count(read.get("cache_read"), asked.get("cache_read")),
        cache_write=_count(*(part.get(key) for key in ("cache_write", "cache_creation") for part in (read, asked))),
        output=_count(row.get("completion_tokens"), usage.get("output_tokens")),
        reasoning=_count(wrote.get("reasoning"), answered.get("reasoning")),
    )
    # The server counts 0 where nobody counted.
    return comparable(told) if any(told) else None


def _details(row: Row, name: str) -> Row:
    """Counts by category: below `raw` in the newer query."""
    details = _part(row, name)
    return _part(details, "raw") or details


def _cost(row: Row, usage: Row) -> float | None:
    """Money, a number or, from the older query, a decimal as text."""
    costs = (amount(value) for value in (row.get("total_cost"), usage.get("total_cost")))
    return next((cost for cost in costs if cost), None)


def _count(*values: Any) -> int | None:
    return next((number for value in values if (number := count(value)) is not None), None)


def _taken(metadata: dict[str, JsonValue], names: Sequence[str]) -> str | None:
    """The first of these that is a text. It becomes a column and is not repeated."""
    for name in names:
        if _text(metadata.get(name)) is not None:
            return str(metadata.pop(name))
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    return part if isinstance(part, dict) else {}
