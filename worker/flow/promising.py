"""From chosen traces to work: the ledger first, then the backlog. What the store shows already is not judged again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.judges.rubric import Rubric
from assay.worker.flow.already_scored import Known, already_scored
from assay.worker.flow.written_judgements import Written
from assay.worker.ports.backlog import Backlog
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import Project
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise, Transition


class Released(NamedTuple):
    """What became of chosen traces: new promises, those whose scores the store has already, and messages."""

    selected: int = 0
    known: int = 0
    messages: int = 0


@dataclass(frozen=True)
class Promiser:
    """Writes promises into the ledger and lets them wait for their release.

    A crash at any point repeats work that changes nothing: what was promised and does not wait is overdue soon.

    Attributes:
        top_up: publishes what the queue has room for. Returns the number of messages.
    """

    project: Project
    sink: ScoreReader
    ledger: Ledger
    rubrics: Mapping[str, Rubric]
    backlog: Backlog
    top_up: Callable[[], Awaitable[int]]
    ledger_deadline: timedelta

    async def release(self, promises: Sequence[Promise], now: datetime, *, may_be_old: bool) -> Released:
        """Write into the ledger, then into the backlog, and publish what there is room for.

        Args:
            promises: what was chosen.
            now: the current moment.
            may_be_old: whether the store may hold scores that this ledger knows nothing of.
        """
        known = await self.in_store(promises) if may_be_old else {}
        fresh = await self.promise(promises, now)
        await self.close_known(known, now)
        waiting = [p for p in fresh if (p.rubric, p.trace_id) not in known]
        return Released(len(fresh), len(known), await self.enter(waiting, now) if waiting else 0)

    async def enter(self, promises: Sequence[Promise], now: datetime, *, turn: str | None = None) -> int:
        """Let open promises wait for their release, and publish what there is room for. Returns how many messages."""
        await self.backlog.enter(promises, now=now, turn=turn)
        return await self.top_up()

    async def promise(self, promises: Sequence[Promise], now: datetime) -> Sequence[Promise]:
        """Open ledger entries. Returns the promises that were new."""
        return await self.ledger.promise(promises, now=now, due=now + self.ledger_deadline)

    async def in_store(self, promises: Sequence[Promise]) -> Known:
        """Promises whose scores the store already holds, and what these say: they are not judged again."""
        if not promises:
            return {}
        return await already_scored(promises, self.rubrics, self.sink, await self.project.project_id())

    async def close_known(self, known: Mapping[tuple[str, str], Written], now: datetime) -> None:
        """End the open entries of traces whose scores the store already holds."""
        for rubric in {rubric for rubric, _ in known}:
            transitions = [
                Transition(
                    trace_id=trace_id,
                    expected=(LedgerState.OPEN,),
                    state=LedgerState.SCORED,
                    reason="in_store",
                    judgement=known[name, trace_id].judgement,
                    particulars=known[name, trace_id].particulars,
                )
                for name, trace_id in sorted(known)
                if name == rubric
            ]
            await self.ledger.apply(rubric, transitions, now=now)

    async def entries(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LedgerEntry]:
        """Ledger entries by rubric and trace id. Missing ones are absent."""
        entries: dict[tuple[str, str], LedgerEntry] = {}
        for rubric in {rubric for rubric, _ in keys}:
            ids = [trace_id for name, trace_id in keys if name == rubric]
            by_id = await self.ledger.entries(rubric, ids)
            entries |= {(rubric, trace_id): entry for trace_id, entry in by_id.items()}
        return entries
