"""Writing copies: what waits for one further place, in batches, beside and never before a trace's own store.

A place that fails is left alone for growing times. A copy that waits for too long is given up, and counted with its
reason. Whoever dies in between leaves copies that are written again under the same ids.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from assay.worker.flow.batching import chunks
from assay.worker.flow.copies.holding import FIRST_S, LONGEST_S, CopyHold
from assay.worker.flow.copies.making import CopyMaker, Expected, Unmakeable
from assay.worker.flow.copies.posting import CALL_S, CopyPost, Posted, says_wait
from assay.worker.flow.verify import MAX_WRITES, is_same
from assay.worker.ports.batch_sizes import READ_LIMIT
from assay.worker.ports.clock import Clock
from assay.worker.ports.copies import Copies, Copy, Outcome
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.records.reports import Report
from assay.worker.records.scores import Score, ScoreKey

AT_ONCE = 50
"""Traces in one batch."""

WORKS_FOR = timedelta(seconds=30)
"""Then a tick leaves the rest to the next one."""

BATCHES_IN_VAIN = 3
"""So many batches of a tick are tried although the place does not take all of the first: it may be to blame."""

REFUSED_FOR = timedelta(hours=1)
"""A copy that is refused while nothing else is sent is given up after so long: the refusal is no passing one."""

LOCK_TTL_S = 3 * CALL_S
"""Longer than a batch takes."""

LEASE = timedelta(seconds=2 * LOCK_TTL_S)
"""For so long what one worker took comes to no other, if it dies."""

OLDEST = timedelta(hours=24)
"""A copy that has waited for longer is given up: its verdict is gone by then."""

PROJECT_AGAIN = timedelta(seconds=30)
"""When a trace's own store that has never told its project is asked again."""

LOOK_AGAIN = timedelta(seconds=5)
"""When a place that does not show a score yet is asked again."""

log = structlog.get_logger(__name__)


class CopyReport(Report):
    """How many traces' scores were written to further places, are shown there, or were given up; `delayed` ones wait
    for a place that does not answer.
    """

    copied: int = 0
    shown: int = 0
    unverified: int = 0
    gave_up: int = 0
    delayed: int = 0


@dataclass
class _Tick:
    """What is known so far in one tick.

    Attributes:
        until: nothing is begun after this.
        has_taken: the place took something.
        has_shown: it was asked to show something, and answered.
        unsettled: batches of which it did not take all.
    """

    until: datetime
    report: CopyReport = field(default_factory=CopyReport)
    has_taken: bool = False
    has_shown: bool = False
    is_over: bool = False
    unsettled: list[Posted] = field(default_factory=list)


@dataclass(frozen=True)
class CopyWriter:
    """Writes the copies for one place.

    Attributes:
        place: its name.
        reads_back: whether it shows scores that were written.
        read_lag: how long it takes to show them.
        rewrite_after: what it does not show after this is written again.
    """

    place: str
    sink: ScoreSink
    reads_back: bool
    read_lag: timedelta
    rewrite_after: timedelta
    copies: Copies
    maker: CopyMaker
    locks: Locks
    key_values: KeyValues
    clock: Clock

    async def tick(self) -> CopyReport:
        """Write and read back what is due. One worker at a time does this for a place.

        Raises:
            StateUnavailable
        """
        lock, owner, tick = f"copies:{self.place}", uuid.uuid4().hex, _Tick(self.clock.now() + WORKS_FOR)
        try:
            while not tick.is_over and await self.locks.acquire(lock, owner=owner, ttl_s=LOCK_TTL_S):
                now = self.clock.now()
                due = await self.copies.due(self.place, now=now, until=now + LEASE, limit=AT_ONCE)
                if not due:
                    break
                await self._work(due, tick)
                tick.is_over = tick.is_over or self.clock.now() >= tick.until
            await self._conclude(tick)
        finally:
            await self.locks.release(lock, owner=owner)
        return tick.report

    async def _work(self, due: Sequence[Copy], tick: _Tick) -> None:
        """Give up what is too old, and write or read back the rest, unless the place is left alone."""
        now = self.clock.now()
        await self._end_old([copy for copy in due if now - copy.asked_at > OLDEST], tick)
        rest = [copy for copy in due if now - copy.asked_at <= OLDEST]
        held = await self._hold.present()
        if not rest or (held is not None and held.until > now):
            await self.copies.put_off(self.place, rest, due=held.until if held else now)
            return
        ready = await self.maker.ready(rest)
        await self.copies.put_off(self.place, [c for c in rest if c.key not in ready], due=now + PROJECT_AGAIN)
        rest = [copy for copy in rest if copy.key in ready]
        to_write = [copy for copy in rest if copy.written_at is None]
        to_read = [copy for copy in rest if copy.written_at is not None]
        try:
            tick.report += await self._write(to_write, tick)
            rest = to_read  # what was to be written is seen to
            tick.report += await self._read_back(to_read)
            tick.has_shown = tick.has_shown or bool(to_read)
        except StoreBusy as exc:  # a limit of our own
            tick.is_over = True
            await self._put_off(rest, tick, due=now + timedelta(seconds=max(1.0, exc.retry_after_s or 0.0)))
        except (StoreUnavailable, TimeoutError) as exc:
            tick.is_over = True
            wait_s = exc.retry_after_s if isinstance(exc, StoreUnavailable) else None
            held = await self._hold.failed(held, _words(exc), self.clock.now(), wait_s)
            await self._put_off(rest, tick, due=held.until)

    async def _end_old(self, copies: Sequence[Copy], tick: _Tick) -> None:
        """What the place took but did not show in time is not lost: nobody can tell."""
        taken = [copy for copy in copies if copy.writes]
        await self._end(taken, "unverified", "too_old")
        tick.report += CopyReport(unverified=len(taken))
        tick.report += await self._give_up([copy for copy in copies if not copy.writes], "too_old")

    async def _write(self, copies: Sequence[Copy], tick: _Tick) -> CopyReport:
        if not copies:
            return CopyReport()
        told = await self.maker.scores(copies)
        scores: dict[Copy, Sequence[Score]] = {}
        gone: dict[str, list[Copy]] = defaultdict(list)
        for copy in copies:
            of = told[copy.key]
            if isinstance(of, Unmakeable):
                gone[of.reason].append(copy)
            else:
                scores[copy] = of
        report = CopyReport()
        for reason, group in gone.items():
            report += await self._give_up(group, reason)
        post = CopyPost(place=self.place, sink=self.sink, clock=self.clock, until=tick.until)
        posted = await post.send(list(scores.items()), searches=tick.has_taken or not tick.unsettled)
        if posted.busy is not None:
            await self._put_off_busy(posted, tick)
        if posted.error is not None:
            tick.unsettled.append(posted)
        tick.has_taken = tick.has_taken or posted.has_taken
        tick.is_over = tick.is_over or len(tick.unsettled) >= BATCHES_IN_VAIN or says_wait(posted.why)
        return report + await self._posted(posted.taken) + await self._posted_in_part(posted.partly)

    async def _posted(self, copies: Sequence[Copy], reason: str = "") -> CopyReport:
        now = self.clock.now()
        if not self.reads_back:
            await self.copies.end(self.place, copies, "unverified", reason)
            return CopyReport(copied=len(copies), unverified=len(copies))
        written = [copy.model_copy(update={"writes": copy.writes + 1, "written_at": now}) for copy in copies]
        await self.copies.put_off(self.place, written, due=now + self.read_lag)
        return CopyReport(copied=len(copies))

    async def _posted_in_part(self, copies: Sequence[Copy]) -> CopyReport:
        """What the place took in part. One that shows scores shows which of them it lacks."""
        if len(copies) == 1 and not self.reads_back:
            return await self._give_up(copies, "rejected")
        return await self._posted(copies, "partly_rejected")

    async def _conclude(self, tick: _Tick) -> None:
        """See to what was not taken: by now it is known whether the place took anything else."""
        now, has_answered = self.clock.now(), tick.has_taken or tick.has_shown
        held = await self._hold.present() if tick.unsettled or has_answered else None
        # What tells of the place alone counts for more than what it did not take.
        why = next(iter(sorted((p.why for p in tick.unsettled if p.why), key=says_wait, reverse=True)), None)
        if why is not None and (not tick.has_taken or says_wait(why)):
            held = await self._hold.failed(held, _words(why), now, getattr(why, "retry_after_s", None))
            for posted in tick.unsettled:
                await self._put_off(posted.left, tick, due=held.until)
            return
        for posted in tick.unsettled:
            await self._settle(posted, tick)
        if has_answered and (held is None or held.until <= now):  # otherwise this very tick has failed
            await self._hold.answered(held)

    async def _settle(self, posted: Posted, tick: _Tick) -> None:
        """The place is not away: what it does not take it does not take for reasons of its own."""
        now = self.clock.now()
        lost = [copy for copy in posted.refused if posted.has_taken or now - copy.asked_at >= REFUSED_FOR]
        if lost:
            log.warning("copies.refused", place=self.place, error=_words(posted.error))
        tick.report += await self._give_up(lost, "rejected")
        for copy in (*posted.failed, *(copy for copy in posted.refused if copy not in lost)):
            pause_s = min(LONGEST_S, FIRST_S * 2.0 ** min(copy.failures, 10))
            charged = copy.model_copy(update={"failures": copy.failures + 1})
            await self._put_off([charged], tick, due=now + timedelta(seconds=pause_s))
        await self._put_off(posted.untried, tick, due=now + LOOK_AGAIN)

    async def _put_off_busy(self, posted: Posted, tick: _Tick) -> None:
        """Nothing more is sent within a limit of our own. What was taken stays so."""
        wait_s = max(1.0, (posted.busy.retry_after_s if posted.busy else None) or 0.0)
        await self._put_off(posted.untried, tick, due=self.clock.now() + timedelta(seconds=wait_s))
        posted.untried, tick.is_over = [], True

    async def _put_off(self, copies: Sequence[Copy], tick: _Tick, *, due: datetime) -> None:
        await self.copies.put_off(self.place, copies, due=due)
        tick.report += CopyReport(delayed=len(copies))

    @property
    def _hold(self) -> CopyHold:
        return CopyHold(self.key_values, self.place)

    async def _read_back(self, copies: Sequence[Copy]) -> CopyReport:
        if not copies:
            return CopyReport()
        expected = await self.maker.expected(copies)
        forgotten = [copy for copy in copies if copy.key not in expected]
        if forgotten:  # the ledger lives for two weeks: nobody can say any more what was to be shown
            await self._end(forgotten, "unverified", "forgotten")
        known = [copy for copy in copies if copy.key in expected]
        missing = await self._missing([expected[copy.key] for copy in known])
        shown = [copy for copy, is_missing in zip(known, missing, strict=True) if not is_missing]
        await self._end(shown, "verified")
        report = CopyReport(shown=len(shown), unverified=len(forgotten))
        return report + await self._again([c for c, is_missing in zip(known, missing, strict=True) if is_missing])

    async def _missing(self, expected: Sequence[Expected]) -> list[bool]:
        """Of each copy whether the place lacks some of its scores, or shows another value."""
        keys: list[ScoreKey] = [key for group in expected for key in group]
        shown: dict[str, Score] = {}
        for chunk in chunks(keys, READ_LIMIT):
            try:
                async with asyncio.timeout(CALL_S):
                    shown |= await self.sink.read_scores(chunk)
            except StoreRejected as exc:  # what it refuses to show it does not show
                log.warning("copies.not_shown", place=self.place, error=str(exc)[:200])
        return [
            not all(is_same(shown.get(k.id), k.trace_id, name, value) for k, (name, value) in group.items())
            for group in expected
        ]

    async def _again(self, missing: Sequence[Copy]) -> CopyReport:
        """What is not shown is looked for again, written again after a while, and given up after three writes."""
        now, report = self.clock.now(), CopyReport()
        late = [copy for copy in missing if copy.written_at and now - copy.written_at >= self.rewrite_after]
        await self.copies.put_off(self.place, [copy for copy in missing if copy not in late], due=now + LOOK_AGAIN)
        spent = [copy for copy in late if copy.writes >= MAX_WRITES]
        rest = [copy.model_copy(update={"written_at": None}) for copy in late if copy.writes < MAX_WRITES]
        await self.copies.put_off(self.place, rest, due=now)
        if spent:
            report += await self._give_up(spent, "not_shown")
        return report

    async def _give_up(self, copies: Sequence[Copy], reason: str) -> CopyReport:
        if not copies:
            return CopyReport()
        log.warning("copies.given_up", place=self.place, traces=len(copies), reason=reason)
        await self._end(copies, "given_up", reason)
        return CopyReport(gave_up=len(copies))

    async def _end(self, copies: Sequence[Copy], outcome: Outcome, reason: str = "") -> None:
        await self.copies.end(self.place, copies, outcome, reason)


def _words(error: Exception | None) -> str:
    return str(error) or f"no answer within {CALL_S:g} s"


@dataclass(frozen=True)
class CopyWriters:
    """Writes the copies for all places, each by itself."""

    writers: Sequence[CopyWriter]

    async def tick(self) -> CopyReport:
        """Write what is due everywhere, side by side.

        Raises:
            StateUnavailable
        """
        results = await asyncio.gather(*(writer.tick() for writer in self.writers), return_exceptions=True)
        for writer, result in zip(self.writers, results, strict=True):
            if isinstance(result, StoreError):  # foreseen where it is raised; another place is not held up by it
                log.warning("copies.failed", place=writer.place, error=str(result)[:200])
            elif isinstance(result, BaseException):
                raise result
        return sum((result for result in results if isinstance(result, CopyReport)), CopyReport())
