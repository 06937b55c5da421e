"""Writing copies: what waits for one further place, in batches, beside and never before a trace's own store.

A place that fails is left alone for growing times. A copy that waits for too long is given up, and counted with its
reason. Whoever dies in between leaves copies that are written again under the same ids.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from assay.worker.flow.batching import chunks
from assay.worker.flow.copies.holding import CopyHold
from assay.worker.flow.copies.making import CopyMaker, Expected, Unmakeable
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

CALL_S = 20.0
"""A place that has not answered by then is away."""

WORKS_FOR = timedelta(seconds=30)
"""Then a tick leaves the rest to the next one."""

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
        lock, owner, total = f"copies:{self.place}", uuid.uuid4().hex, CopyReport()
        until = self.clock.now() + WORKS_FOR
        try:
            while await self.locks.acquire(lock, owner=owner, ttl_s=LOCK_TTL_S):
                now = self.clock.now()
                due = await self.copies.due(self.place, now=now, until=now + LEASE, limit=AT_ONCE)
                if not due:
                    break
                report = await self._work(due)
                total += report
                if report.delayed or self.clock.now() >= until:
                    break
        finally:
            await self.locks.release(lock, owner=owner)
        return total

    async def _work(self, due: Sequence[Copy]) -> CopyReport:
        """Give up what is too old, and write or read back the rest, unless the place is left alone."""
        now = self.clock.now()
        old = [copy for copy in due if now - copy.asked_at > OLDEST]
        report = await self._give_up(old, "too_old")
        rest = [copy for copy in due if now - copy.asked_at <= OLDEST]
        hold = CopyHold(self.key_values, self.place)
        held = await hold.present()
        if not rest or (held is not None and held.until > now):
            await self.copies.put_off(self.place, rest, due=held.until if held else now)
            return report
        ready = await self.maker.ready(rest)
        await self.copies.put_off(self.place, [c for c in rest if c.key not in ready], due=now + PROJECT_AGAIN)
        rest = [copy for copy in rest if copy.key in ready]
        try:
            report += await self._write([copy for copy in rest if copy.written_at is None])
            report += await self._read_back([copy for copy in rest if copy.written_at is not None])
        except StoreBusy as exc:  # a limit of our own
            await self.copies.put_off(self.place, rest, due=now + timedelta(seconds=max(1.0, exc.retry_after_s or 0.0)))
            return report + CopyReport(delayed=len(rest))
        except (StoreUnavailable, TimeoutError) as exc:
            wait_s = exc.retry_after_s if isinstance(exc, StoreUnavailable) else None
            held = await hold.failed(held, str(exc) or f"no answer within {CALL_S:g} s", self.clock.now(), wait_s)
            await self.copies.put_off(self.place, rest, due=held.until)
            return report + CopyReport(delayed=len(rest))
        await hold.answered(held)
        return report

    async def _write(self, copies: Sequence[Copy]) -> CopyReport:
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
        return report + await self._post(list(scores.items()))

    async def _post(self, group: Sequence[tuple[Copy, Sequence[Score]]]) -> CopyReport:
        """Write scores. Where the place refuses the lot, halves are written, so that only the refused one is lost."""
        if not group:
            return CopyReport()
        try:
            async with asyncio.timeout(CALL_S):
                await self.sink.write_scores([score for _, scores in group for score in scores])
        except StoreRejected as exc:
            if len(group) == 1:
                log.warning("copies.refused", place=self.place, error=str(exc)[:200])
                return await self._give_up([group[0][0]], "rejected")
            middle = len(group) // 2
            return await self._post(group[:middle]) + await self._post(group[middle:])
        return await self._posted([copy for copy, _ in group])

    async def _posted(self, copies: Sequence[Copy]) -> CopyReport:
        now = self.clock.now()
        if not self.reads_back:
            await self.copies.end(self.place, copies, "unverified")
            return CopyReport(copied=len(copies), unverified=len(copies))
        written = [copy.model_copy(update={"writes": copy.writes + 1, "written_at": now}) for copy in copies]
        await self.copies.put_off(self.place, written, due=now + self.read_lag)
        return CopyReport(copied=len(copies))

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
