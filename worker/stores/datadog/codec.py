"""Spans, as Datadog's search shows them, to traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.numbers import MOST_USD, amount, count
from assay.worker.extraction.token_counts import Counts, comparable
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot
from assay.worker.store_clients.answers import parsed_text, without_depth
from assay.worker.stores.datadog.spans import Span, is_root

_TYPES = {
    "llm": "generation",
    "retrieval": "retriever",
    "tool": "tool",
    "embedding": "embedding",
    "agent": "agent",
    "workflow": "chain",
    "task": "span",
}
_LEAVES = {"llm", "retrieval", "tool", "embedding"}
_COLUMNS = {
    "environment": "env",
    "release": "git.commit.sha",
    "version": "version",
    "user_id": "user_id",
    "session_id": "session_id",
}
"""Tags that became columns."""
_NOISE = {"ddtrace.version", "error", "error_type", "integration", "language", "ml_app", "runtime-id", "source"}
"""Tags that say nothing of an application's traffic."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NS = 86_400_000_000_000 * 366
"""A year: what is said to last longer has no known end."""
_COUNTED = (
    *("input_tokens", "cache_read_input_tokens", "cache_write_input_tokens", "output_tokens"),
    *("reasoning_output_tokens", "total_tokens"),
)
"""Metrics of a call, in the order of `Counts`."""
_COSTS_IN_USD = 1_000_000_000
"""Datadog estimates costs in billionths of a dollar."""


def root_of(span: Span) -> TraceRoot | None:
    """The columns of a trace, from its root span; None where the span lacks what a root must have."""
    start, tags = start_of(span), tags_of(span)
    if start is None or not span.get("trace_id") or not span.get("span_id"):
        return None
    columns = {name: tags.get(key) or None for name, key in _COLUMNS.items()}
    return TraceRoot(
        trace_id=str(span["trace_id"]),
        observation_id=str(span["span_id"]),
        name=str(span.get("name") or ""),
        environment=columns["environment"] or "default",
        start=start,
        end=_end(span, start),
        level=_level(span),
        release=columns["release"],
        version=columns["version"],
        user_id=columns["user_id"],
        session_id=columns["session_id"],
        tags=tuple(tag for tag in _texts(span) if tag.partition(":")[0] not in _NOISE | set(_COLUMNS.values())),
        metadata=_metadata(span),
    )


def trace_of(spans: Sequence[Span]) -> Trace | None:
    """A whole trace; None where its root is not among the spans. Of several roots the earliest counts."""
    roots = sorted(
        (span for span in spans if is_root(span) and root_of(span)), key=lambda span: start_of(span) or _EPOCH
    )
    root = root_of(roots[0]) if roots else None
    if root is None:
        return None
    steps = {step.id: step for step in _steps(spans)}
    return Trace(
        root=root,
        input=_content(roots[0].get("input")),
        output=_content(roots[0].get("output")),
        observations=tuple(sorted(steps.values(), key=lambda step: (step.start, step.id))),
    )


def _steps(spans: Iterable[Span]) -> Iterable[Observation]:
    """The spans below the root. A root that is itself a model call or a retrieval is a step, too."""
    for span in spans:
        start = start_of(span)
        if start is not None and span.get("span_id") and (not is_root(span) or span.get("span_kind") in _LEAVES):
            yield _step(span, start)


def _step(span: Span, start: datetime) -> Observation:
    metrics = _part(span, "metrics")
    wait_s = amount(metrics.get("time_to_first_token"))
    return Observation(
        id=str(span["span_id"]),
        type=_TYPES.get(str(span.get("span_kind") or ""), "span"),
        name=str(span.get("name") or ""),
        parent_id=None if is_root(span) else str(span["parent_id"]),
        start=start,
        end=_end(span, start),
        level=_level(span),
        input=_content(span.get("input")),
        output=_content(span.get("output")),
        model=str(span["model_name"]) if span.get("model_name") else None,
        usage=_tokens(metrics),
        cost_usd=_cost(metrics),
        first_token=start + timedelta(seconds=wait_s) if wait_s else None,
        metadata={**_of_the_call(span), **_metadata(span)},
    )


def start_of(span: Span) -> datetime | None:
    """When a span began. The field says nanoseconds; the documentation's own example has milliseconds in it."""
    at = span.get("start_ns")
    if not isinstance(at, int | float) or not 0 < at < 1e30:
        return None
    in_ms, in_us = at < 1e14, at < 1e17
    micros = int(at) * 1000 if in_ms else int(at) if in_us else int(at) // 1000
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None


def tags_of(span: Span) -> dict[str, str]:
    """Tags by key, the first of each."""
    tags: dict[str, str] = {}
    for text in _texts(span):
        key, _, value = text.partition(":")
        tags.setdefault(key, value)
    return tags


def has_tag(span: Span, tag: str) -> bool:
    """Whether a span has a tag. A key may have several values, as `source` does."""
    return tag in _texts(span)


def _texts(span: Span) -> list[str]:
    tags = span.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _metadata(span: Span) -> dict[str, JsonValue]:
    given = span.get("metadata")
    return dict(without_depth(given)) if isinstance(given, dict) else {}


def bare(span: Span) -> Span:
    """A root's span without what its application wrote freely. The environment is among the tags, which stay."""
    return {**span, "metadata": {}}


def _content(value: Any) -> JsonValue:
    """What a span was given or gave back: documents or messages where they are shown, else its text.

    A text that is JSON of an object or a list is one: the SDK writes everything as text.
    """
    if not isinstance(value, dict):
        return None
    for name in ("documents", "messages"):
        listed = value.get(name)
        if isinstance(listed, list) and listed:
            return list(listed)
    text = value.get("value")
    if isinstance(text, str) and text[:1] in ("{", "["):
        return parsed_text(text)
    return text if isinstance(text, str | int | float | bool) else None


def _end(span: Span, start: datetime) -> datetime | None:
    took = span.get("duration")
    is_span = isinstance(took, int | float) and 0 <= took <= _LONGEST_NS
    return start + timedelta(microseconds=round(took / 1000)) if is_span and took is not None else None


def _level(span: Span) -> str:
    return "ERROR" if span.get("status") == "error" else "DEFAULT"


def _of_the_call(span: Span) -> dict[str, JsonValue]:
    """The provider, and the prompt that the application names, under the names that facts are read by."""
    prompt = _part(_part(span, "input"), "prompt")
    named = {
        "provider": span.get("model_provider"),
        "prompt_name": prompt.get("name") or prompt.get("id"),
        "prompt_version": prompt.get("version"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str | int) and value != ""}


def _tokens(metrics: Mapping[str, Any]) -> Tokens | None:
    return comparable(Counts(*(count(metrics.get(name)) for name in _COUNTED)))


def _cost(metrics: Mapping[str, Any]) -> float | None:
    value = metrics.get("estimated_total_cost")
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MOST_USD * _COSTS_IN_USD
    return value / _COSTS_IN_USD if is_number and value is not None else None


def _part(span: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = span.get(name)
    return part if isinstance(part, dict) else {}
