"""The judged trace and span as OpenTelemetry names them: 16 and 8 bytes, whatever the trace's own store writes."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score

_TRACE_ID = re.compile(r"(?:tr-)?([0-9a-f]{32})")
"""E.g. `4bf92f3577b34da6a3ce929d0e0e4736`, or `tr-4bf92f…` in a store that puts a prefix before it."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""E.g. `4bf92f35-77b3-4da6-a3ce-929d0e0e4736`: the same 16 bytes with dashes."""
_SHORT_TRACE_ID = re.compile(r"[0-9a-f]{16}")
"""E.g. `a3ce929d0e0e4736`: older tracers have ids of 8 bytes, which are written with zeros before them."""
_SPAN_ID = re.compile(r"[0-9a-f]{16}")
"""E.g. `00f067aa0ba902b7`."""


class Target(NamedTuple):
    """What a score hangs on.

    Attributes:
        trace_id: 16 bytes.
        span_id: 8 bytes of the judged step, or else of the trace's root. Empty: neither is known by such an id.
    """

    trace_id: bytes
    span_id: bytes


def target_of(score: Score) -> Target:
    """Where a score belongs.

    Raises:
        StoreRejected: its trace id is no id of OpenTelemetry's, in none of the forms that stores write.
    """
    trace_id = trace_bytes(score.trace_id)
    if trace_id is None:
        raise StoreRejected(
            f"score {score.name!a} of trace {score.trace_id[:100]!a}: the trace id is none of OpenTelemetry's "
            "(16 bytes as 32 hex digits or a UUID), so no backend could show the score on its trace"
        )
    return Target(trace_id, span_bytes(score.observation_id) or span_bytes(score.root_id))


def trace_bytes(trace_id: str) -> bytes | None:
    """The 16 bytes of a trace id; None where it has another form, or is all zeros."""
    lower = trace_id.lower()
    if match := _TRACE_ID.fullmatch(lower):
        digits = match.group(1)
    elif _UUID.fullmatch(lower):
        digits = lower.replace("-", "")
    elif _SHORT_TRACE_ID.fullmatch(lower):
        digits = lower.zfill(32)
    else:
        return None
    number = bytes.fromhex(digits)
    return number if any(number) else None


def span_bytes(span_id: str | None) -> bytes:
    """The 8 bytes of a span id; none where it has another form, or is all zeros."""
    lower = (span_id or "").lower()
    number = bytes.fromhex(lower) if _SPAN_ID.fullmatch(lower) else b""
    return number if any(number) else b""
