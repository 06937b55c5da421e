"""The keeper of the record: what ended gets its row, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.flow import history_writing
from assay.worker.flow.history_databases import LATE_ENDS_AFTER, HistoryDatabases, written_in_turn
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.flow.history_writing import PRUNED_AT_ONCE, HistoryKeeper, HistoryReport
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import LedgerState, Promise, Transition
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW


@dataclass
class ListWriter:
    """A database in a list. It fails as it is told."""

    rows: list[HistoryRow] = field(default_factory=list)
    name: str = "one"
    error: Exception | None = None
    refuses: str = ""
    pruned: list[tuple[datetime, int]] = field(default_factory=list)

    async def write(self, rows: Sequence[HistoryRow]) -> None:
        if self.error is not None:
            raise self.error
        if any(row.trace_id == self.refuses for row in rows):
            raise ValueError("no such column")
        self.rows += rows

    async def prune(self, before: datetime, *, limit: int) -> int:
        self.pruned.append((before, limit))
        return 3

    async def identity(self) -> str:
        if self.error is not None:
            raise self.error
        return self.name

    def traces(self) -> list[str]:
        return sorted(row.trace_id for row in self.rows)


class Project:
    """A store that knows its name, or is away."""

    error: EvaluationError | None = None

    async def project_id(self) -> str:
        if self.error is not None:
            raise self.error
        return "p"


class Deployment:
    """A ledger, a database, and a keeper between them."""

    def __init__(self) -> None:
        self.state, self.clock, self.database, self.project = memory_state(), FixedClock(NOW), ListWriter(), Project()

    def keeper(self) -> HistoryKeeper:
        state = self.state
        return HistoryKeeper(
            ended=state.ended,
            writer=self.database,
            project=self.project,
            store="sqlite",
            locks=state.locks,
            key_values=state.key_values,
            clock=self.clock,
            keep_for=timedelta(days=400),
        )

    def tick(self) -> HistoryReport:
        return asyncio.run(self.keeper().tick())

    def end(self, *trace_ids: str, final: LedgerState = LedgerState.SKIPPED) -> None:
        async def work() -> None:
            fields = {"rubric": "grounding", "rubric_hash": "h", "use_case": "bot", "window": "w", "stratum": "base"}
            promises = [
                Promise(trace_id=trace_id, start=NOW, pi=0.5, selected_at=NOW, **fields) for trace_id in trace_ids
            ]
            await self.state.ledger.promise(promises, now=NOW, due=NOW)
            changes = [Transition(trace_id=t, expected=(LedgerState.OPEN,), state=final) for t in trace_ids]
            await self.state.ledger.apply("grounding", changes, now=self.clock.now())

        asyncio.run(work())

    def waiting(self) -> int:
        return asyncio.run(self.state.ended.unrecorded()).entries


def test_what_ended_gets_one_row_and_is_let_go() -> None:
    there = Deployment()
    there.end("a", "b")
    assert there.tick().written == 2
    assert there.tick().written == 0
    assert there.database.traces() == ["a", "b"]
    assert there.waiting() == 0


def test_more_than_one_batch_is_written_in_one_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_writing, "ROWS_AT_ONCE", 2)
    there = Deployment()
    there.end(*"abcde")
    assert there.tick().written == 5
    assert there.database.traces() == list("abcde")


def test_keeper_that_dies_after_the_row_and_before_it_lets_go_writes_it_again() -> None:
    there = Deployment()
    there.end("a")
    rows = [row_of(entry, Origin("sqlite", "p")) for entry in asyncio.run(there.state.ended.ended(limit=9))]
    asyncio.run(there.database.write(rows))
    there.tick()
    assert {row.key for row in there.database.rows} == {there.database.rows[0].key}
    assert len(there.database.rows) == 2, "the same row again: the database keeps one of a key"
    assert there.waiting() == 0


def test_only_one_keeper_works_at_a_time() -> None:
    there = Deployment()
    there.end("a")
    asyncio.run(there.state.locks.acquire("history", owner="other", ttl_s=60))
    assert there.tick() == HistoryReport()
    assert there.waiting() == 1
    asyncio.run(there.state.locks.release("history", owner="other"))
    assert there.tick().written == 1


@pytest.mark.parametrize(
    ("error", "event_level"),
    [
        (HistoryUnavailable("database at h: away; start it"), "warning"),
        (ConfigurationError("file: it may not be written"), "error"),
    ],
)
def test_database_away_loses_nothing_and_is_told_once_per_outage(error: Exception, event_level: str) -> None:
    there = Deployment()
    there.tick()
    troubles = HistoryTroubles(there.state.key_values)
    for outage in (1, 2):
        there.end(f"a{outage}")
        there.database.error = error
        with capture_logs() as lines:
            for _ in range(3):
                assert there.tick() == HistoryReport()
                there.clock.moment += timedelta(seconds=5)
        assert [line["log_level"] for line in lines] == [event_level], "it is told once, and not at every try"
        trouble = asyncio.run(troubles.present())
        assert trouble is not None
        assert trouble.message == str(error)
        assert there.waiting() == 1
        there.database.error = None
        with capture_logs() as lines:
            assert there.tick().written == 1
        assert [line["event"] for line in lines] == ["history.written_again"]
        assert asyncio.run(troubles.present()) is None
    assert there.database.traces() == ["a1", "a2"]


def test_database_that_hangs_is_away_and_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(rows: Sequence[HistoryRow]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(history_writing, "ANSWER_S", 0.05)
    there = Deployment()
    there.end("a")
    monkeypatch.setattr(there.database, "write", hangs)
    assert there.tick() == HistoryReport()
    trouble = asyncio.run(HistoryTroubles(there.state.key_values).present())
    assert trouble is not None
    assert "did not answer" in trouble.message
    assert there.waiting() == 1


def test_store_that_does_not_tell_its_project_is_waited_for() -> None:
    there = Deployment()
    there.end("a")
    there.project.error = StoreUnavailable("away")
    assert there.tick() == HistoryReport()
    assert there.waiting() == 1
    there.project.error = None
    assert there.tick().written == 1


def test_new_database_gets_all_that_ended_once() -> None:
    there = Deployment()
    there.end("a", "b")
    there.tick()
    there.database = ListWriter(name="two")
    assert there.tick().queued == 2
    assert there.database.traces() == ["a", "b"]
    assert there.tick() == HistoryReport()


def test_database_that_was_there_before_gets_nothing_again() -> None:
    there = Deployment()
    one, two = there.database, ListWriter(name="two")
    there.end("a")
    for database in (one, two, one, two):
        there.database = database
        there.tick()
    assert (one.traces(), two.traces()) == (["a"], ["a"])


def test_new_database_gets_later_what_older_workers_ended_meanwhile() -> None:
    there = Deployment()
    there.tick()
    there.end("a")
    there.state.ledger.unrecorded.clear()  # type: ignore[attr-defined]  # what an older worker ends is queued by nobody
    there.clock.moment += timedelta(seconds=5)
    assert there.tick() == HistoryReport()
    there.clock.moment += LATE_ENDS_AFTER
    assert there.tick() == HistoryReport(queued=1, written=1)
    there.clock.moment += LATE_ENDS_AFTER
    there.state.ledger.unrecorded.clear()  # type: ignore[attr-defined]
    assert there.tick().queued == 0


def test_row_that_the_database_never_takes_is_named_and_waits_and_the_others_are_written() -> None:
    """No row is given up: that all are refused alike may also be a process that is about to end."""
    there = Deployment()
    there.end(*"abcde")
    there.database.refuses = "c"
    with capture_logs() as lines:
        there.tick()
        there.tick()
    assert there.database.traces() == ["a", "b", "d", "e"]
    (told,) = [line for line in lines if line["event"] == "history.not_written"]
    assert "takes no row of trace 'c' (rubric grounding): ValueError" in told["error"]
    assert there.waiting() == 1
    there.database.refuses = ""
    assert there.tick().written == 1


def test_old_rows_are_removed_by_retention_and_not_at_every_tick() -> None:
    there = Deployment()
    assert there.tick().pruned == 3
    assert there.tick().pruned == 0
    assert there.database.pruned == [(NOW - timedelta(days=400), PRUNED_AT_ONCE)]


def _written(there: Deployment, order: str, *, pause: timedelta) -> int:
    """How many databases are written to in turn, after ticks of these."""
    for name in order:
        there.database = ListWriter(name=name)
        there.tick()
        there.clock.moment += pause
    return written_in_turn(asyncio.run(HistoryDatabases(there.state.key_values).known()), there.clock.now())


@pytest.mark.parametrize(
    ("order", "in_turn"), [("aaaa", 0), ("aaabbb", 0), ("aabbcc", 0), ("ababab", 2), ("abcabcabc", 3), ("aababb", 2)]
)
def test_databases_in_turn_are_told_from_one_that_took_anothers_place(order: str, in_turn: int) -> None:
    assert _written(Deployment(), order, pause=timedelta(minutes=2)) == in_turn


def test_what_was_in_turn_days_ago_is_forgotten() -> None:
    there = Deployment()
    _written(there, "abab", pause=timedelta(minutes=2))
    there.clock.moment += timedelta(days=2)
    assert _written(there, "aaa", pause=timedelta(minutes=2)) == 0
