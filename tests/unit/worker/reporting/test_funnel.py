"""What the funnel says of what nobody looked at, and of what was judged before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

import pytest
from rich.console import Console

from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.ports.history import HistoryReader, HistoryUnavailable
from assay.worker.records.history import HistoryQuery
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.reporting.funnel import Funnel, FunnelRow, is_fair_share, read_funnel
from assay.worker.reporting.terminal.funnel import funnel_table, rootless_words
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import promise_of

DAY = date(2026, 11, 21)


def funnel(unseen: int | None, looked: int, windows: int, **row: object) -> Funnel:
    empty = {"use_case": "bot", "rubric": "grounding", "not_selected": 0, "selected": 0}
    return Funnel(
        first=DAY,
        last=DAY,
        rows=(FunnelRow.model_validate({**empty, **row}),),
        windows=windows,
        unmatched=0,
        excluded=0,
        unfinished=0,
        unseen_rootless=unseen,
        rootless_windows=looked,
    )


@pytest.mark.parametrize(
    ("unseen", "looked", "windows", "said"),
    [
        (None, 0, 296, "traces without a root: too few windows counted to say"),
        (None, 1, 296, "traces without a root: too few windows counted to say (1 of 296 windows so far)"),
        (0, 24, 288, "no traces without a root, never judged, in the 24 of 288 windows looked through"),
        (7, 24, 288, "about 7 traces without a root, never judged, in the 24 of 288 windows looked through"),
        (
            3,
            1,
            296,
            "about 3 traces without a root, never judged, in the 1 of 296 windows looked through, "
            "too few to say how many there are in all",
        ),
    ],
)
def test_what_was_not_looked_at_is_not_called_zero(unseen: int | None, looked: int, windows: int, said: str) -> None:
    assert rootless_words(funnel(unseen, looked, windows)) == said


@pytest.mark.parametrize(
    ("looked", "windows", "is_fair"),
    [
        (0, 0, False),
        (0, 288, False),
        (1, 288, False),
        (11, 100, False),
        (12, 288, False),
        (24, 288, True),
        (3, 3, True),
    ],
)
def test_fair_share(looked: int, windows: int, is_fair: bool) -> None:
    assert is_fair_share(looked, windows) is is_fair


def test_scored_before_this_ledger_began_are_named() -> None:
    row = {"selected": 261, "scored": {"judged": 235, "in_store": 26}}
    console = Console(width=200)
    with console.capture() as capture:
        console.print(funnel_table(funnel(None, 0, 1, **row)))
    assert "scored 26 found in the store, judged under an earlier ledger, 235 judged" in capture.get()
    assert funnel(None, 0, 1, **row).rows[0].found_in_store == 26


def test_what_is_held_is_told_by_what_it_waits_for() -> None:
    async def read() -> FunnelRow:
        state = memory_state()
        promises = [promise_of(make_trace(f"t{n}")) for n in range(4)]
        await state.ledger.promise(promises, now=NOW, due=NOW)
        reasons = ("held_budget", "held_budget", "store_busy", "ModelTimeout")
        moves = [
            Transition(trace_id=f"t{n}", expected=(LedgerState.OPEN,), state=LedgerState.OPEN, reason=reason, due=NOW)
            for n, reason in enumerate(reasons)
        ]
        await state.ledger.apply("grounding", moves, now=NOW)
        day = promises[0].start.date()
        (row,) = (await read_funnel(state.ledger_reader, state.windows, day, day)).rows
        return row

    row = asyncio.run(read())
    assert (row.in_flight, row.held, row.adds_up) == ({"open": 4}, {"budget": 2, "store_busy": 1}, True)
    console = Console(width=200)
    with console.capture() as capture:
        console.print(funnel_table(funnel(None, 0, 1, in_flight={"open": 4}, held=row.held, selected=4)))
    assert "in flight 4 open; of these held by 2 budget, 1 store busy" in capture.get()


def test_days_before_a_ledger_that_was_lost_are_told_by_the_record() -> None:
    """What the record has of them adds up with what this ledger has since then, and says where it comes from."""

    async def read(*, lost: bool) -> Funnel:
        state, history = memory_state(), memory_history()
        earlier, today = NOW - timedelta(days=3), NOW
        old = [promise_of(make_trace(f"old{n}", start=earlier)) for n in range(5)]
        new = [promise_of(make_trace(f"new{n}", start=today)) for n in range(2)]
        await state.windows.epoch(NOW if lost else earlier)
        await state.ledger.promise([*new, *([] if lost else old)], now=NOW, due=NOW)
        skip = [Transition(trace_id=p.trace_id, expected=(LedgerState.OPEN,), state=LedgerState.SKIPPED) for p in old]
        await state.ledger.apply("grounding", skip, now=NOW)
        entries = [LedgerEntry(promise=p, state=LedgerState.SKIPPED, since=NOW, changed_at=NOW) for p in old]
        await history.writer.write([row_of(entry, Origin("sqlite", "p")) for entry in entries])
        first = earlier.date()
        return await read_funnel(state.ledger_reader, state.windows, first, today.date(), record=history.reader)

    told = asyncio.run(read(lost=True))
    (row,) = told.rows
    assert (row.selected, row.skipped, row.in_flight, row.adds_up) == (7, {"": 5}, {"open": 2}, True)
    assert told.record_until == NOW.date()
    console = Console(width=200)
    with console.capture() as capture:
        console.print(funnel_table(told))
    assert f"days before {NOW.date()} are told by the record" in capture.get()
    whole = asyncio.run(read(lost=False))
    assert whole.record_until is None
    assert whole.rows[0].selected == 7


def test_backfill_under_way_before_the_first_sweep_is_not_hidden_by_the_record() -> None:
    async def read() -> Funnel:
        state, history = memory_state(), memory_history()
        earlier = NOW - timedelta(days=30)
        promises = [promise_of(make_trace(f"t{n}", start=earlier)) for n in range(4)]
        await state.windows.epoch(NOW)
        await state.ledger.promise(promises, now=NOW, due=NOW)
        done = Transition(trace_id="t0", expected=(LedgerState.OPEN,), state=LedgerState.SKIPPED)
        await state.ledger.apply("grounding", [done], now=NOW)
        rows = [row_of(entry, Origin("sqlite", "p")) for entry in (await state.ended.ended(limit=9)).entries]
        await history.writer.write(rows)
        return await read_funnel(state.ledger_reader, state.windows, earlier.date(), NOW.date(), record=history.reader)

    told = asyncio.run(read())
    assert told.record_until is None
    assert (told.rows[0].selected, told.rows[0].in_flight, told.adds_up) == (4, {"open": 3}, True)


def test_record_that_is_away_hides_nothing_of_the_ledger() -> None:
    class Away:
        async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
            raise HistoryUnavailable("away")

    async def read() -> Funnel:
        state = memory_state()
        await state.ledger.promise([promise_of(make_trace("t"))], now=NOW, due=NOW)
        reader = cast("HistoryReader", Away())
        first = NOW.date() - timedelta(days=9)
        return await read_funnel(state.ledger_reader, state.windows, first, NOW.date(), record=reader)

    assert asyncio.run(read()).rows[0].selected == 1
