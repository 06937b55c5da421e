"""Where observations lie: those that were stored, in the order of every listing."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from typing import Protocol

from tests.servers.langfuse.rows import Key, Row

Bounds = tuple[int, int]
"""First and last start, inclusive and exclusive, in milliseconds."""

FOREVER: Bounds = (-(2**62), 2**62)


class RowSource(Protocol):
    """Something that has observations."""

    def descending(self, bounds: Bounds, before: Key | None, *, roots_only: bool = False) -> Iterator[Row]:
        """Rows that start within the bounds and come after this key in the listing, newest first.

        `roots_only` allows, and does not oblige, to leave the others out.
        """
        ...

    def of_traces(self, trace_ids: Iterable[str]) -> Iterator[Row]:
        """All rows of these traces, in any order."""
        ...

    def count_rows(self, bounds: Bounds) -> int:
        """How many rows start within the bounds."""
        ...


class StoredRows:
    """Rows in memory, by key and by trace."""

    def __init__(self) -> None:
        self._order: list[tuple[Key, str]] = []
        self._traces: dict[str, dict[Key, Row]] = {}

    def put(self, row: Row) -> None:
        """Store; the same id with the same start is replaced wholly, with another start it is a second row."""
        key, trace_id = row.key, row.fields["traceId"]
        rows = self._traces.setdefault(trace_id, {})
        if key not in rows:
            bisect.insort(self._order, (key, trace_id))
        rows[key] = row

    def descending(self, bounds: Bounds, before: Key | None, *, roots_only: bool = False) -> Iterator[Row]:
        low, high = self._range(bounds)
        if before is not None:
            high = min(high, bisect.bisect_left(self._order, (before, "")))
        for key, trace_id in reversed(self._order[low:high]):
            yield self._traces[trace_id][key]

    def of_traces(self, trace_ids: Iterable[str]) -> Iterator[Row]:
        for trace_id in dict.fromkeys(trace_ids):
            yield from self._traces.get(trace_id, {}).values()

    def count_rows(self, bounds: Bounds) -> int:
        low, high = self._range(bounds)
        return high - low

    def __len__(self) -> int:
        return len(self._order)

    def drop_trace(self, trace_id: str) -> None:
        """Forget a trace."""
        for key in self._traces.pop(trace_id, {}):
            self._order.pop(bisect.bisect_left(self._order, (key, trace_id)))

    def _range(self, bounds: Bounds) -> tuple[int, int]:
        low = bisect.bisect_left(self._order, ((bounds[0], -1, ""), ""))
        return low, bisect.bisect_left(self._order, ((bounds[1], -1, ""), ""))
