"""Spans as OpenTelemetry has them, decoded: what a receiver takes, and what stores that keep spans give.

Attributes are plain values: text, numbers, booleans, lists and mappings of these. Which attribute means what is told
by `assay.worker.extraction`.
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record

Attributes = dict[str, JsonValue]


class SpanEvent(Record):
    """Something that happened while a span was open, e.g. `gen_ai.content.prompt`."""

    name: str
    at: AwareDatetime | None = None
    attributes: Attributes = Field(default_factory=dict)


class Span(Record):
    """One span.

    Attributes:
        trace_id: 32 hex digits, lower case.
        span_id: 16 hex digits, lower case.
        parent_id: of the span above it; None for a root.
        kind: `INTERNAL`, `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER` or empty.
        status: `OK`, `ERROR` or empty.
        resource: attributes of the process that sent it, e.g. `service.name`.
        scope: name of the instrumentation that made it.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str = ""
    kind: str = ""
    start: AwareDatetime
    end: AwareDatetime | None = None
    status: str = ""
    status_message: str = ""
    attributes: Attributes = Field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()
    resource: Attributes = Field(default_factory=dict)
    scope: str = ""
