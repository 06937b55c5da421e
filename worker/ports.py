"""What the worker needs from the outside world, as protocols, and the errors those may raise.

TraceStore    worker/stores/      where traces come from and scores go
Clock         worker/clock.py     the time, so that tests own it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from judges.errors import EvaluationError
from worker.schema import Score, Trace, TraceKey, TraceRoot


class StoreError(EvaluationError):
    """The trace store did not do what was asked."""


class TraceNotFound(StoreError):
    """The store does not have the trace (yet): RETRY by age, then SKIP."""


class StoreUnavailable(StoreError):
    """Connection, time-out, lock or 5xx: RETRY; kept verdicts make this cheap."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreRejected(StoreError):
    """The store understood and refused (validation, rights): PARK."""


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

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        """Whole traces by id, at most 200 at once; what the store does not have is absent from the result.

        Raises:
            StoreUnavailable, StoreRejected
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


class Clock(Protocol):
    """The time. Production uses `worker.clock.SystemClock`; tests set their own."""

    def now(self) -> datetime:
        """The current moment, aware, UTC."""
        ...
