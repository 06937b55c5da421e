"""The keeper of the record: what ended gets its row, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.flow import history_writing
from assay.worker.flow.history_databases import LATE_ENDS_AFTER, HistoryDatabases, written_in_turn
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.flow.history_writing import PRUNED_AT_ONCE, HistoryKeeper, HistoryReport
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.ended_entries import Ended, EndedEntries, Unreadable
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.history import HistoryRow, UserOpinion
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise, Transition
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

    async def write_opinions(self, opinions: Sequence[UserOpinion]) -> None:
        raise NotImplementedError(opinions)

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        return [row for row in self.rows if row.trace_id == trace_id]

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
            reader=self.database,  # type: ignore[arg-type]  # nothing else of it is asked
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
    rows = [row_of(entry, Origin("sqlite", "p")) for entry in asyncio.run(there.state.ended.ended(limit=9)).entries]
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
    assert "the record takes no row of trace 'c' (rubric grounding): ValueError" in told["error"]
    assert there.waiting() == 1
    there.database.refuses = ""
    assert there.tick().written == 1


class WithUnreadable:
    """A queue in which some entries cannot be read."""

    def __init__(self, ended: EndedEntries, unreadable: Sequence[str]) -> None:
        self.ended_entries, self.unreadable = ended, unreadable

    async def ended(self, *, limit: int, skip: int = 0) -> Ended:
        waiting = (await self.ended_entries.ended(limit=9_999)).entries[skip : skip + limit]
        return Ended(
            [entry for entry in waiting if entry.trace_id not in self.unreadable],
            [Unreadable("grounding", t.trace_id, "Judgement: x") for t in waiting if t.trace_id in self.unreadable],
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ended_entries, name)


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_entries_that_cannot_be_read_stop_nobody_and_are_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However many there are, and beside rows that the database does not take."""
    monkeypatch.setattr(history_writing, "ROWS_AT_ONCE", at_once)
    there = Deployment()
    there.end(*"abcdef")
    there.database.refuses = "d"
    keeper = replace(there.keeper(), ended=WithUnreadable(there.state.ended, "abc"))
    with capture_logs() as lines:
        reports = [asyncio.run(keeper.tick()) for _ in range(2)]
    assert [report.written for report in reports] == [2, 0]
    assert there.database.traces() == ["e", "f"]
    assert there.waiting() == 4
    (told,) = [line for line in lines if line["event"] == "history.not_written"]
    assert "trace 'a' (rubric grounding) cannot be read (Judgement: x); if a newer Assay wrote it" in told["error"] or (
        at_once == 500 and "takes no row of trace 'd'" in told["error"]
    )
    trouble = asyncio.run(HistoryTroubles(there.state.key_values).present())
    assert trouble is not None
    there.database.refuses = ""
    assert there.tick().written == 4
    assert asyncio.run(HistoryTroubles(there.state.key_values).present()) is None


def test_entry_that_makes_no_row_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails before the database is asked is as good as refused by it."""
    there = Deployment()
    there.end(*"abc")

    def makes_none(entry: LedgerEntry, origin: Origin) -> HistoryRow:
        if entry.trace_id == "b":
            raise ValueError("geheim")
        return row_of(entry, origin)

    monkeypatch.setattr(history_writing, "row_of", makes_none)
    with capture_logs() as lines:
        assert there.tick().written == 2
    assert there.database.traces() == ["a", "c"]
    assert there.waiting() == 1
    assert "trace 'b'" in str(lines)
    assert "geheim" not in str(lines)


def test_error_that_nobody_foresaw_is_told_before_the_tick_ends_with_it() -> None:
    there = Deployment()
    there.database.error = TypeError("geheim")
    with capture_logs() as lines, pytest.raises(TypeError):
        there.tick()
    trouble = asyncio.run(HistoryTroubles(there.state.key_values).present())
    assert trouble is not None
    assert "cannot be written: TypeError" in trouble.message
    assert "geheim" not in f"{trouble} {lines}"


def test_restored_backup_gets_what_it_lacks_and_once() -> None:
    """It has the identity of the database that it is a copy of."""
    there = Deployment()
    there.end("a")
    there.tick()
    backup = list(there.database.rows)
    there.clock.moment += timedelta(minutes=1)
    there.end("b", "c")
    there.tick()
    there.database.rows = backup
    with capture_logs() as lines:
        assert there.tick() == HistoryReport(queued=3, written=3)
    assert "history.rows_were_missing" in [line["event"] for line in lines]
    assert sorted({row.trace_id for row in there.database.rows}) == ["a", "b", "c"]
    assert there.tick() == HistoryReport()


def test_backup_of_another_database_gets_what_it_lacks() -> None:
    there = Deployment()
    there.end("a")
    there.tick()
    first, there.database = there.database, ListWriter(name="two")
    there.tick()
    there.clock.moment += timedelta(minutes=1)
    there.end("b")
    there.tick()
    there.database = first
    there.tick()
    assert sorted({row.trace_id for row in first.rows}) == ["a", "b"]


def test_rows_that_nobody_has_any_more_are_looked_for_once() -> None:
    there = Deployment()
    there.end("a")
    there.tick()
    there.database.rows.clear()
    there.state.ledger._entries.clear()  # type: ignore[attr-defined]
    with capture_logs() as lines:
        there.tick()
        there.tick()
    assert [line["event"] for line in lines].count("history.rows_were_missing") == 1


@pytest.mark.parametrize(("days", "is_missed"), [(29, True), (31, False)])
def test_row_that_retention_removed_is_not_missed(days: int, is_missed: bool) -> None:
    there = Deployment()
    there.end("a")
    there.tick()
    there.clock.moment += LATE_ENDS_AFTER
    there.tick()
    there.clock.moment = NOW + timedelta(days=days)
    there.database.rows.clear()
    with capture_logs() as lines:
        asyncio.run(replace(there.keeper(), keep_for=timedelta(days=30)).tick())
    assert ("history.rows_were_missing" in [line["event"] for line in lines]) == is_missed


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
    ("order", "in_turn"),
    [
        ("aaaa", 0),
        ("aaabbb", 0),
        ("aabbcc", 0),
        ("ababab", 2),
        ("abcabcabc", 3),
        ("aabbaaa", 0),
        ("abcaaaaaa", 0),
        ("aababb", 0),
        ("acadaeafa", 0),
    ],
)
@pytest.mark.parametrize("pause", [timedelta(seconds=5), timedelta(minutes=2)])
def test_databases_in_turn_are_told_from_one_that_took_anothers_place(
    order: str, in_turn: int, pause: timedelta
) -> None:
    """Whoever puts a file back, or makes one anew, does so now and then. Two keepers take turns at every tick."""
    assert _written(Deployment(), order, pause=pause) == in_turn


def test_what_was_in_turn_days_ago_is_forgotten() -> None:
    there = Deployment()
    _written(there, "ababab", pause=timedelta(minutes=2))
    there.clock.moment += timedelta(days=2)
    assert _written(there, "aaa", pause=timedelta(minutes=2)) == 0
