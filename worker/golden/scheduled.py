"""A scheduled run: from the bell to the kept result and the news of it, whoever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import SecretStr

from judges.errors import EvaluationError
from judges.evaluate import Evaluator
from judges.offload import in_thread
from judges.rubric import Rubric
from judges.schema import Record
from worker.golden.announce import Announcement, announce
from worker.golden.facts import gate_facts, run_facts
from worker.golden.files import GoldenSetError
from worker.golden.goldenset import GoldenSet
from worker.golden.history import RunStore
from worker.golden.journal import JOURNAL, Journal, JournalHeader, forget_journal, new_run_id
from worker.golden.session import GoldenSession
from worker.golden.slots import SlotBook, SlotRecord, SlotState
from worker.golden.targets import ExchangeLog, GoldenTarget, baseline_targets, target_for
from worker.golden.targets.opening import Lookup
from worker.golden.ticking import RUN_LOCK
from worker.ports import Clock, FleetState
from worker.schema import LONGEST_RUN_S, GoldenRunMessage

LOCK_TTL_S = 60.0
RENEW_EVERY_S = 15.0
MAX_ATTEMPTS = 3
"""A run that was begun so often and never ended is given up: it may be what ends its worker."""

TIMEOUT_S = 4 * 3600.0
"""Of a scheduled run whose manifest has no `timeout_s`."""

log = structlog.get_logger(__name__)


class RunOutcome(Record):
    """How a scheduled run ended, in one word and a few lines."""

    verdict: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class GoldenPlace:
    """What a run needs of the deployment: its sets, judges, environment and disk."""

    load: Callable[[str], GoldenSet]
    evaluator: Callable[[Rubric], Evaluator]
    lookup: Lookup
    data_dir: Path
    concurrency: int
    webhook: SecretStr | None = None


@dataclass(frozen=True)
class ScheduledRuns:
    """Runs what `GoldenClock` rang for, one at a time in the whole fleet."""

    state: FleetState
    clock: Clock
    place: GoldenPlace

    async def run(self, message: GoldenRunMessage, *, owner: str) -> SlotRecord | None:
        """Run a slot unless it has ended or another run is in progress; returns what it came to.

        A run whose worker died goes on from its journal where that lies on this machine, and starts anew elsewhere.
        """
        book = SlotBook(self.state)
        record = await book.record(message.golden_set, message.slot)
        if record is None or record.state.is_final or not await self._take(owner):
            return None
        try:
            # Between the first look and the lock another worker may have ended it.
            record = await book.record(message.golden_set, message.slot) or record
            if record.state.is_final:
                return None
            async with self._held(owner):
                return await self._finish(record, book)
        finally:
            await self.state.release(RUN_LOCK, owner=owner)

    async def _finish(self, record: SlotRecord, book: SlotBook) -> SlotRecord:
        record = self._changed(record, state=SlotState.RUNNING, attempts=record.attempts + 1)
        await book.put(record)
        state, outcome = await self._outcome(record)
        announced = await announce(
            Announcement(
                golden_set=record.golden_set, run_id=record.run_id, verdict=outcome.verdict, lines=outcome.lines
            ),
            self.place.webhook,
        )
        detail = outcome.lines[0][:300] if outcome.lines else ""
        record = self._changed(record, state=state, verdict=outcome.verdict, detail=detail, announced=announced)
        await book.put(record)
        log.info("golden.scheduled_run", golden_set=record.golden_set, run=record.run_id, verdict=outcome.verdict)
        return record

    async def _outcome(self, record: SlotRecord) -> tuple[SlotState, RunOutcome]:
        if record.attempts > MAX_ATTEMPTS:
            why = f"given up: begun {record.attempts - 1} times, its worker ended every time"
            return SlotState.FAILED, RunOutcome(verdict="error", lines=(why,))
        try:
            # In a loop and a thread of its own: reading files and testing permutations would hold everybody else up.
            return SlotState.DONE, await in_thread(lambda: asyncio.run(run_scheduled(self.place, record)))
        except EvaluationError as exc:
            return SlotState.FAILED, RunOutcome(verdict="error", lines=(str(exc).splitlines()[0],))
        except Exception as exc:
            log.exception("golden.scheduled_run_broke", golden_set=record.golden_set)
            return SlotState.FAILED, RunOutcome(verdict="error", lines=(f"a bug in assay: {type(exc).__name__}",))

    def _changed(self, record: SlotRecord, **changes: object) -> SlotRecord:
        return record.model_copy(update={**changes, "changed_at": self.clock.now()})

    async def _take(self, owner: str) -> bool:
        return await self.state.acquire(RUN_LOCK, owner=owner, ttl_s=LOCK_TTL_S)

    @asynccontextmanager
    async def _held(self, owner: str) -> AsyncIterator[None]:
        """Hold on to the lock; the state being away for a moment is no reason to drop the run."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_EVERY_S)
                try:
                    await self._take(owner)
                except EvaluationError as exc:
                    log.warning("golden.lock_not_renewed", error=type(exc).__name__)

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def run_scheduled(place: GoldenPlace, record: SlotRecord) -> RunOutcome:
    """Gate the manifest's target against the baseline, or, where there is none, run it; keep the result.

    Raises:
        EvaluationError: the set, its target or its judge cannot be used.
    """
    golden = place.load(record.golden_set)
    store = RunStore(place.data_dir, golden.name)
    evaluator = place.evaluator(golden.rubric)
    try:
        run_id, directory = record.run_id, store.directory(record.run_id)
        log_of = ExchangeLog(directory)
        target = target_for(golden, lookup=place.lookup, concurrency=place.concurrency, keep=log_of.keep)
        before = _baseline(golden, run_id, place.lookup)
        names = {"candidate": target.identity, **({"baseline": before[0].identity} if before else {})}
        journal = _journal(store, golden, evaluator.revision, names, run_id)
        session = GoldenSession(
            golden,
            evaluator,
            place.concurrency,
            run_id=run_id,
            timeout_s=min(golden.manifest.timeout_s or TIMEOUT_S, LONGEST_RUN_S),
            journal=journal,
        )
        try:
            return await _judged(session, store, target, before)
        finally:
            journal.close()
    finally:
        await evaluator.judge.close()


async def _judged(
    session: GoldenSession, store: RunStore, target: GoldenTarget, before: list[GoldenTarget]
) -> RunOutcome:
    if before:
        result = await session.gate(before, target)
        kept = store.save_gate(result)
        missing = result.candidate_missing + result.baseline_missing
        outcome = RunOutcome(verdict=result.verdict.value, lines=(*result.reasons, *gate_facts(result)[:3]))
    else:
        run = await session.run_and_examine(target)
        kept, missing = store.save_run(run), run.missing
        outcome = RunOutcome(verdict="incomplete" if missing else "complete", lines=tuple(run_facts(run)))
    if not missing:
        forget_journal(kept.parent)
    return outcome


def _baseline(golden: GoldenSet, run_id: str, lookup: Lookup) -> list[GoldenTarget]:
    """What is compared with: the reviewed baseline, else the manifest's release, else nothing."""
    if golden.baseline is not None:
        return baseline_targets(golden, golden.manifest.repeats, run_id)
    named = golden.manifest.baseline
    return [target_for(golden, release=named, lookup=lookup)] if named is not None else []


def _journal(store: RunStore, golden: GoldenSet, revision: str, targets: dict[str, str], run_id: str) -> Journal:
    """The run's journal; one that was made with something else is left behind under a new name."""
    header = JournalHeader(
        run_id=run_id,
        golden_set=golden.name,
        set_digest=golden.digest,
        revision=revision,
        targets=targets,
        repeats=golden.manifest.repeats,
    )
    directory = store.directory(run_id)
    if not directory.exists():
        return Journal.start(directory, header)
    try:
        return Journal.resume(directory, header)
    except GoldenSetError:
        stale = directory / JOURNAL
        if stale.exists():
            stale.rename(directory / f"{JOURNAL}.{new_run_id()}")
        return Journal.start(directory, header)
