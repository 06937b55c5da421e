"""Bytes that a row of the record and a trace of the embedded stores take here, by the databases that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from assay.worker.ports.capabilities import WithTotals
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.store import Store
from assay.worker.setup.capacity_constants import ROW_BYTES, TRACE_BYTES

LEAST_ROWS, LEAST_TRACES = 1_000, 200
"""From so many on a figure of this deployment is believed more than that of a benchmark."""


class Size(NamedTuple):
    """Bytes of one of many, and how that is told where it was measured here."""

    each: float
    own: str = ""


async def size_of_rows(record: HistoryReader) -> Size:
    """Of the record's rows, where its file has enough of them to tell.

    Raises:
        HistoryUnavailable
    """
    details = (await record.examine()).details or {}
    rows, used = details.get("rows"), details.get("bytes")
    if not isinstance(rows, int) or not isinstance(used, int) or rows < LEAST_ROWS:
        return Size(ROW_BYTES.value)
    return Size(used / rows, f"{used / rows:,.0f} bytes a row of the record ({rows:,} rows)")


async def size_of_traces(store: Store, name: str = "") -> Size | None:
    """Of an embedded store's traces. None where traces are elsewhere.

    Args:
        store: the store.
        name: what assay.yaml calls it, where there are several.

    Raises:
        StoreUnavailable, StoreRejected
    """
    if not isinstance(store, WithTotals):
        return None
    traces = await store.count_traces()
    if traces < LEAST_TRACES:
        return Size(TRACE_BYTES.value)
    used = await store.used_bytes()
    told = f"{used / traces:,.0f} bytes a trace of the embedded store{name and f' {name}'} ({traces:,} traces)"
    return Size(used / traces, told)


def mean_size(sizes: Mapping[str, Size | None], shares: Mapping[str, float]) -> float | None:
    """Bytes of the embedded stores for a trace of all. None where no store is embedded.

    Args:
        sizes: by store.
        shares: each store's part of the traces.
    """
    embedded = {name: size.each for name, size in sizes.items() if size is not None}
    return sum(each * shares.get(name, 0.0) for name, each in embedded.items()) if embedded else None
