"""Sweep: look through closed windows of root start times, choose traces, promise and publish them.

A window is scanned when it has closed and once more when late traces have had their time; the first scan resolves
each use case's rate and stores it. What is chosen goes into the ledger first, then out as messages, and only then
is the window marked: a crash at any point repeats work that changes nothing.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from judges.rubric import Rubric
from judges.schema import Record
from worker.config import Deployment, UseCase
from worker.flow import selection
from worker.flow.batching import chunks, group_messages
from worker.flow.rates import resolve_rates
from worker.ports import FleetState, Publish, TraceStore
from worker.schema import (
    STATE_SCORE,
    LedgerState,
    Move,
    Promise,
    ResolvedRate,
    TraceRoot,
    WindowRecord,
    score_id,
)

LOCK_TTL_S = 30.0
"""Renewed after each window: a sweeper that died stops the others for this long and no longer."""


class SweepReport(Record):
    """What one sweep did."""

    windows: int = 0
    seen: int = 0
    selected: int = 0
    already_scored: int = 0
    messages: int = 0
    skipped_because_running: bool = False


@dataclass(frozen=True)
class Sweeper:
    """One sweep's surroundings: where it reads, what it knows, where it publishes."""

    store: TraceStore
    state: FleetState
    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    publish: Publish
    ledger_deadline: timedelta

    async def sweep(self, now: datetime) -> SweepReport:
        """Scan every window that is due. Only one sweep runs at a time; a second one returns at once."""
        owner = uuid.uuid4().hex
        if not await self.state.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S):
            return SweepReport(skipped_because_running=True)
        try:
            for rubric in self.rubrics.values():
                await self.state.put_document(rubric.content_hash(), rubric.content())
            epoch = await self.state.epoch(now)
            reports = []
            for start in await self._due(now, epoch):
                reports.append(await self._scan(start, now, epoch))
                await self.state.acquire("sweep", owner=owner, ttl_s=LOCK_TTL_S)
        finally:
            await self.state.release("sweep", owner=owner)
        return _total(reports)

    async def _due(self, now: datetime, epoch: datetime) -> list[datetime]:
        """Starts of closed windows that were never scanned, or not since their late traces arrived."""
        size = timedelta(seconds=self.deployment.window_seconds)
        quiet = timedelta(seconds=self.deployment.defaults.quiet_seconds)
        first = max(epoch, now - timedelta(days=13)) - timedelta(hours=self.deployment.lookback_hours)
        start = datetime.fromtimestamp(first.timestamp() // size.total_seconds() * size.total_seconds(), UTC)
        known = {w.start: w for w in await self.state.windows(start, now)}
        due = []
        while start + size <= now - quiet:
            window = known.get(start)
            if window is None or (not window.is_final and start + size + self._late <= now):
                due.append(start)
            start += size
        return due

    @property
    def _late(self) -> timedelta:
        return timedelta(seconds=self.deployment.late_seconds)

    async def _scan(self, start: datetime, now: datetime, epoch: datetime) -> SweepReport:
        """Scan one window: ledger, then messages, then the window's record."""
        end = start + timedelta(seconds=self.deployment.window_seconds)
        old = next(iter(await self.state.windows(start, end)), WindowRecord(start=start, end=end))
        is_final = end + self._late <= now
        sorted_roots = self._sort(await self._roots(start, end), None if is_final else now)
        rates = await resolve_rates(self.state, self.deployment, old, sorted_roots.by_use_case)
        promises, passed_over = self._choose(sorted_roots.by_use_case, rates, old.id, now)
        fresh = await self.state.promise(promises, now=now, due=now + self.ledger_deadline)
        known = await self._already_scored(fresh, now) if end <= epoch else set()
        elsewhere = await self._counted_elsewhere(promises, fresh, old.id)
        messages = group_messages(p for p in fresh if (p.rubric, p.trace_id) not in known)
        await self.publish(messages)
        await self.state.put_window(
            WindowRecord(
                start=start,
                end=end,
                scans=old.scans + 1,
                is_final=is_final,
                seen={name: len(roots) - elsewhere[name] for name, roots in sorted_roots.by_use_case.items()},
                not_selected=passed_over,
                rates=rates,
                unmatched=sorted_roots.unmatched,
                excluded=sorted_roots.excluded,
                unfinished=sorted_roots.unfinished,
            )
        )
        seen = sum(map(len, sorted_roots.by_use_case.values()))
        return SweepReport(windows=1, seen=seen, selected=len(fresh), already_scored=len(known), messages=len(messages))

    async def _roots(self, start: datetime, end: datetime) -> list[TraceRoot]:
        """One root per trace id: the earliest, however many rows or pages a trace came in."""
        earliest: dict[str, TraceRoot] = {}
        async for page in self.store.list_roots(start, end):
            for root in page:
                known = earliest.get(root.trace_id)
                if known is None or root.start < known.start:
                    earliest[root.trace_id] = root
        return list(earliest.values())

    def _sort(self, roots: Iterable[TraceRoot], now: datetime | None) -> _Sorted:
        """Lay roots out by use case; with `now`, traces that are not quiet yet wait for the final scan."""
        out = _Sorted()
        quiet = timedelta(seconds=self.deployment.defaults.quiet_seconds)
        for root in roots:
            if selection.is_excluded(root, self.deployment):
                out.excluded += 1
            elif now is not None and (root.end is None or root.end > now - quiet):
                out.unfinished += 1
            elif cases := selection.matching_use_cases(root, self.deployment):
                out.by_use_case[cases[0].name].append(root)
            else:
                out.unmatched += 1
        return out

    def _choose(
        self,
        by_use_case: Mapping[str, Sequence[TraceRoot]],
        rates: Mapping[str, ResolvedRate],
        window: str,
        now: datetime,
    ) -> tuple[list[Promise], dict[str, int]]:
        """Promises for what the hash selects, one per rubric, and how many were passed over."""
        promises: list[Promise] = []
        passed_over: Counter[str] = Counter()
        for name, roots in by_use_case.items():
            use_case = self.deployment.use_case(name)
            if use_case is None:
                continue
            names = self.deployment.rubrics_of(use_case)
            for root in roots:
                chosen = selection.decide(root, use_case, rates[name].rate, self.deployment.salt)
                if chosen is None:
                    passed_over[name] += 1
                    continue
                promises += [_promise(root, chosen, use_case, self.rubrics[r], window=window, now=now) for r in names]
        return promises, dict(passed_over)

    async def _counted_elsewhere(
        self, promises: Sequence[Promise], fresh: Sequence[Promise], window: str
    ) -> Counter[str]:
        """Selected traces that another window promised, by use case: a second root does not make a second trace.

        Traces that were not selected leave nothing behind, so one with roots in two windows counts in both.
        """
        new = {(p.rubric, p.trace_id) for p in fresh}
        old = [p for p in promises if (p.rubric, p.trace_id) not in new]
        others: set[tuple[str, str]] = set()
        for rubric in {p.rubric for p in old}:
            entries = await self.state.entries(rubric, [p.trace_id for p in old if p.rubric == rubric])
            others |= {(e.promise.use_case, e.trace_id) for e in entries.values() if e.promise.window != window}
        return Counter(use_case for use_case, _ in others)

    async def _already_scored(self, fresh: Sequence[Promise], now: datetime) -> set[tuple[str, str]]:
        """After the ledger was lost: what the store already holds under our ids is not judged again."""
        project = await self.store.project_id()
        found: set[tuple[str, str]] = set()
        ids = {_state_score_id(project, p): p for p in fresh}
        for chunk in chunks(list(ids), 100):
            found |= {(ids[i].rubric, ids[i].trace_id) for i in await self.store.read_scores(chunk)}
        for rubric in {rubric for rubric, _ in found}:
            moves = [
                Move(
                    trace_id=trace_id,
                    expected=(LedgerState.OPEN,),
                    state=LedgerState.SCORED,
                    reason="already_in_store",
                )
                for r, trace_id in sorted(found)
                if r == rubric
            ]
            await self.state.move(rubric, moves, now=now)
        return found


@dataclass
class _Sorted:
    """Roots of one window laid out by use case."""

    by_use_case: dict[str, list[TraceRoot]] = field(default_factory=lambda: defaultdict(list))
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0


def _promise(
    root: TraceRoot, chosen: selection.Selected, use_case: UseCase, rubric: Rubric, *, window: str, now: datetime
) -> Promise:
    return Promise(
        trace_id=root.trace_id,
        rubric=rubric.name,
        rubric_hash=rubric.content_hash(),
        use_case=use_case.name,
        window=window,
        start=root.start,
        end=root.end,
        environment=root.environment,
        pi=chosen.pi,
        stratum=chosen.stratum,
        sample=chosen.sample,
        selected_at=now,
    )


def _state_score_id(project: str, promise: Promise) -> str:
    return score_id(
        project,
        promise.trace_id,
        promise.observation_id,
        rubric_name=promise.rubric,
        rubric_hash=promise.rubric_hash,
        name=STATE_SCORE,
    )


def _total(reports: Sequence[SweepReport]) -> SweepReport:
    fields = ("windows", "seen", "selected", "already_scored", "messages")
    return SweepReport(**{name: sum(getattr(report, name) for report in reports) for name in fields})
