"""Two fleets at one database: the second writes and removes nothing, loses nothing, and says why."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assay.worker.flow.history_owner import HistoryOwner
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.flow.history_writing import HistoryKeeper
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryQuery
from assay.worker.records.ledger import LedgerState
from assay.worker.state.memory.state import memory_state
from tests.contract.history.making import Run
from tests.contract.state.making import LATER, NOW, promise, transition

YEAR = timedelta(days=365)


class Fleet:
    """A fleet that judges one project."""

    def __init__(self, project: str, record: History, keep_for: timedelta = YEAR) -> None:
        self.project, self.state = project, memory_state()
        self.keeper = HistoryKeeper(
            ended=self.state.ended,
            writer=record.writer,
            reader=record.reader,
            project=self,
            store="langfuse",
            locks=self.state.locks,
            key_values=self.state.key_values,
            clock=FixedClock(LATER),
            keep_for=keep_for,
            owner=HistoryOwner(record.documents, self.state.key_values),
        )

    async def project_id(self) -> str:
        return self.project

    async def end(self, trace_id: str) -> None:
        await self.state.ledger.promise([promise(trace_id)], now=NOW, due=LATER)
        change = transition(trace_id, LedgerState.OPEN, LedgerState.SKIPPED)
        await self.state.ledger.apply("grounding", [change], now=NOW)

    async def trouble(self) -> str:
        trouble = await HistoryTroubles(self.state.key_values).present()
        return trouble.message if trouble else ""


def test_second_fleet_waits_and_says_why(run: Run) -> None:
    async def check(record: History) -> None:
        first, second = Fleet("alpha", record), Fleet("beta", record, keep_for=timedelta(seconds=1))
        for fleet in (first, second):
            await fleet.end("t1")
            await asyncio.sleep(0)
            await fleet.keeper.tick()
        await second.keeper.tick()
        query = HistoryQuery(since=NOW - YEAR, until=NOW + YEAR)
        assert await record.reader.counts(query) == {("bot", "grounding", "skipped", ""): 1}
        assert [row.project for row in await record.reader.rows_of("t1")] == ["alpha"]
        assert (await second.state.ended.unrecorded()).entries == 1
        assert "another fleet's: of project alpha" in await second.trouble()
        assert await first.trouble() == ""

    run(check)
