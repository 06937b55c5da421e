"""What all workers share: the ledger, windows, kept verdicts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from assay.judges.errors import EvaluationError
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.reviews import ReviewList
from assay.worker.records.ledger import LedgerEntry, LedgerEvent, LedgerState, LostSpend, Move, Promise
from assay.worker.records.windows import WindowRecord


class StateUnavailable(EvaluationError):
    """Redis cannot be reached or did not answer in time; the message names the address and the remedy."""


class FleetState(Protocol):
    """What all workers share. The ledger is the promise that a selected trace ends scored, skipped or dead.

    Every method is atomic and safe to repeat. Redis in the fleet, memory within one process.

    Raises (all methods):
        StateUnavailable
    """

    @property
    def limits(self) -> RateLimits:
        """What all workers may ask of the outside world in a minute."""
        ...

    @property
    def reviews(self) -> ReviewList:
        """Answers that people should look at, on their way into queues."""
        ...

    async def epoch(self, now: datetime) -> datetime:
        """When this state began: `now` on the first call ever, that same moment afterwards."""
        ...

    async def windows(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        ...

    async def open_window(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and return what is stored: rates that are not stored yet are added.

        Whoever comes second gets the first one's rates.
        """
        ...

    async def put_window(self, window: WindowRecord) -> None:
        """Write or replace one window's record."""
        ...

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet; returns those that were new."""
        ...

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id; missing ones are absent."""
        ...

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first; empty if there is none."""
        ...

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime, alone: bool = False
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment, and count the delivery.

        An entry that another owner holds is not returned: the same owner (a redelivered message) may take its
        own again. Nor is one whose back-off is not over, however many messages name it. `alone` counts the
        delivery as one in which nothing else was judged.
        """
        ...

    async def move(self, rubric: str, moves: Sequence[Move], *, now: datetime) -> Sequence[str]:
        """Apply moves whose entry is still in an expected state; returns the trace ids that moved.

        A final state ends the entry's deadline; `due` sets the next one. Any move ends the taking by `begin`.
        """
        ...

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed; their deadline is pushed so that none is handed out twice."""
        ...

    def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order; final ones live 14 days."""
        ...

    async def dead_letters(self) -> Sequence[LedgerEntry]:
        """Everything that gave up and was neither replayed nor dropped, oldest first."""
        ...

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason), by UTC day of the trace's start.

        Kept transactionally with the entries themselves, and longer than them.
        """
        ...

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric), by UTC day of the trace's start.

        Counted when a promise is made and never again: what `counts` must sum to.
        """
        ...

    async def add_lost_spend(self, day: date, spend: LostSpend) -> None:
        """Count what was paid on a UTC day for no score. Unlike the rest, a repetition counts again."""
        ...

    async def lost_spend(self, first: date, last: date) -> LostSpend:
        """What was paid for no score on these UTC days together."""
        ...

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Keep a verdict under its content key unless one is there (or replace it); returns the one that is kept."""
        ...

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Kept values by key; expired ones are absent."""
        ...

    async def put_document(self, digest: str, content: str) -> None:
        """Publish a rubric or calibration under its hash, so that every worker judges with what a message names."""
        ...

    async def document(self, digest: str) -> str | None:
        """A published document, or None."""
        ...

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock for at most `ttl_s`, or hold one's own for longer; False if somebody else has it."""
        ...

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        ...

    async def queue_depth(self, queue: str) -> int:
        """Messages waiting in a Celery queue; 0 where there is no queue."""
        ...

    async def renew_deliveries(self, tags: Sequence[str], *, now: datetime) -> None:
        """Tell the broker that these unacknowledged deliveries are alive, so that it does not redeliver them."""
        ...

    async def ping(self) -> None:
        """Return if the state answers."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
