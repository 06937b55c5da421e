"""Spans and events to rows and back, and how much of one trace is taken.

What makes traces of spans is imported where it is used: most processes open the file and never need it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Attributes, Span, SpanEvent
from assay.worker.records.traces import Trace, utc_iso
from assay.worker.stores.sqlite.resources import Resource, resource_row, root_row
from assay.worker.stores.sqlite.rows import Row

MOST_PARTS = 10_000
"""Spans of one trace, and events of one trace, that are kept."""

MOST_BYTES = 16_000_000
"""Of one trace, as JSON text. A span without a parent may go beyond once."""

MOST_SPAN_BYTES = 8_000_000
"""Of one span. A cut text would be judged as if it were whole, so a larger span is refused."""

ROOTS_BEYOND = 100
"""A root comes last, and without it nobody sees the trace. So some spans without a parent are taken beyond."""

MOST_AT_ONCE = 2_000
"""Spans, or events, in one transaction: other processes write in between."""

BYTES_AT_ONCE = 8_000_000
"""Of spans and their resources in one transaction, and one span more."""

_NOT_WRITABLE = "the span holds what cannot be written"


class SpanRow(NamedTuple):
    """A span, ready to be written.

    Attributes:
        size: bytes of its text, without its resource.
        root: the row of the trace, where the span is its root.
    """

    key: SpanKey
    start: str
    end: str
    size: int
    text: str
    resource: Resource | None
    root: Row | None


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


class Chunk(NamedTuple):
    """Spans that are written together.

    Attributes:
        rows: by their keys, without spans of ours. Of two forms the one that ends later.
        refused: why others cannot be written.
        given: how many spans there were.
    """

    rows: dict[SpanKey, SpanRow]
    refused: dict[SpanKey, str]
    given: int


def span_rows(spans: Iterator[Span]) -> Chunk:
    """Rows of the next spans, as many as fit: so memory is bounded, however large they are, or their resources."""
    chunk = Chunk({}, {}, 0)
    resources: dict[int, Resource | StoreRejected | None] = {}
    held: list[Attributes] = []  # or another resource gets the place in memory by which one is known
    given = total = 0
    for span in spans:
        given += 1
        if id(span.resource) not in resources:
            held.append(span.resource)
            resources[id(span.resource)] = resource = _resource(span)
            total += resource.size if isinstance(resource, Resource) else 0
        total += _take_in(chunk, span, resources[id(span.resource)])
        if given >= MOST_AT_ONCE or total >= BYTES_AT_ONCE:
            break
    return chunk._replace(given=given)


def _resource(span: Span) -> Resource | StoreRejected | None:
    try:
        return resource_row(span.resource)
    except StoreRejected as exc:
        return exc
    except (ValueError, RecursionError):
        return StoreRejected(_NOT_WRITABLE)


def _take_in(chunk: Chunk, span: Span, resource: Resource | StoreRejected | None) -> int:
    """Add a span's row to a chunk, or why it has none. Returns how many bytes it holds."""
    from assay.worker.otlp.traces import is_own

    key = SpanKey(span.trace_id, span.span_id)
    try:
        if is_own(span):
            return 0
        if isinstance(resource, StoreRejected):
            raise resource
        row = _span_row(key, span, resource)
    except StoreRejected as exc:
        chunk.refused[key] = str(exc)
    except (ValueError, OverflowError, RecursionError):
        chunk.refused[key] = _NOT_WRITABLE
    else:
        if key not in chunk.rows or chunk.rows[key].end <= row.end:
            chunk.rows[key] = row
        return row.size
    return 0


def _span_row(key: SpanKey, span: Span, resource: Resource | None) -> SpanRow:
    text = span.model_dump_json(exclude_defaults=True, exclude={"resource"})
    size = len(text.encode())
    if size > MOST_SPAN_BYTES:
        raise StoreRejected(f"the span has more than {MOST_SPAN_BYTES:,} bytes")
    root = root_row(span, resource, size=size) if span.parent_id is None else None
    return SpanRow(key, utc_iso(span.start), utc_iso(span.end) if span.end else "", size, text, resource, root)


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

    def takes_span(self, row: SpanRow, known: int | None) -> bool:
        """Whether there is room for a span in its trace; counted, if so.

        Args:
            row: the span.
            known: bytes of the form that is there.
        """
        new, grows_by = (1, row.size) if known is None else (0, row.size - known)
        size = self._sizes.get(row.key.trace_id, Size())
        is_root = row.root is not None
        # A root comes last, so it may be the one that goes beyond. After it there is no room for any other.
        has_bytes = size.bytes + grows_by <= MOST_BYTES or (is_root and size.bytes - (known or 0) <= MOST_BYTES)
        if has_bytes and size.spans + new <= MOST_PARTS + (ROOTS_BEYOND if is_root else 0):
            self._add(row.key.trace_id, row.start, Size(new, 0, grows_by))
            return True
        return False

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


def collected_traces(
    spans: Sequence[Row], events: Sequence[Row], resources: Mapping[int, Attributes]
) -> dict[str, Trace]:
    """Traces by id, made of what is there of each. One without a root is absent."""
    from assay.worker.otlp.traces import trace_of

    logged: dict[SpanKey, list[SpanEvent]] = {}
    for row in events:
        key = SpanKey(row["trace_id"], row["span_id"])
        logged.setdefault(key, []).append(SpanEvent.model_validate_json(row["event"]))
    by_trace: dict[str, list[Span]] = {}
    for row in spans:
        span = Span.model_validate_json(row["span"])
        if row["resource"] is not None:  # the same mapping for all spans that have it
            span = span.model_copy(update={"resource": resources.get(row["resource"], {})})
        own = logged.get(SpanKey(span.trace_id, span.span_id), [])
        by_trace.setdefault(span.trace_id, []).append(_with_events(span, own) if own else span)
    traces = {trace_id: trace_of(each) for trace_id, each in by_trace.items()}
    return {trace_id: trace for trace_id, trace in traces.items() if trace is not None}


def _with_events(span: Span, logged: Sequence[SpanEvent]) -> Span:
    events = sorted((*span.events, *logged), key=lambda event: event.at or span.start)
    return span.model_copy(update={"events": tuple(events)})


def _sum(size: Size, more: Size) -> Size:
    return Size(size.spans + more.spans, size.events + more.events, size.bytes + more.bytes)
