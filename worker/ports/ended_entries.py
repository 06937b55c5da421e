"""Ledger entries that ended and are not yet in the record.

An entry gets its place here in the very step that makes it final, and leaves when its row is written. So no worker
that dies in between loses a row.

A dead letter that is replayed leaves as it is opened, and comes back when it ends anew. An entry that is judged again
under another version stays as it was until its row is written: each version that came to an end has a row of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from assay.worker.records.ledger import LedgerEntry


class Unrecorded(NamedTuple):
    """How many ended entries wait for their row, and since when the oldest does."""

    entries: int
    oldest: datetime | None


class Unreadable(NamedTuple):
    """An entry that this Assay cannot read, as one of a newer Assay: whose it is, and what is wrong with it."""

    rubric: str
    trace_id: str
    cause: str


class Ended(NamedTuple):
    """Entries that wait for their row. What cannot be read waits, too, and stands in the way of none of the others."""

    entries: Sequence[LedgerEntry]
    unreadable: Sequence[Unreadable] = ()


class EndedEntries(Protocol):
    """The queue of ended entries. Every method is atomic and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def ended(self, *, limit: int, skip: int = 0) -> Ended:
        """Those that ended first. They stay until `recorded`. A dead letter that was opened again is not among them.

        Args:
            limit: how many at most.
            skip: how many are left out of those that ended first: whoever asks knows them, and could write no row.
        """
        ...

    async def recorded(self, entries: Sequence[LedgerEntry]) -> None:
        """Let go of entries whose row is written. One that has ended anew meanwhile stays."""
        ...

    async def unrecorded(self) -> Unrecorded:
        """What waits."""
        ...

    async def enqueue_all(self, first: date, last: date) -> int:
        """Queue every final entry whose trace started on one of these UTC days: for a record that is new.

        Returns how many did not wait yet. It may be stopped halfway and begun anew.
        """
        ...
