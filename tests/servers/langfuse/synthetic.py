"""Any number of traces in constant memory: each is made out of its index when it is asked for.

A synthetic trace is one of the recorded traces with other ids at another time, so every shape there is occurs.
"""

from __future__ import annotations

import functools
import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.recordings import answered, raw_metadata, recorded_traces
from tests.servers.langfuse.rows import Key, Row, make_row
from tests.servers.langfuse.tables import Bounds

_ODD = 2_654_435_761
_INVERSE = pow(_ODD, -1, 2**32)


@dataclass(frozen=True)
class Template:
    """A recorded trace: what is known of it and its rows, their starts in milliseconds from the trace's first."""

    known: dict[str, Any]
    rows: tuple[tuple[int, Row], ...]

    @property
    def key(self) -> str:
        """The trace's name in the recordings."""
        return str(self.known["key"])

    @property
    def roots(self) -> int:
        """How many roots it has: usually one, in some none or two."""
        return sum(row.fields["isRootObservation"] for _, row in self.rows)


@functools.cache
def templates(*, plain: bool = False) -> tuple[Template, ...]:
    """The recorded traces; `plain`: only those with exactly one root and no row twice."""
    rows: dict[str, list[Row]] = {}
    for columns in answered("observations-corpus.all"):
        known = {name: value for name, value in columns.items() if name != "metadata"}
        known["metadata"] = raw_metadata(columns["metadata"])
        made = make_row(known, project_id="", now=clock.parse(columns["createdAt"]))
        rows.setdefault(columns["traceId"], []).append(made)
    found = []
    for known in recorded_traces():
        own = rows[known["trace_id"]]
        first = min(row.start for row in own)
        found.append(Template(known, tuple((row.start - first, row) for row in own)))
    return tuple(one for one in found if not plain or _is_plain(one))


def _is_plain(template: Template) -> bool:
    return template.roots == 1 and len({row.fields["id"] for _, row in template.rows}) == len(template.rows)


@dataclass(frozen=True, slots=True)
class _Newest:
    """A row in a heap of which the newest comes first; its hash is needed only where two start together."""

    row: Row

    def __lt__(self, other: _Newest) -> bool:
        mine, its = self.row, other.row
        return mine.start > its.start if mine.start != its.start else mine.key > its.key


@dataclass(frozen=True)
class SyntheticTraces:
    """A source of `count` traces, evenly over `span_ms` from `start_ms`."""

    count: int
    start_ms: int
    span_ms: int
    seed: int = 0
    project_id: str = "support-desk-project"
    made_of: Sequence[Template] = field(default_factory=templates)
    lag_ms: int = 0
    """From a row's end to its visibility."""

    @property
    def _widest(self) -> int:
        return max(offset for template in self.made_of for offset, _ in template.rows)

    def template(self, index: int) -> Template:
        """Of what the trace is made."""
        return self.made_of[int(self._digest(index)[:8], 16) % len(self.made_of)]

    def trace_id(self, index: int) -> str:
        """The trace's id: the index, scrambled, and a checksum."""
        return f"{(index * _ODD + self.seed) % 2**32:08x}{self._digest(index)[8:32]}"

    def index(self, trace_id: str) -> int | None:
        """The index behind an id, None for an id that is not of here."""
        try:
            found = (int(trace_id[:8], 16) - self.seed) * _INVERSE % 2**32
        except ValueError:
            return None
        return found if found < self.count and self.trace_id(found) == trace_id else None

    def descending(self, bounds: Bounds, before: Key | None, *, roots_only: bool = False) -> Iterator[Row]:
        low, high = bounds
        if before is not None:
            high = min(high, before[0] + 1)
        widest = self._widest
        waiting: list[_Newest] = []
        for index in range(self._first_from(high) - 1, -1, -1):
            begin = self._start(index)
            if begin + widest < low:
                break
            # No older trace has a row after this: what starts later can go out.
            yield from self._due(waiting, begin + widest, before)
            for row in self._rows(index, roots_only=roots_only):
                if low <= row.start < high:
                    heapq.heappush(waiting, _Newest(row))
        yield from self._due(waiting, -(2**62), before)

    @staticmethod
    def _due(waiting: list[_Newest], after: int, before: Key | None) -> Iterator[Row]:
        while waiting and waiting[0].row.start > after:
            row = heapq.heappop(waiting).row
            if before is None or row.start < before[0] or row.key < before:
                yield row

    def every_row(self) -> Iterator[Row]:
        """All rows of all traces, oldest trace first."""
        for index in range(self.count):
            yield from self._rows(index)

    def of_traces(self, trace_ids: Iterable[str]) -> Iterator[Row]:
        for trace_id in dict.fromkeys(trace_ids):
            index = self.index(trace_id)
            if index is not None:
                yield from self._rows(index)

    def count_rows(self, bounds: Bounds) -> int:
        """Traces that start within the bounds."""
        return max(0, self._first_from(bounds[1]) - self._first_from(bounds[0]))

    def _digest(self, index: int) -> str:
        return hashlib.sha256(f"{self.seed}:{index}".encode()).hexdigest()

    def _start(self, index: int) -> int:
        return self.start_ms + index * self.span_ms // self.count

    def _first_from(self, moment: int) -> int:
        """The first index that starts at a moment or later."""
        wanted = -(-(moment - self.start_ms) * self.count // self.span_ms)
        return min(self.count, max(0, wanted))

    def _rows(self, index: int, *, roots_only: bool = False) -> Iterator[Row]:
        begin, trace_id = self._start(index), self.trace_id(index)
        for offset, row in self.template(index).rows:
            if row.fields["isRootObservation"] or not roots_only:
                yield self._moved(row, begin + offset, trace_id)

    def _moved(self, row: Row, start: int, trace_id: str) -> Row:
        old = row.fields
        end = start + clock.parse(old["endTime"]) - row.start
        parent = old["parentObservationId"]
        arrived = clock.iso(end + 1000)
        changed = {
            "id": _own_id(trace_id, old["id"]),
            "traceId": trace_id,
            "parentObservationId": parent and _own_id(trace_id, parent),
            "startTime": clock.iso(start),
            "endTime": clock.iso(end),
            "createdAt": arrived,
            "updatedAt": arrived,
            "projectId": self.project_id,
        }
        moved = Row(start, end + self.lag_ms, {**old, **changed}, row.metadata)
        moved.ended, moved.trace_keys = row.ended, row.trace_keys
        return moved


def _own_id(trace_id: str, observation_id: str) -> str:
    return hashlib.sha256(f"{trace_id}:{observation_id}".encode()).hexdigest()[:16]
