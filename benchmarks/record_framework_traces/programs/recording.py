# mypy: ignore-errors
"""What every program here needs: spans kept in memory, and a file written with them at the end.

Runs in the environment of the framework that is recorded, so it imports OpenTelemetry and nothing of this project.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SCENARIO = sys.argv[1].removesuffix("-german")
BASE_URL = sys.argv[3]
"""e.g. `http://127.0.0.1:41233/v1`."""
EXPORTER = InMemorySpanExporter()


def provider():
    """A tracer provider, set as the process's own, whose spans stay in memory."""
    own = TracerProvider(resource=Resource({"service.name": "support-desk"}))
    own.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(own)
    return own


def write(*, question, answer, evidence, packages, history=()):
    """Write the spans and what the application itself knows of its run.

    Args:
        question: What the user asked.
        answer: What the application answered.
        evidence: The texts that its retriever or its tools gave, in order.
        packages: Distributions whose versions are noted, e.g. `("openai",)`.
        history: Earlier turns of the conversation.
    """
    known = {"question": question, "answer": answer, "evidence": list(evidence)}
    content = {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "application": {**known, "history": list(history)} if history else known,
        "spans": [span_of(span) for span in EXPORTER.get_finished_spans()],
    }
    Path(sys.argv[2]).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def span_of(span):
    """One exported span as plain values."""
    return {
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "name": span.name,
        "scope": {
            "name": span.instrumentation_scope.name,
            "version": span.instrumentation_scope.version,
            "attributes": dict(span.instrumentation_scope.attributes or {}),
        },
        "resource": dict(span.resource.attributes),
        "start": span.start_time,
        "end": span.end_time,
        "status": {"code": span.status.status_code.name, "message": span.status.description},
        "attributes": dict(span.attributes),
        "events": [{"name": event.name, "attributes": dict(event.attributes or {})} for event in span.events],
    }
