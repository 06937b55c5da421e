"""Sweeps of several stores: a store that is down leaves its own windows due, and holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from assay.judges.rubric import Rubric
from assay.worker.flow.store_sweeps import Sweeps
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import TraceRoot
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_root, make_sweeper
from tests.fakes import FlakyStore


class Listed(FlakyStore):
    """A store with one trace in each window that is asked for."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        self._maybe_fail()
        yield [make_root(f"{self.prefix}{start.isoformat()}", start=start, end=start)]


async def nowhere(messages: Sequence[AssessMessage | RecordMessage]) -> None:
    """The backlog keeps what is not published."""


def test_store_that_is_down_leaves_its_own_windows_due() -> None:
    state, deployment = memory_state(), make_deployment(window_seconds=3600, lookback_hours=6)
    stores = {"": Listed("t"), "rag": Listed("rag~t")}

    def sweeper(mark: str) -> Sweeper:
        made = make_sweeper(stores[mark], state, deployment, Rubric(name="grounding"), nowhere, FixedClock(NOW))
        return replace(made, windows=state.windows.of(mark), traffic=state.windows, lock=f"sweep~{mark}")

    sweeps = Sweeps({mark: sweeper(mark) for mark in stores}, sweeper("").scanner)
    stores["rag"].failing = StoreUnavailable("down")
    report = asyncio.run(sweeps.sweep())
    assert report.failed_windows == 3
    assert report.windows == report.selected > 3
    assert not report.skipped_because_running
    stores["rag"].failing = None
    again = asyncio.run(sweeps.sweep())
    assert (again.windows, again.selected, again.failed_windows) == (report.windows, report.windows, 0)
    assert asyncio.run(sweeps.sweep()).windows == 0
