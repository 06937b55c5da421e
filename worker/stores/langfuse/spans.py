"""Sends spans as OTLP/JSON in batches within the server's limit. Spans too large on their own are reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from assay.worker.stores.langfuse.client import LangfuseClient, TooLarge
from assay.worker.stores.langfuse.patient_calls import PatientCalls

OTLP = "/api/public/otel/v1/traces"
MOST_BYTES = 4_000_000
"""Of one body: Langfuse Cloud takes no request over 4.5 to 5 MB. A server may take less; then its 413 is heeded."""

MOST_SPANS = 100
Span = Mapping[str, Any]


async def send_traces(
    client: LangfuseClient, traces: Mapping[str, Sequence[Span]], patiently: PatientCalls | None = None
) -> set[str]:
    """Send the spans of traces, given by any key; returns the keys of those that are too large and were left out.

    Raises:
        StoreUnavailable, StoreRejected
    """
    patiently = patiently or PatientCalls()
    left_out = {key for key, spans in traces.items() if any(_size(span) > MOST_BYTES for span in spans)}
    pending = list(_bodies((key, span) for key, spans in traces.items() if key not in left_out for span in spans))
    while pending:
        body = pending.pop(0)
        spans = [span for _, span in body]
        whole = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "assay"}, "spans": spans}]}]}
        try:
            await patiently(partial(client.post, OTLP, whole, headers={"x-langfuse-ingestion-version": "4"}))
        except TooLarge:
            if len(body) == 1:
                left_out.add(body[0][0])
                continue
            middle = len(body) // 2
            pending[:0] = [body[:middle], body[middle:]]
    return left_out


def _bodies(spans: Iterable[tuple[str, Span]]) -> Iterator[list[tuple[str, Span]]]:
    body: list[tuple[str, Span]] = []
    size = 0
    for key, span in spans:
        own = _size(span)
        if body and (size + own > MOST_BYTES or len(body) == MOST_SPANS):
            yield body
            body, size = [], 0
        body.append((key, span))
        size += own
    if body:
        yield body


def _size(span: Span) -> int:
    """Bytes of a span in a body, with its comma."""
    return len(json.dumps(span, ensure_ascii=False, separators=(",", ":")).encode()) + 1
