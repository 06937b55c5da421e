"""Verifying and recording in several stores: one that hangs or is down holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.worker.flow.store_recording import RecorderOfStores
from assay.worker.flow.store_verifying import VerifierOfStores
from assay.worker.flow.verify import VerifyReport
from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable
from assay.worker.records.messages import RecordMessage
from assay.worker.records.scores import Score, ScoreKey
from tests.builders import make_trace
from tests.fakes import FlakyStore
from tests.unit.worker.flow.pipeline import Line


class Hanging(FlakyStore):
    """Answers no read until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        await self.go.wait()
        return await super().read_scores(keys)


def store_of(trace_id: str) -> str:
    return "rag" if trace_id.startswith("rag~") else ""


class Two(Line):
    """A line with traces in two stores, judged and written."""

    def __init__(self, second: FlakyStore, n: int = 3) -> None:
        super().__init__([*(make_trace(f"t{i}") for i in range(n)), *(make_trace(f"rag~t{i}") for i in range(n))])
        self.second = second
        self.assess()
        recorders = {"": self.recorder, "rag": replace(self.recorder, project=second, sink=second)}
        for message in [m for m in self.published if isinstance(m, RecordMessage)]:
            asyncio.run(RecorderOfStores(recorders, store_of).record(message))

    async def look(self) -> VerifyReport:
        second = replace(self.verifier, project=self.second, sink=self.second, lock="verify~rag")
        return await VerifierOfStores({"": self.verifier, "rag": second}, store_of).verify()


def test_each_store_gets_and_shows_the_scores_of_its_own_traces() -> None:
    line = Two(FlakyStore())
    assert {score.trace_id for score in line.store.scores.values()} == {"t0", "t1", "t2"}
    assert {score.trace_id for score in line.second.scores.values()} == {"rag~t0", "rag~t1", "rag~t2"}
    line.clock.moment += timedelta(seconds=2)
    assert asyncio.run(line.look()).scored == 6


@pytest.mark.parametrize(("error", "put_off"), [(StoreUnavailable("down"), 3), (StoreBusy("no room"), 0)])
def test_store_that_is_down_takes_nothing_from_the_other(error: Exception, put_off: int) -> None:
    line = Two(FlakyStore())
    line.clock.moment += timedelta(seconds=2)
    line.second.failing = error
    report = asyncio.run(line.look())
    assert (report.scored, report.put_off) == (3, put_off)
    line.second.failing = None
    line.clock.moment += timedelta(seconds=6)
    assert asyncio.run(line.look()).scored == 3


def test_store_that_hangs_is_left_to_who_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.flow.store_verifying.PATIENCE_S", 0.05)

    async def check() -> None:
        second = await asyncio.to_thread(Hanging)
        line = await asyncio.to_thread(Two, second)
        line.clock.moment += timedelta(seconds=2)
        first = asyncio.create_task(line.look())
        await asyncio.sleep(0.3)
        assert not first.done()
        entries = await line.state.ledger_reader.entries("grounding", ["t0", "rag~t0"])
        assert [entries[i].state.value for i in ("t0", "rag~t0")] == ["scored", "posted"]
        line.clock.moment += timedelta(seconds=6)
        assert (await line.look()).scored == 0  # the second verifier does not wait for it, too
        second.go.set()
        assert (await first).scored == 6

    asyncio.run(check())


def test_verifier_that_is_cancelled_lets_go_of_its_locks() -> None:
    async def check() -> None:
        second = await asyncio.to_thread(Hanging)
        line = await asyncio.to_thread(Two, second)
        line.clock.moment += timedelta(seconds=2)
        hanging = asyncio.create_task(line.look())
        await asyncio.sleep(0.05)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        second.go.set()
        line.clock.moment += timedelta(seconds=6)
        assert (await line.look()).scored >= 3

    asyncio.run(check())
