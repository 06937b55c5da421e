"""Writing the record: every entry that ended gets its row, whatever dies in between and however often it is tried.

An entry waits in the state from the step that ended it. Its row is written first, and only then it is let go. Whoever
dies in between leaves a row that is written once more, which changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.worker.flow.batching import by_store
from assay.worker.flow.history_attempt import Attempt, failure, not_read, refusal
from assay.worker.flow.history_databases import (
    LATE_ENDS_AFTER,
    SEEN_EVERY,
    HistoryDatabase,
    HistoryDatabases,
    written_in_turn,
)
from assay.worker.flow.history_last_row import HistoryLastRow
from assay.worker.flow.history_owner import HistoryOwner
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.ports.clock import Clock
from assay.worker.ports.ended_entries import EndedEntries
from assay.worker.ports.history import HistoryReader, HistoryUnavailable, HistoryWriter
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.parts import WithParts, project_of
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
        project: knows what the store calls the project, or each of several stores.
        store: the store's kind.
        origin_of: what the record calls the store that a trace is in, where there are several.
        keep_for: rows of traces that started longer ago are removed.
        owner: keeps two fleets out of one database. None: nobody else can have this one.
    """

    ended: EndedEntries
    writer: HistoryWriter
    reader: HistoryReader
    project: Project
    store: str
    locks: Locks
    key_values: KeyValues
    clock: Clock
    keep_for: timedelta
    origin_of: Callable[[str], str] | None = None
    owner: HistoryOwner | None = None

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
            report, problem = await self._work(owner, self.clock.now() + WORKS_FOR)
            await (troubles.tell(problem, self.clock.now()) if problem else troubles.is_over())
        except (HistoryUnavailable, ConfigurationError) as exc:
            await troubles.tell(exc, self.clock.now())
            return HistoryReport()
        except StoreError as exc:
            log.warning("history.project_unknown", error=str(exc)[:200])
            return HistoryReport()
        except StateUnavailable:
            raise
        except Exception as exc:  # doctor and status have to know it, while the log gets what it was
            await troubles.tell(HistoryUnavailable(failure(exc)), self.clock.now())
            raise
        finally:
            await self.locks.release("history", owner=owner)
        return report

    async def _alone(self, owner: str) -> bool:
        return await self.locks.acquire("history", owner=owner, ttl_s=HISTORY_LOCK_TTL_S)

    async def _work(self, owner: str, until: datetime) -> tuple[HistoryReport, HistoryUnavailable | None]:
        """Write until nothing waits but what cannot be written: each tick tries that anew. Returns its problem."""
        identity = await _answered(self.writer.identity())
        await self._check_owner()
        total, left, problem = HistoryReport(queued=await self._greet(identity)), 0, None
        while self.clock.now() < until and await self._alone(owner):
            ended = await self.ended.ended(limit=ROWS_AT_ONCE, skip=left)
            if not ended.entries and not ended.unreadable:
                total += HistoryReport(pruned=await self._prune(owner))
                break
            attempt = await self._write(ended.entries, identity) if ended.entries else Attempt()
            total += HistoryReport(written=attempt.written)
            left += attempt.refused + len(ended.unreadable)
            problem = problem or attempt.problem or next(map(not_read, ended.unreadable), None)
        return total, problem

    async def _check_owner(self) -> None:
        """See that this fleet alone writes to the database.

        Raises:
            ConfigurationError: another one does.
            StoreError: no store says what its project is, so nothing could be written either.
        """
        if self.owner is None:
            return
        parts = self.project.parts.values() if isinstance(self.project, WithParts) else (self.project,)
        answers = await asyncio.gather(*(part.project_id() for part in parts), return_exceptions=True)
        projects = {answer for answer in answers if isinstance(answer, str)}
        if not projects:
            raise next(answer for answer in answers if isinstance(answer, BaseException))
        await _answered(self.owner.check(projects, self.clock.now()))

    async def _greet(self, identity: str) -> int:
        """Give a database that is new, or that has lost rows, all that ended. Returns how many it gets."""
        databases, now = HistoryDatabases(self.key_values), self.clock.now()
        every = await databases.known()
        known = next((each for each in every if each.identity == identity), None)
        if known is None:
            queued = await self._queue_all(now)
            log.info("history.new_database", queued=queued)
            await databases.keep(HistoryDatabase(identity=identity, first=now, last=now))
            return queued
        is_back = every[0].identity != identity
        known = known.returned(now) if is_back else known
        is_due = not known.is_whole and now - known.first >= LATE_ENDS_AFTER
        queued = await self._queue_all(now) if is_due else await self._replace_lost(identity, every)
        if is_due or is_back or now - known.last >= SEEN_EVERY:
            await databases.keep(known.model_copy(update={"last": now, "is_whole": known.is_whole or is_due}))
        return queued

    async def _replace_lost(self, identity: str, every: Sequence[HistoryDatabase]) -> int:
        """Queue all that ended where the database has not the row that was written last: somebody restored a backup.

        Where databases are written to in turn, each lacks what the others took. There only its own rows count.
        """
        now, rows = self.clock.now(), HistoryLastRow(self.key_values, self.reader)
        last = await rows.noted()
        if last is None or (last.identity != identity and written_in_turn(every, now)):
            return 0
        if not await _answered(rows.is_missing(last, now - self.keep_for)):
            return 0
        queued = await self._queue_all(now)
        log.warning("history.rows_were_missing", queued=queued)
        await rows.forget()
        return queued

    async def _queue_all(self, now: datetime) -> int:
        first, last = (now - self.keep_for).date(), (now + timedelta(days=1)).date()
        return await self.ended.enqueue_all(first, last)

    async def _write(self, entries: Sequence[LedgerEntry], identity: str) -> Attempt:
        origins, unknown = await self._origins(entries)
        if unknown:
            known = [entry for entry in entries if entry.trace_id in origins]
            rest = await self._write(known, identity) if known else Attempt()
            return rest.and_then(Attempt(refused=unknown))
        try:
            rows = await in_thread(_rows, entries, origins)
            await _answered(self.writer.write(rows))
        except (HistoryUnavailable, ConfigurationError, StateUnavailable):
            raise
        except Exception as exc:  # noqa: BLE001  # whatever a row is refused for, the others must not wait behind it
            if len(entries) == 1:
                return Attempt(refused=1, problem=HistoryUnavailable(refusal(entries[0], exc)))
            middle = len(entries) // 2
            halves = [await self._write(half, identity) for half in (entries[:middle], entries[middle:])]
            return halves[0].and_then(halves[1])
        await HistoryLastRow(self.key_values, self.reader).note(identity, rows)
        await self.ended.recorded(entries)
        return Attempt(written=len(entries))

    async def _origins(self, entries: Sequence[LedgerEntry]) -> tuple[dict[str, Origin], int]:
        """Where these traces lie, and of how many that is not known: their store, of several, does not answer.

        Raises:
            StoreError: there is one store, and it does not answer.
        """
        if self.origin_of is None:
            origin = Origin(self.store, await self.project.project_id())
            return {entry.trace_id: origin for entry in entries}, 0
        by_origin = by_store(entries, self.origin_of, lambda entry: entry.trace_id)
        origins: dict[str, Origin] = {}
        unknown = 0
        for store, group in by_origin.items():
            try:
                project = await project_of(self.project, group[0].trace_id)
            except StoreError as exc:
                log.warning("history.project_unknown", store=store, error=str(exc)[:200])
                unknown += len(group)
            else:
                origins |= {entry.trace_id: Origin(store, project) for entry in group}
        return origins, unknown

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


def _rows(entries: Sequence[LedgerEntry], origins: Mapping[str, Origin]) -> list[HistoryRow]:
    return [row_of(entry, origins[entry.trace_id]) for entry in entries]
