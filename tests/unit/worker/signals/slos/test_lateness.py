"""What the fleet can be late with: not with what ended before it ran, nor with what turned up after its window."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics import slo
from assay.worker.signals.slos.snapshot import SloWatch
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.signals.slos.slo_rows import NOW, attained_in, case_of, deployment, share_in, trace

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def swept(name: str, ago: timedelta, *, selected: timedelta, took: timedelta = MINUTE, **over: object) -> HistoryRow:
    """A trace that ended so long ago, with when it was selected, so long ago too, and how long judging took."""
    return trace(name, ago=ago, selected_at=NOW - selected, changed_at=NOW - selected + took, **over)


def in_time(rows: list[HistoryRow], window: str = "24h") -> tuple[int, float | None]:
    """Of how many coverage is asked, and the share."""
    good = attained_in(case := case_of(rows), "coverage", window).n
    return good, share_in(case, "coverage", window)


def regular(first_h: int, last_h: int) -> list[HistoryRow]:
    """Traffic of some hours, four traces an hour, each selected seven minutes after its end."""
    ends = [15 * MINUTE * k for k in range(4 * last_h + 3, 4 * first_h + 3)]
    return [swept(f"r{ago}", ago, selected=ago - 7 * MINUTE) for ago in ends]


def test_nothing_that_ended_before_the_fleet_ran_is_asked() -> None:
    """The first start: 24 hours of traffic that nobody could have judged, oldest windows first."""
    started = 30 * MINUTE
    old = [swept(f"o{k}", started + 20 * MINUTE * k, selected=started - MINUTE, took=5 * MINUTE) for k in range(1, 60)]
    assert in_time(old) == (0, None)
    since = swept("since", 29 * MINUTE, selected=22 * MINUTE)
    assert in_time([*old, since]) == (1, 1.0)


def test_after_an_outage_the_fleet_is_late() -> None:
    """Two hours without a sweep, which then goes through them in the order of time."""
    missed = [swept(f"m{k}", 3 * HOUR - 10 * MINUTE * k, selected=50 * MINUTE - MINUTE * k / 60) for k in range(12)]
    n, _ = in_time(regular(9, 3))
    assert in_time([*regular(9, 3), *missed]) == (n + 12, n / (n + 12))


def test_a_judge_that_hangs_makes_the_fleet_late_too() -> None:
    hung = [swept(f"h{k}", 2 * HOUR - 5 * MINUTE * k, selected=2 * HOUR - 5 * MINUTE * k, took=HOUR) for k in range(6)]
    n, _ = in_time(regular(9, 3))
    assert in_time([*regular(9, 3), *hung]) == (n + 6, n / (n + 6))


def test_what_a_lost_ledger_has_looked_through_again_is_not_asked() -> None:
    """Another rate takes traces of windows that were passed: of these nobody was late."""
    again = [swept(f"a{k}", 2 * HOUR + 20 * MINUTE * k, selected=10 * MINUTE, took=20 * MINUTE) for k in range(20)]
    rows = regular(9, 0)
    assert in_time([*rows, *again]) == in_time(rows)


def test_what_turned_up_later_is_asked_from_then_on() -> None:
    """A long run that ends after its window, and a trace that its store showed late."""
    long_run = swept("run", 2 * HOUR, selected=HOUR, ended_at=NOW - HOUR - 30 * MINUTE)
    shown_late = swept("late", 3 * HOUR, selected=3 * HOUR - 21 * MINUTE)
    n, _ = in_time(rows := regular(9, 0))
    assert in_time([*rows, long_run, shown_late]) == (n + 2, 1.0)
    hung = swept("hung", 3 * HOUR, selected=3 * HOUR - 21 * MINUTE, took=16 * MINUTE)
    assert in_time([*rows, hung]) == (n + 1, n / (n + 1))


def test_wide_windows_alone_make_nobody_late() -> None:
    """A quarter of an hour, as small plans of a store need: the first trace of each waits for sixteen minutes."""
    row = swept("first", 2 * HOUR, selected=2 * HOUR - 16 * MINUTE, took=8 * MINUTE)
    history = memory_history()

    async def look() -> list[float]:
        await history.writer.write([row, swept("before", 4 * HOUR, selected=4 * HOUR - 16 * MINUTE)])
        wide = deployment().model_copy(update={"window_seconds": 900})
        told = await SloWatch(history.reader).snapshot(wide, NOW)
        return [
            each.value
            for each in told.samples
            if each.name == slo.BURN.name and {"window": "3d", "objective": "coverage"}.items() <= each.labels.items()
        ]

    assert asyncio.run(look()) == [0.0]


def test_short_windows_know_how_long_the_fleet_has_run() -> None:
    """After a night's outage the last six hours alone would look like a first start."""
    rows = [*regular(30, 14), *(swept(f"n{k}", 4 * HOUR - 5 * MINUTE * k, selected=HOUR) for k in range(20))]

    async def looks() -> list[list[float]]:
        history = memory_history()
        await history.writer.write(rows)
        watch = SloWatch(history.reader, lambda: 1.0)
        told = [await watch.snapshot(deployment(), NOW) for _ in range(2)]
        wanted = {"window": "6h", "objective": "coverage"}
        return [
            [s.value for s in each.samples if s.name == slo.BURN.name and wanted.items() <= s.labels.items()]
            for each in told
        ]

    first, again = asyncio.run(looks())
    assert first == again
    assert first[0] > 50
