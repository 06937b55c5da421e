"""What a process says of itself, kept once for all of its spans, and what a root shows of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from assay.worker.extraction.names.columns import ROOT_COLUMNS
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import Trace, TraceRoot
from assay.worker.stores.sqlite.rows import Row, trace_row

MOST_RESOURCE_BYTES = 1_000_000
"""Of one resource."""

MOST_COLUMN_BYTES = 2_000
"""Of a root's columns, where they are more than its whole span: then a resource gave them, and to many roots."""

PAGE_BYTES = 16_000_000
"""Of the roots that are read at once, or of the first of them."""

_AROUND = "resource."
"""What stands before a resource's names in a root's metadata: `resource.service.name`."""

_COLUMN_NAMES = {name for names in ROOT_COLUMNS.values() for name in names}
_OF_SPAN = ("metadata", "input", "output", "collected", "around")
"""Columns of a root's row that hold nothing of its resource, or little."""


class Resource(NamedTuple):
    """A resource, ready to be written.

    Attributes:
        columns: what of it may become a column of a root.
    """

    digest: str
    size: int
    text: str
    columns: Attributes


def resource_row(resource: Attributes) -> Resource | None:
    """What is written of a resource; None for an empty one.

    Raises:
        StoreRejected: it is too large.
        ValueError: it holds what cannot be written.
    """
    if not resource:
        return None
    text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode()
    if len(raw) > MOST_RESOURCE_BYTES:
        raise StoreRejected(f"the resource has more than {MOST_RESOURCE_BYTES:,} bytes")
    columns = {name: resource[name] for name in _COLUMN_NAMES & resource.keys()}
    return Resource(hashlib.sha256(raw).hexdigest()[:32], len(raw), text, columns)


def root_row(span: Span, resource: Resource | None, *, size: int) -> Row:
    """The row of a trace, from its root and without what its resource says.

    Args:
        span: the root.
        resource: its resource, ready to be written.
        size: bytes of the span.

    Raises:
        StoreRejected: its columns are far larger than the span.
    """
    from assay.worker.otlp.traces import root_of, root_order

    around = resource.columns if resource is not None else {}
    root = root_of(span.model_copy(update={"resource": around}))
    metadata = dict(root.metadata)
    # A name that the span has itself stays: its own value is shown.
    shown = {name for name in around if metadata.get(_AROUND + name) is around[name]}
    for name in shown:
        del metadata[_AROUND + name]
    taken = sorted(name for name in around if name not in shown)
    row = trace_row(Trace(root=root.model_copy(update={"metadata": metadata})))
    columns = sum(len(str(value).encode()) for name, value in row.items() if name not in _OF_SPAN)
    if columns > max(MOST_COLUMN_BYTES, size):
        raise StoreRejected("what its resource says of the trace is too long")
    is_empty = root_order(span)[0]
    return {**row, "collected": 2 if is_empty else 1, "around": json.dumps(taken)}


def with_resource(root: TraceRoot, around: str | None, resource: Attributes) -> TraceRoot:
    """A root as it was before `root_row` took its resource out.

    Args:
        root: from its row.
        around: the row's column of this name.
        resource: what its span refers to.
    """
    if around is None or not resource:
        return root
    taken = set(json.loads(around))
    shown = {_AROUND + name: value for name, value in resource.items() if name not in taken}
    return root.model_copy(update={"metadata": {**shown, **root.metadata}})


def roots_that_fit(sizes: Sequence[Row]) -> int:
    """How many of the roots of a page are read at once. Of a resource that several have there is one."""
    total = 0
    seen: set[int] = set()
    for count, row in enumerate(sizes):
        total += row["bytes"] or 0
        if row["around"] and row["resource"] not in seen:
            seen.add(row["resource"])
            total += row["around"]
        if count and total > PAGE_BYTES:
            return count
    return len(sizes)
