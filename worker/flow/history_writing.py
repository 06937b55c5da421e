"""Writing the record: every entry that ended gets its row, whatever dies in between and however often it is tried.

An entry waits in the state from the step that ended it. Its row is written first, and only then it is let go. Whoever
dies in between leaves a row that is written once more, which changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.worker.flow.history_databases import LATE_ENDS_AFTER, SEEN_EVERY, HistoryDatabase, HistoryDatabases
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.ports.clock import Clock
from assay.worker.ports.ended_entries import EndedEntries
from assay.worker.ports.history import HistoryUnavailable, HistoryWriter
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.source import Project
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.reports import Report

T = TypeVar("T")
ROWS_AT_ONCE = 500
"""Rows in one transaction: some hundredths of a second."""

PRUNED_AT_ONCE = 20_000
"""Rows that one tick removes at most. A month of a busy fleet is gone in some hours."""

PRUNE_EVERY_S = 3600

HISTORY_LOCK_TTL_S = 15.0
"""Longer than a batch takes. Two keepers at once would only do the same work twice, so it may be short: it is how long
nobody writes after one was killed."""

ANSWER_S = 30.0
"""A database that has not answered by then is away. Else a connection that is dead without a word would hold one thread
of the control worker after another."""

WORKS_FOR = timedelta(seconds=40)
"""Then a tick leaves the rest to the next one."""

_PRUNED = "history:pruned"

log = structlog.get_logger(__name__)


class HistoryReport(Report):
    """How many rows were written, how many entries a new database was given, and how many old rows were removed."""

    written: int = 0
    queued: int = 0
    pruned: int = 0


@dataclass(frozen=True)
class HistoryKeeper:
    """Keeps the record in step with the ledger.

    Attributes:
        project: knows what the store calls the project.
        store: the store's kind.
        keep_for: rows of traces that started longer ago are removed.
    """

    ended: EndedEntries
    writer: HistoryWriter
    project: Project
    store: str
    locks: Locks
    key_values: KeyValues
    clock: Clock
    keep_for: timedelta

    async def tick(self) -> HistoryReport:
        """Write what waits, and remove what is too old. One keeper works at a time.

        A database that is away costs nothing: what waits goes on waiting. It is told once, and tried by the next tick.

        Raises:
            StateUnavailable
        """
        owner, troubles = uuid.uuid4().hex, HistoryTroubles(self.key_values)
        if not await self._alone(owner):
            return HistoryReport()
        try:
            report = await self._work(owner, self.clock.now() + WORKS_FOR)
            await troubles.is_over()
        except (HistoryUnavailable, ConfigurationError) as exc:
            await troubles.tell(exc, self.clock.now())
            return HistoryReport()
        except StoreError as exc:
            log.warning("history.project_unknown", error=str(exc)[:200])
            return HistoryReport()
        finally:
            await self.locks.release("history", owner=owner)
        return report

    async def _alone(self, owner: str) -> bool:
        return await self.locks.acquire("history", owner=owner, ttl_s=HISTORY_LOCK_TTL_S)

    async def _work(self, owner: str, until: datetime) -> HistoryReport:
        total = HistoryReport(queued=await self._greet(await _answered(self.writer.identity())))
        while self.clock.now() < until and await self._alone(owner):
            entries = await self.ended.ended(limit=ROWS_AT_ONCE)
            if not entries:
                return total + HistoryReport(pruned=await self._prune(owner))
            total += await self._write(entries)
        return total

    async def _greet(self, identity: str) -> int:
        """Give a database that is new all that ended, and note which one is written to. Returns how many it gets."""
        databases, now = HistoryDatabases(self.key_values), self.clock.now()
        known = next((each for each in await databases.known() if each.identity == identity), None)
        if known is None:
            queued = await self._queue_all(now)
            log.info("history.new_database", queued=queued)
            await databases.keep(HistoryDatabase(identity=identity, first=now, last=now))
            return queued
        is_due = not known.is_whole and now - known.first >= LATE_ENDS_AFTER
        queued = await self._queue_all(now) if is_due else 0
        if is_due or now - known.last >= SEEN_EVERY:
            await databases.keep(known.model_copy(update={"last": now, "is_whole": known.is_whole or is_due}))
        return queued

    async def _queue_all(self, now: datetime) -> int:
        first, last = (now - self.keep_for).date(), (now + timedelta(days=1)).date()
        return await self.ended.enqueue_all(first, last)

    async def _write(self, entries: Sequence[LedgerEntry]) -> HistoryReport:
        origin = Origin(self.store, await self.project.project_id())
        rows = await in_thread(_rows, entries, origin)
        try:
            await _answered(self.writer.write(rows))
        except (HistoryUnavailable, ConfigurationError, StateUnavailable):
            raise
        except Exception as exc:  # whatever a row is refused for, the others must not wait behind it
            if len(entries) == 1:
                raise HistoryUnavailable(_refusal(entries[0], exc)) from exc
            return await self._write_apart(entries)
        await self.ended.recorded(entries)
        return HistoryReport(written=len(entries))

    async def _write_apart(self, entries: Sequence[LedgerEntry]) -> HistoryReport:
        """The database refused the lot: write in halves. What it takes is written, and the rest goes on waiting.

        Raises:
            HistoryUnavailable: it takes no row of at least one of them.
        """
        middle, refused = len(entries) // 2, None
        report = HistoryReport()
        for half in (entries[:middle], entries[middle:]):
            try:
                report += await self._write(half)
            except HistoryUnavailable as exc:
                refused = refused or exc
        if refused is not None:
            raise refused
        return report

    async def _prune(self, owner: str) -> int:
        """Remove old rows, once an hour. A tick that finds more than its share leaves the rest to the next hour."""
        claim = await self.key_values.keep(_PRUNED, owner.encode(), ttl_s=PRUNE_EVERY_S)
        if claim != owner.encode():
            return 0
        return await _answered(self.writer.prune(self.clock.now() - self.keep_for, limit=PRUNED_AT_ONCE))


async def _answered(call: Awaitable[T]) -> T:
    """What the database answers.

    Raises:
        HistoryUnavailable: it did not, within `ANSWER_S`.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            return await call
    except TimeoutError as exc:
        raise HistoryUnavailable(
            f"the record's database did not answer within {ANSWER_S:g} s; see that it can be reached"
        ) from exc


def _refusal(entry: LedgerEntry, error: Exception) -> str:
    """Which row is refused. What a library says of it may quote what is in the row."""
    return (
        f"the record's database takes no row of trace {entry.trace_id[:100]!a} (rubric {entry.promise.rubric}): "
        f"{type(error).__name__}; this is a fault of Assay's, please report it; other rows are written"
    )


def _rows(entries: Sequence[LedgerEntry], origin: Origin) -> list[HistoryRow]:
    return [row_of(entry, origin) for entry in entries]
