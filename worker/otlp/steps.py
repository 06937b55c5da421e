"""Spans as the steps of a trace."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from pydantic import JsonValue

from assay.worker.extraction.attributes import kind_in
from assay.worker.extraction.names import STEP_TYPES, UNTYPED
from assay.worker.extraction.names.attributes import MODEL_ATTRIBUTES, TOOL_ATTRIBUTES, TYPE_ATTRIBUTES
from assay.worker.extraction.names.columns import (
    FIRST_TOKEN_AT,
    FIRST_TOKEN_EVENTS,
    LEVEL,
    LEVEL_NAME,
    LEVELS,
    OPENED,
)
from assay.worker.extraction.names.facts import NAMINGS
from assay.worker.extraction.step_facts import StepFacts, facts_in
from assay.worker.otlp.json_texts import json_object
from assay.worker.otlp.span_content import content_of, own_metadata
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import Observation

_ALWAYS_TAKEN = {*TYPE_ATTRIBUTES, *FIRST_TOKEN_AT, LEVEL_NAME, LEVEL}
_TYPES = {"generation", "retriever", "tool", "embedding", "agent", "chain", "evaluator", "guardrail", "event"}
"""What an observation may be. All else is a `span`."""
_LEAVES = {"generation", "retriever", "tool", "embedding"}
"""A root of these types is itself the model call or the retrieval, so selectors by type must find it."""
_COUNTS = {"input", "tool_input", "cached", "cache_write", "output", "reasoning", "total"}
_FIRST = {"first_token_s", "first_token_ms"}


def step_of(span: Span, besides: Collection[str] = ()) -> Observation:
    """A span as an observation.

    Args:
        span: the span.
        besides: attributes that are kept elsewhere, and so are not its metadata.
    """
    content = content_of(span)
    facts = facts_of_call(content.rest)
    return Observation.model_construct(
        id=span.span_id,
        type=type_of(content.rest),
        name=span.name,
        parent_id=span.parent_id,
        start=span.start,
        end=span.end,
        level=level_of(span),
        input=content.input,
        output=content.output,
        model=facts.asked or facts.served,
        usage=facts.tokens,
        cost_usd=facts.cost_usd,
        first_token=_first_token(span, facts),
        metadata=own_metadata(content.rest, {*besides, *taken_by_step(content.rest, facts)}),
    )


def taken_by_step(rest: Attributes, facts: StepFacts) -> Iterator[str]:
    """Attributes that became columns of a step."""
    has = {
        "asked": facts.asked is not None,
        "cost_usd": facts.cost_usd is not None,
        **dict.fromkeys(_COUNTS, facts.tokens is not None),
        **dict.fromkeys(_FIRST, facts.first_token_s is not None),
    }
    for name in rest:
        if name in _ALWAYS_TAKEN or (name in NAMINGS and has.get(NAMINGS[name].fact)):
            yield name
    if facts.tokens is not None or facts.cost_usd is not None:
        yield from OPENED


def facts_of_call(rest: Attributes) -> StepFacts:
    """What attributes say of a model call. Some of them are objects as JSON."""
    opened = {name: inner for name in OPENED if (inner := json_object(rest.get(name))) is not None}
    return facts_in(rest | opened if opened else rest)


def texts_of(span: Span) -> tuple[JsonValue, JsonValue]:
    """What a span was given and what it gave back; None for what it does not tell."""
    content = content_of(span)
    return content.input, content.output


def has_content(span: Span) -> bool:
    """Whether a span tells an input or an output."""
    return texts_of(span) != (None, None)


def is_leaf(span: Span) -> bool:
    """Whether a root is itself a model call, a retrieval or a tool."""
    return type_of(span.attributes) in _LEAVES


def type_of(attributes: Attributes) -> str:
    """What a step is, in the words of observations; `span` where no attribute says it."""
    told = kind_in(attributes)
    kind = STEP_TYPES.get(told, told)
    if kind in _TYPES:
        return kind
    if kind in UNTYPED and any(attributes.get(name) for name in TOOL_ATTRIBUTES):
        return "tool"
    return "generation" if kind in UNTYPED and any(attributes.get(name) for name in MODEL_ATTRIBUTES) else "span"


def level_of(span: Span) -> str:
    """How bad it was: `ERROR` where the span's status says so, else by its own word or its number of severity."""
    if span.status == "ERROR":
        return "ERROR"
    name, number = span.attributes.get(LEVEL_NAME), span.attributes.get(LEVEL)
    if isinstance(name, str) and name in LEVELS.values():
        return name
    return LEVELS.get(number, "DEFAULT") if isinstance(number, int) else "DEFAULT"


def _first_token(span: Span, facts: StepFacts) -> datetime | None:
    """When the first token came: so many seconds after the start, or when an attribute or an event says so."""
    if facts.first_token_s is not None:
        return span.start + timedelta(seconds=facts.first_token_s)
    told = [_moment(span.attributes[name]) for name in FIRST_TOKEN_AT if name in span.attributes]
    told += [event.at for event in span.events if event.name in FIRST_TOKEN_EVENTS]
    return next((at for at in told if at is not None and at >= span.start), None)


def _moment(value: JsonValue) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value).strip('"'))
    except ValueError:
        return None
    return at if at.tzinfo else None
