"""Spans and events to rows and back, and how much of one trace is taken.

What makes traces of spans is imported where it is used: most processes open the file and never need it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Span, SpanEvent
from assay.worker.records.traces import Trace, utc_iso
from assay.worker.stores.sqlite.rows import Row, trace_row

MOST_PARTS = 10_000
"""Spans of one trace, and events of one trace, that are kept."""

MOST_BYTES = 16_000_000
"""Of one trace, as JSON text."""

MOST_SPAN_BYTES = 8_000_000
"""Of one span. A cut text would be judged as if it were whole, so a larger span is refused."""

ROOTS_BEYOND = 100
"""A root comes last, and without it nobody sees the trace. So some spans without a parent are taken beyond."""


class SpanRow(NamedTuple):
    """A span, ready to be written."""

    key: SpanKey
    start: str
    end: str
    size: int
    text: str
    root: Row | None
    """The row of the trace, where the span is its root."""


class EventRow(NamedTuple):
    """An event, ready to be written."""

    key: SpanKey
    digest: str
    at: str
    text: str


class Size(NamedTuple):
    """How much there is of a trace."""

    spans: int = 0
    events: int = 0
    bytes: int = 0


def span_rows(spans: Iterable[Span]) -> tuple[dict[SpanKey, SpanRow], dict[SpanKey, str]]:
    """Rows by their keys, without spans of ours, and why others cannot be written. Of two forms the later end wins."""
    from assay.worker.otlp.traces import is_own

    rows: dict[SpanKey, SpanRow] = {}
    refused: dict[SpanKey, str] = {}
    for span in spans:
        key = SpanKey(span.trace_id, span.span_id)
        try:
            row = None if is_own(span) else _span_row(key, span)
        except (StoreRejected, ValueError, OverflowError, RecursionError):
            refused[key] = "the span holds what cannot be written"
            continue
        if row is not None and row.size > MOST_SPAN_BYTES:
            refused[key] = f"the span has more than {MOST_SPAN_BYTES:,} bytes"
        elif row is not None and (key not in rows or rows[key].end <= row.end):
            rows[key] = row
    return rows, refused


def _span_row(key: SpanKey, span: Span) -> SpanRow:
    text = span.model_dump_json(exclude_defaults=True)
    root = _root_row(span) if span.parent_id is None else None
    end = utc_iso(span.end) if span.end else ""
    return SpanRow(key, utc_iso(span.start), end, len(text.encode()), text, root)


def _root_row(span: Span) -> Row:
    from assay.worker.otlp.traces import root_of, root_order

    is_empty = root_order(span)[0]
    return {**trace_row(Trace(root=root_of(span))), "collected": 2 if is_empty else 1}


def event_rows(events: Iterable[LoggedEvent], *, now: str) -> dict[tuple[str, str, str], EventRow]:
    """Rows by their keys. The same event has the same digest, so that one that comes twice is kept once."""
    rows: dict[tuple[str, str, str], EventRow] = {}
    for key, event in events:
        try:
            text = event.model_dump_json(exclude_defaults=True)
        except ValueError:  # half of a surrogate pair
            continue
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        rows[(*key, digest)] = EventRow(key, digest, utc_iso(event.at) if event.at else now, text)
    return rows


class Tally:
    """Decides what of a batch is written, and adds up what that adds to each trace."""

    def __init__(self, sizes: Mapping[str, Size]) -> None:
        """Begin with what is there.

        Args:
            sizes: by trace.
        """
        self._sizes = dict(sizes)
        self._added: dict[str, tuple[str, Size]] = {}

    def takes_span(self, row: SpanRow, known: tuple[str, int] | None) -> bool:
        """Whether there is room for a span in its trace; counted, if so.

        Args:
            row: the span.
            known: end and bytes of the form that is there.
        """
        new, grows_by = (1, row.size) if known is None else (0, row.size - known[1])
        size = self._sizes.get(row.key.trace_id, Size())
        beyond = ROOTS_BEYOND if row.root is not None else 0
        has_room = size.spans + new <= MOST_PARTS + beyond and (beyond or size.bytes + grows_by <= MOST_BYTES)
        if has_room:
            self._add(row.key.trace_id, row.start, Size(new, 0, grows_by))
        return bool(has_room)

    def takes_event(self, row: EventRow) -> bool:
        """Whether there is room for an event that is not there yet; counted, if so."""
        size, length = self._sizes.get(row.key.trace_id, Size()), len(row.text.encode())
        has_room = size.events < MOST_PARTS and size.bytes + length <= MOST_BYTES
        if has_room:
            self._add(row.key.trace_id, row.at, Size(0, 1, length))
        return has_room

    def rows(self, *, now: str) -> list[tuple[str, str, str, int, int, int]]:
        """What was added, for `ADD_TO_TRACE`."""
        return [(trace_id, start, now, *size) for trace_id, (start, size) in self._added.items()]

    def _add(self, trace_id: str, start: str, more: Size) -> None:
        self._sizes[trace_id] = _sum(self._sizes.get(trace_id, Size()), more)
        first, added = self._added.get(trace_id, (start, Size()))
        self._added[trace_id] = (min(first, start), _sum(added, more))


def collected_traces(spans: Sequence[Row], events: Sequence[Row]) -> dict[str, Trace]:
    """Traces by id, made of what is there of each. One without a root is absent."""
    from assay.worker.otlp.traces import trace_of

    logged: dict[SpanKey, list[SpanEvent]] = {}
    for row in events:
        key = SpanKey(row["trace_id"], row["span_id"])
        logged.setdefault(key, []).append(SpanEvent.model_validate_json(row["event"]))
    by_trace: dict[str, list[Span]] = {}
    for row in spans:
        span = Span.model_validate_json(row["span"])
        own = logged.get(SpanKey(span.trace_id, span.span_id), [])
        by_trace.setdefault(span.trace_id, []).append(_with_events(span, own) if own else span)
    traces = {trace_id: trace_of(each) for trace_id, each in by_trace.items()}
    return {trace_id: trace for trace_id, trace in traces.items() if trace is not None}


def _with_events(span: Span, logged: Sequence[SpanEvent]) -> Span:
    events = sorted((*span.events, *logged), key=lambda event: event.at or span.start)
    return span.model_copy(update={"events": tuple(events)})


def _sum(size: Size, more: Size) -> Size:
    return Size(size.spans + more.spans, size.events + more.events, size.bytes + more.bytes)
