"""The judged trace as OpenTelemetry knows it, where its store keeps the ids that it had there."""

from __future__ import annotations

import re
from functools import lru_cache

from opentelemetry.trace import Link, SpanContext, TraceFlags

_TRACE_ID = re.compile(r"(?:tr-)?([0-9a-f]{32})")
"""E.g. `4bf92f3577b34da6a3ce929d0e0e4736`, or `tr-4bf92f…` in a store that puts a prefix before it."""
_SPAN_ID = re.compile(r"[0-9a-f]{16}")
"""E.g. `00f067aa0ba902b7`."""


@lru_cache(maxsize=64)  # the scores of one trace are sent in a row
def trace_number(trace_id: str) -> int:
    """The number of a trace; 0 where its store has ids of its own."""
    match = _TRACE_ID.fullmatch(trace_id)
    return int(match.group(1), 16) if match else 0


def span_number(observation_id: str | None) -> int:
    """The number of a span; 0 where its store has ids of its own."""
    return int(observation_id, 16) if observation_id and _SPAN_ID.fullmatch(observation_id) else 0


@lru_cache(maxsize=64)
def judged_context(trace_id: str, observation_id: str | None) -> SpanContext:
    """Where the judged span is. It is invalid where an id is not OpenTelemetry's."""
    number, span = trace_number(trace_id), span_number(observation_id)
    return SpanContext(number, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def links_to(*contexts: SpanContext) -> list[Link]:
    """Links to those of them that are valid."""
    return [Link(context) for context in contexts if context.is_valid]
