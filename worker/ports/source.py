"""Where traces come from, in ports as small as what a use case asks: a project, its roots, whole traces.

Every call has a deadline of its own. One instance per process, used from one event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from assay.worker.ports.store_errors import StoreError
from assay.worker.records.traces import Trace, TraceKey, TraceRoot

Fetched = Trace | StoreError
"""What became of a trace that was asked for: the trace, or why it could not be read. The others are not affected."""


def trace_in(fetched: Mapping[str, Fetched], trace_id: str) -> Trace | None:
    """One trace out of what was fetched; None if the store does not have it.

    Raises:
        StoreError: it could not be read.
    """
    trace = fetched.get(trace_id)
    if isinstance(trace, StoreError):
        raise trace
    return trace


class Project(Protocol):
    """The project that traces are kept in."""

    async def project_id(self) -> str:
        """The store's stable id of the project; part of every score's identity."""
        ...


class RootSource(Project, Protocol):
    """What a sweep asks: which traces there are."""

    def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, in any order; a trace may appear more than once.

        Traces in our own environment are left out.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have steps that began in a range, but no root anywhere: `list_roots` has none of them.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class TraceReader(Project, Protocol):
    """What judging asks: whole traces."""

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, at most 200 at once; what the store does not have is absent from the result.

        A trace that could not be read has its error instead, and takes no other with it: `TraceTooLarge` for ever,
        `StoreBusy` where the time for this call was over first.

        Raises:
            StoreUnavailable, StoreRejected: nothing could be read.
        """
        ...


class TraceSource(RootSource, TraceReader, Protocol):
    """A place where an application's traces are kept."""
