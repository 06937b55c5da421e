"""Copies for a further place: written once their own store shows them, never for ever, and counted however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.worker.flow.copies.asking import CopyRequests
from assay.worker.flow.copies.making import CopyMaker
from assay.worker.flow.copies.writing import CopyReport, CopyWriter, CopyWriters
from assay.worker.ports.copies import CopyKey
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey
from tests.builders import make_trace
from tests.fakes import FlakyStore
from tests.unit.worker.flow.pipeline import Line

RUBRIC = "grounding"


class Copied(Line):
    """A line whose use case has a further place."""

    def __init__(self, n: int = 2, *, reads_back: bool = True) -> None:
        super().__init__([make_trace(f"t{i}") for i in range(n)])
        self.place = FlakyStore()
        self.reads_back = reads_back
        self.native: Callable[[str], str] = lambda trace_id: trace_id

    def judged(self) -> Copied:
        """Judge, write and verify everything, and ask for copies as the verifier does."""
        self.assess()
        self.record()
        self.clock.moment += timedelta(seconds=2)
        asked = CopyRequests(self.state.copies, {self.promises[0].use_case: ("audit",)})
        asyncio.run(replace(self.verifier, copies=asked).verify())
        return self

    @property
    def writer(self) -> CopyWriter:
        return CopyWriter(
            place="audit",
            sink=self.place,
            reads_back=self.reads_back,
            read_lag=timedelta(seconds=1),
            rewrite_after=timedelta(seconds=60),
            copies=self.state.copies,
            maker=CopyMaker(self.store, self.state.ledger_reader, self.state.verdicts, self.native),
            locks=self.state.locks,
            key_values=self.state.key_values,
            clock=self.clock,
        )

    def tick(self, after_s: float = 0.0) -> CopyReport:
        self.clock.moment += timedelta(seconds=after_s)
        return asyncio.run(CopyWriters([self.writer]).tick())

    def ids_due(self, n: int) -> list[str]:
        """The traces of the first copies in the order of the queue."""
        now = self.clock.now()
        return [c.trace_id for c in asyncio.run(self.state.copies.due("audit", now=now, until=now, limit=n))]

    def ended(self) -> dict[tuple[str, str], int]:
        counts = asyncio.run(self.state.copies.counts("audit"))
        return {(ended.outcome, ended.reason): ended.traces for ended in counts.ended}

    def waiting(self) -> tuple[int, int]:
        counts = asyncio.run(self.state.copies.counts("audit"))
        return counts.waiting, counts.written


def test_scores_are_copied_as_their_own_store_has_them_and_read_back() -> None:
    line = Copied()
    assert line.tick() == CopyReport()
    line.judged()
    assert line.tick() == CopyReport(copied=2)
    assert line.place.scores == line.store.scores
    assert line.tick(2) == CopyReport(shown=2)
    assert line.ended() == {("verified", ""): 2}
    assert line.tick(100) == CopyReport()


def test_place_gets_the_ids_that_the_traces_have_in_their_own_store() -> None:
    line = Copied(1)
    line.native = lambda trace_id: f"native-{trace_id}"
    line.judged()
    line.tick()
    assert {score.trace_id for score in line.place.scores.values()} == {"native-t0"}
    assert line.place.scores.keys() == line.store.scores.keys()
    assert line.tick(2) == CopyReport(shown=1)


def test_place_that_shows_no_scores_is_told_to_be_unverified() -> None:
    line = Copied(reads_back=False).judged()
    assert line.tick() == CopyReport(copied=2, unverified=2)
    assert line.ended() == {("unverified", ""): 2}


def test_place_that_is_down_is_left_alone_for_growing_times_and_gets_all_in_the_end() -> None:
    line = Copied().judged()
    line.place.failing = StoreUnavailable("down")
    assert line.tick() == CopyReport(delayed=2)
    assert line.tick(5) == CopyReport()
    assert line.tick(6) == CopyReport(delayed=2)
    assert line.tick(15) == CopyReport()
    line.place.failing = None
    assert line.tick(6) == CopyReport(copied=2)
    assert line.tick(2) == CopyReport(shown=2)


def test_copy_that_waits_for_too_long_is_given_up_and_counted() -> None:
    line = Copied().judged()
    line.place.failing = StoreUnavailable("down")
    line.tick()
    assert line.tick(25 * 3600) == CopyReport(gave_up=2)
    assert line.ended() == {("given_up", "too_old"): 2}


def test_refused_copy_is_given_up_alone() -> None:
    line = Copied(5).judged()
    line.place.refuse = {"t3": StoreRejected("no such trace")}
    assert line.tick() == CopyReport(copied=4, gave_up=1)
    assert line.tick(2) == CopyReport(shown=4)
    assert line.ended() == {("given_up", "rejected"): 1, ("verified", ""): 4}


def test_copy_that_is_not_shown_is_written_again_and_given_up_after_three_writes() -> None:
    line = Copied(1).judged()
    line.place.swallow_writes = 99
    assert line.tick() == CopyReport(copied=1)
    assert line.tick(5) == CopyReport()
    assert line.tick(61) == CopyReport(copied=1)
    assert line.tick(61) == CopyReport(copied=1)
    assert line.tick(61) == CopyReport(gave_up=1)
    assert line.ended() == {("given_up", "not_shown"): 1}


def test_copy_whose_verdict_is_gone_is_given_up_with_that_reason() -> None:
    line = Copied(1).judged()
    line.kept.__init__()  # type: ignore[misc]  # as if its time were over
    assert line.tick() == CopyReport(gave_up=1)
    assert line.ended() == {("given_up", "verdict_expired"): 1}


def test_worker_that_dies_leaves_copies_that_are_written_again_under_the_same_ids() -> None:
    line = Copied(1).judged()
    asyncio.run(line.state.copies.due("audit", now=line.clock.now(), until=line.clock.now(), limit=9))
    line.tick()
    first = dict(line.place.scores)
    asyncio.run(line.state.copies.ask("audit", [CopyKey(RUBRIC, "t0")], now=line.clock.now()))
    line.tick()
    assert line.place.scores == first
    assert line.place.writes == 2


def test_place_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.flow.copies.posting.CALL_S", 0.05)

    class Hanging(FlakyStore):
        async def write_scores(self, scores: Sequence[Score]) -> None:
            await asyncio.Event().wait()

        async def read_scores(self, keys: object) -> Mapping[str, Score]:
            raise AssertionError

    line = Copied().judged()
    keys = [CopyKey(RUBRIC, "t0"), CopyKey(RUBRIC, "t1")]
    asyncio.run(line.state.copies.ask("slow", keys, now=line.clock.now()))
    slow = replace(line.writer, place="slow", sink=Hanging())
    report = asyncio.run(CopyWriters([slow, line.writer]).tick())
    assert report == CopyReport(copied=2, delayed=2)
    assert line.waiting() == (0, 2)


def test_own_store_that_has_never_told_its_project_puts_copies_off() -> None:
    line = Copied(1).judged()

    class Silent(FlakyStore):
        async def project_id(self) -> str:
            raise StoreUnavailable("away")

    line.store = Silent()
    assert line.tick() == CopyReport()
    assert line.waiting() == (1, 0)


def test_keys_of_expected_scores_are_those_of_the_place() -> None:
    line = Copied(1)
    line.native = lambda trace_id: f"native-{trace_id}"
    line.judged()
    (copy,) = asyncio.run(line.state.copies.due("audit", now=line.clock.now(), until=line.clock.now(), limit=9))
    expected = asyncio.run(line.writer.maker.expected([copy]))[copy.key]
    assert {key.trace_id for key in expected} == {"native-t0"}
    assert all(isinstance(key, ScoreKey) for key in expected)
