"""The trace store: where traces come from and scores go, and the errors it may raise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from assay.judges.errors import EvaluationError
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey, TraceRoot


class StoreError(EvaluationError):
    """The trace store did not do what was asked."""


class StoreUnavailable(StoreError):
    """Connection, time-out, lock or 5xx: RETRY; kept verdicts make this cheap."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreBusy(StoreUnavailable):
    """No room within a limit of our own: RETRY when there is; nothing was asked of the store."""


class StoreAccessDenied(StoreUnavailable):
    """The store refuses our key: RETRY, because a person can mend it while the work waits."""


class StoreRejected(StoreError):
    """The store understood and refused (validation, rights): PARK."""


class TraceTooLarge(StoreRejected):
    """The store has the trace, but it is more than the store, or we, move at once: SKIP."""


Fetched = Trace | StoreError
"""What became of a trace that was asked for: here it is, or why it could not be read, which says nothing of others."""


def trace_in(fetched: Mapping[str, Fetched], trace_id: str) -> Trace | None:
    """One trace out of what was fetched; None if the store does not have it.

    Raises:
        StoreError: it could not be read.
    """
    found = fetched.get(trace_id)
    if isinstance(found, StoreError):
        raise found
    return found


class TraceStore(Protocol):
    """A place where an application's traces are kept and scores can be hung on them.

    One instance per process, used from one event loop. Every call has a deadline of its own.
    """

    async def project_id(self) -> str:
        """The store's stable id of the project; part of every score's identity."""
        ...

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

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, at most 200 at once; what the store does not have is absent from the result.

        A trace that could not be read has its error instead, and takes no other with it: `TraceTooLarge` for ever,
        `StoreBusy` where the time for this call was over first.

        Raises:
            StoreUnavailable, StoreRejected: nothing could be read.
        """
        ...

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id; all fields are sent. A return means accepted, not yet readable.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...

    async def read_scores(self, ids: Iterable[str]) -> Mapping[str, Score]:
        """The scores that the store shows under these ids, at most 100 at once; missing ones are absent.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...

    async def close(self) -> None:
        """Release connections and files."""
        ...
