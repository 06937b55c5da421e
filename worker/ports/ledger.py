"""The ledger: the promise that every selected trace ends scored, skipped or dead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from assay.worker.records.ledger import LedgerEntry, LedgerEvent, LedgerState, Promise, Transition

OWNER_LEASE_S = 20.0
"""For so long an owner counts as alive after `begin` or a renewal of its delivery.

The broker waits as long before it gives an unrenewed delivery to another worker, which may then take its entries at
once.
"""


class InFlight(NamedTuple):
    """What has not ended, or gave up, as one look tells it.

    Attributes:
        oldest_selected: when the oldest of it was selected; None: nothing is in flight. Of many it looks at those
            that are due next and at those that are released next.
        unverified: posted traces whose scores were due to be read back, or are within `SOON_S`.
        dead: dead letters by rubric. Beyond `MOST_DEAD` the older ones stand under an empty name.
    """

    oldest_selected: datetime | None = None
    unverified: int = 0
    dead: Mapping[str, int] = {}


SOON_S = 5.0
"""What a verifier did not find is looked for again after so long."""

MOST_DEAD = 10_000
"""So many dead letters, the latest, are told apart by their rubric."""


class Ledger(Protocol):
    """The ledger as work changes it. Every method is atomic and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet. Returns the promises that were new."""
        ...

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        ...

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment, and count the delivery.

        An entry that another owner holds is not returned while that owner lives: for `OWNER_LEASE_S` after each
        `Deliveries.renew` that names it. The same owner may take its own again, which counts no delivery. An entry
        whose back-off is not over is not returned either, however many messages name it. The age of an entry begins
        when it is first taken.

        Args:
            rubric: the rubric's name.
            trace_ids: the traces that are asked for.
            owner: who takes them. Each delivery of a message is an owner of its own.
            now: the current moment.
            until: when the taking ends by itself.

        Returns:
            The entries that were taken.
        """
        ...

    async def give_back(self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime) -> Sequence[str]:
        """Let go of entries that this owner took and did not finish; they are due at once.

        Their delivery does not count: their worker lives. Returns the trace ids that were given back.
        """
        ...

    async def apply(self, rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        """Apply transitions whose entry is still in an expected state. Returns the trace ids that changed.

        A final state ends the entry's deadline. `due` sets the next one. Any transition ends the taking by
        `begin`. What is `held` waits for leave: neither the waiting nor the try adds to its age.
        """
        ...

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed, but for those in living hands.

        The deadline is pushed, so that no entry is handed out twice.
        """
        ...


class Reopening(Protocol):
    """The same ledger as `assay backfill --rejudge` changes it.

    Raises (all methods):
        StateUnavailable
    """

    async def reopen(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open final entries again whose promise names another version of rubric or calibration than these.

        Their promise is replaced. What was remembered of the earlier judging is forgotten, as are its failed tries.

        Returns:
            The promises whose entry was opened.
        """
        ...


class LedgerReader(Protocol):
    """The same ledger as reports read it. Nothing here changes it.

    Raises (all methods):
        StateUnavailable
    """

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        ...

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first. Empty if there is no such entry."""
        ...

    def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order. Final ones live 14 days."""
        ...

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason), by UTC day of the trace's start.

        Kept in the same step as the entries themselves, and longer than them.
        """
        ...

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric), by UTC day of the trace's start.

        Counted when a promise is made and never again: what `counts` must sum to.
        """
        ...

    async def in_flight(self, now: datetime) -> InFlight:
        """What has not ended, and what gave up."""
        ...
