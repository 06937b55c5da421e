"""A scheduled run: from its message to the kept result and the announcement, whichever worker dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError
from assay.worker.golden.scheduling.announce import Announcement, announce
from assay.worker.golden.scheduling.outcome import ERROR, RunOutcome, batches_left, own_words
from assay.worker.golden.scheduling.run_desk import PutAside
from assay.worker.golden.scheduling.scheduled_job import GoldenPlace, NotUsableNow, run_scheduled
from assay.worker.golden.scheduling.slot_records import BatchWait, SlotBook, SlotRecord, SlotState
from assay.worker.golden.scheduling.tick import RUN_LOCK
from assay.worker.ports.clock import Clock
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.records.messages import GoldenRunMessage
from assay.worker.records.reports import Report

LOCK_TTL_S = 60.0
RENEW_EVERY_S = 15.0
MAX_ATTEMPTS = 3
"""A run that was begun so often and never ended is given up: it may be what ends its worker."""

LOOK_AGAIN = timedelta(minutes=30)
"""After so long a run that was put aside is looked at, whatever is known of its batches: as a backfill's traces are."""

ELSEWHERE = timedelta(hours=1)
"""How long the worker with a run's journal may be away before another one begins the run anew."""

log = structlog.get_logger(__name__)


class _LockLost(Exception):
    """Another worker has the run in hand."""


class _Lease:
    """Whether the run is still this worker's, and how to stop it where it is not."""

    def __init__(self) -> None:
        self.is_lost = False
        self._stop: Callable[[], object] | None = None

    def lose(self) -> None:
        """Say that another worker has it, and stop what runs here."""
        self.is_lost = True
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # its loop has just ended by itself
                self._stop()

    def run(self, work: Callable[[], Coroutine[Any, Any, RunOutcome]]) -> RunOutcome:
        """Run the work in a loop of its own, in the calling thread, until it ends or the lease is lost."""

        async def main() -> RunOutcome:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            if task is not None:
                self._stop = partial(loop.call_soon_threadsafe, task.cancel)
            return await work()

        try:
            return asyncio.run(main())
        except asyncio.CancelledError:
            raise _LockLost from None
        finally:
            self._stop = None


class ScheduledRunReport(Report):
    """Which run ended here and with which verdict; empty where the slot had ended or is in other hands.

    The verdict of a run that was put aside is `waiting`.
    """

    run_id: str = ""
    verdict: str = ""

    @classmethod
    def of(cls, record: SlotRecord | None) -> ScheduledRunReport:
        """The report of what `ScheduledRuns.run` returned."""
        if record is None:
            return cls()
        return cls(run_id=record.run_id, verdict=record.verdict or record.state.value)


@dataclass(frozen=True)
class ScheduledRuns:
    """Runs what `GoldenClock` published, one at a time in the whole fleet."""

    key_values: KeyValues
    locks: Locks
    clock: Clock
    place: GoldenPlace

    async def run(self, message: GoldenRunMessage, *, owner: str) -> SlotRecord | None:
        """Run a slot unless it has ended or another run is in progress; returns what it came to.

        A run whose worker died goes on from its journal where that lies on this machine, and starts anew elsewhere.
        """
        book = SlotBook(self.key_values)
        record = await book.record(message.golden_set, message.slot)
        if record is None or record.state.is_final or not await self._take(owner):
            return None
        try:
            # Between the first look and the lock another worker may have ended it.
            record = await book.record(message.golden_set, message.slot) or record
            if record.state.is_final or not await self._is_ours(record, book):
                return None
            async with self._held(record, owner) as lease:
                return await self._finish(record, book, lease)
        except _LockLost:
            log.warning("golden.lock_lost", golden_set=message.golden_set)
            return None
        finally:
            await self.locks.release(RUN_LOCK, owner=owner)

    async def _finish(self, record: SlotRecord, book: SlotBook, lease: _Lease) -> SlotRecord:
        """From wherever the slot is to its end; what was judged is written down before it is told."""
        if record.state is not SlotState.ANNOUNCING:
            record = self._changed(record, state=SlotState.RUNNING, attempts=record.attempts + 1)
            await book.put(record)
            try:
                outcome = await self._outcome(record, lease)
            except PutAside as aside:
                return await self._wait(record, book, lease, aside)
            except NotUsableNow as problem:
                return await self._wait_for_mending(record, book, lease, problem)
            detail = outcome.lines[0][:300] if outcome.lines else ""
            told = outcome.model_dump(exclude={"figures"})
            record = self._changed(record, state=SlotState.ANNOUNCING, detail=detail, **told)
            if lease.is_lost:
                raise _LockLost
            if outcome.figures is not None:
                await book.keep_figures(record.golden_set, outcome.figures)
            await book.put(record)
        news = Announcement(
            golden_set=record.golden_set, run_id=record.run_id, verdict=record.verdict, lines=record.lines
        )
        announced = await announce(news, self.place.webhook)
        state = SlotState.FAILED if record.verdict == ERROR else SlotState.DONE
        record = self._changed(record, state=state, announced=announced)
        if record.waits is not None:
            self.place.forget_wait(record)
        await book.put(record)
        return record

    async def _wait(self, record: SlotRecord, book: SlotBook, lease: _Lease, aside: PutAside) -> SlotRecord:
        """Put the run aside: `GoldenClock` publishes it again when its batches have ended."""
        if lease.is_lost:
            raise _LockLost
        now, before = self.clock.now(), record.waits
        waits = BatchWait(
            since=before.since if before else now,
            judgements=aside.judgements,
            batches=aside.batches,
            rounds=before.rounds + 1 if before else 1,
            look_at=now + LOOK_AGAIN,
            why=aside.why[:300],
        )
        # Work that was put aside in order did not end its worker.
        record = self._changed(record, state=SlotState.WAITING, attempts=0, waits=waits)
        await book.put(record)
        log.info("golden.waits_for_batch", golden_set=record.golden_set, run_id=record.run_id, batches=aside.batches)
        return record

    async def _wait_for_mending(
        self, record: SlotRecord, book: SlotBook, lease: _Lease, problem: NotUsableNow
    ) -> SlotRecord:
        """Leave a run waiting whose set cannot be used: what it has paid is kept while people mend the set."""
        if lease.is_lost:
            raise _LockLost
        now, before = self.clock.now(), record.waits
        if before is None:
            raise ValueError("only a run that waits can wait for its set")
        since = before.unusable_since or now
        changes = {"unusable_since": since, "look_at": now + LOOK_AGAIN, "why": str(problem)[:300]}
        waits = before.model_copy(update=changes)
        record = self._changed(record, state=SlotState.WAITING, attempts=0, waits=waits)
        await book.put(record)
        log.warning("golden.waits_for_its_set", golden_set=record.golden_set, run_id=record.run_id)
        return record

    async def _is_ours(self, record: SlotRecord, book: SlotBook) -> bool:
        """Whether this worker goes on with a run that was put aside. The one with its journal does.

        Elsewhere the target would be asked anew, and its judgements paid again: that is done where nobody with the
        journal came by for an hour.
        """
        waits, now = record.waits, self.clock.now()
        if waits is None or self.place.has_begun(record):
            return True
        if waits.missed_since is None:
            await book.put(record.model_copy(update={"waits": waits.model_copy(update={"missed_since": now})}))
            return False
        return now - waits.missed_since >= ELSEWHERE

    async def _outcome(self, record: SlotRecord, lease: _Lease) -> RunOutcome:
        if record.attempts > MAX_ATTEMPTS:
            why = f"given up: begun {record.attempts - 1} times, its worker ended every time"
            return RunOutcome(verdict=ERROR, lines=(why,))
        try:
            # In a loop and a thread of its own: reading files and testing permutations would hold everybody else up.
            return await in_thread(lease.run, lambda: run_scheduled(self.place, record, self.clock.now()))
        except (_LockLost, PutAside, NotUsableNow):
            raise
        except EvaluationError as exc:
            log.warning("golden.scheduled_run_failed", golden_set=record.golden_set, error=type(exc).__name__)
            batches = record.waits.batches if record.waits is not None else ()
            return RunOutcome(verdict=ERROR, lines=(own_words(exc), *batches_left(batches)))
        except Exception as exc:
            log.exception("golden.scheduled_run_broke", golden_set=record.golden_set)
            return RunOutcome(verdict=ERROR, lines=(f"a bug in assay: {type(exc).__name__}",))

    def _changed(self, record: SlotRecord, **changes: object) -> SlotRecord:
        return record.model_copy(update={**changes, "changed_at": self.clock.now()})

    async def _take(self, owner: str) -> bool:
        return await self.locks.acquire(RUN_LOCK, owner=owner, ttl_s=LOCK_TTL_S)

    @contextlib.asynccontextmanager
    async def _held(self, record: SlotRecord, owner: str) -> AsyncIterator[_Lease]:
        """Hold on to the lock and show a sign of life; the state being away for a moment does not end the run.

        A lock that another worker took meanwhile does: two runs of one slot would pay twice and write over each other.
        """
        lease, book = _Lease(), SlotBook(self.key_values)

        async def renew() -> None:
            while not lease.is_lost:
                await asyncio.sleep(RENEW_EVERY_S)
                try:
                    if not await self._take(owner):
                        lease.lose()
                    else:
                        await book.heard(record.run_id, self.clock.now())
                except EvaluationError as exc:
                    log.warning("golden.lock_not_renewed", error=type(exc).__name__)

        task = asyncio.create_task(renew())
        try:
            yield lease
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
