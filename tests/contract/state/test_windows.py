"""One suite for every implementation of the windows."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.windows import ResolvedRate, WindowRecord
from tests.contract.state.making import LATER, NOW, SOON, Run


def test_epoch_is_the_first_moment_ever_asked(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.windows.known_epoch() is None
        assert await state.windows.epoch(NOW) == NOW
        assert await state.windows.epoch(LATER) == NOW
        assert await state.windows.known_epoch() == NOW

    run(check)


def test_windows_come_back_in_order_and_half_open(run: Run) -> None:
    async def check(state: FleetState) -> None:
        starts = [NOW + timedelta(minutes=5 * n) for n in (2, 0, 1)]
        for start in starts:
            rates = {"bot": ResolvedRate(rate=0.2, why="configured")}
            window = WindowRecord(start=start, end=start + timedelta(minutes=5), seen={"bot": 3}, rates=rates)
            await state.windows.put(window)
        windows = await state.windows.between(NOW, NOW + timedelta(minutes=10))
        assert [w.start for w in windows] == sorted(starts)[:2]
        assert windows[0].rates["bot"].rate == 0.2
        assert await state.windows.at(windows[1].start) == windows[1]
        assert await state.windows.at(NOW + timedelta(seconds=1)) is None

    run(check)


def test_open_window_keeps_the_first_rates_and_adds_missing_ones(run: Run) -> None:
    async def check(state: FleetState) -> None:
        def window(**rates: float) -> WindowRecord:
            resolved = {name: ResolvedRate(rate=rate, why="configured") for name, rate in rates.items()}
            return WindowRecord(start=NOW, end=SOON, rates=resolved)

        first = await state.windows.open(window(bot=0.1905))
        second = await state.windows.open(window(bot=0.9, chat=0.123456789012))
        stored = (await state.windows.between(NOW, SOON))[0]
        assert first.rates["bot"].rate == second.rates["bot"].rate == 0.1905
        assert stored == second
        assert stored.rates["chat"].rate == 0.123456789012

    run(check)


def _window(rate: float, lowered: int, **seen: int) -> WindowRecord:
    resolved = ResolvedRate(rate=rate, why="low_traffic", lowered=lowered, expected=None)
    return WindowRecord(start=NOW, end=SOON, rates={"bot": resolved}, seen=seen)


def test_lowered_rate_is_stored_once_and_the_first_one_stays(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.windows.open(_window(1.0, 0))
        first = await state.windows.open(_window(0.25, 1))
        second = await state.windows.open(_window(0.5, 1))
        assert first.rates["bot"].rate == second.rates["bot"].rate == 0.25

    run(check)


def test_record_that_is_written_late_does_not_raise_a_lowered_rate(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.windows.open(_window(1.0, 0))
        await state.windows.open(_window(0.123456789, 1))
        await state.windows.put(_window(1.0, 0, bot=7))
        stored = (await state.windows.between(NOW, SOON))[0]
        assert (stored.rates["bot"].rate, stored.seen) == (0.123456789, {"bot": 7})
        without = WindowRecord(start=NOW, end=SOON, seen={"bot": 8})
        await state.windows.put(without)
        stored = (await state.windows.between(NOW, SOON))[0]
        assert (stored.rates["bot"].rate, stored.seen) == (0.123456789, {"bot": 8})
        await state.windows.put(_window(0.1, 2, bot=9))
        stored = (await state.windows.between(NOW, SOON))[0]
        assert (stored.rates["bot"].rate, stored.seen) == (0.1, {"bot": 9})

    run(check)


def test_each_store_has_windows_and_an_epoch_of_its_own(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first, second = state.windows.of(""), state.windows.of("rag")
        window = WindowRecord(start=NOW, end=SOON)
        await first.put(window.model_copy(update={"seen": {"bot": 3}}))
        await second.open(window.model_copy(update={"seen": {"docs": 4}}))
        await second.put(window.model_copy(update={"seen": {"docs": 5}}))
        assert [w.seen for w in await first.between(NOW, LATER)] == [{"bot": 3}]
        at_rag, at_any = await second.at(NOW), await state.windows.at(NOW)
        assert at_rag is not None
        assert at_any is not None
        assert (at_rag.store, at_rag.seen, at_any.seen) == ("rag", {"docs": 5}, {"bot": 3, "docs": 5})
        assert [w.seen for w in await state.windows.between(NOW, LATER)] == [{"bot": 3, "docs": 5}]
        assert await state.windows.of("new").between(NOW, LATER) == []
        assert await first.epoch(NOW) == NOW
        assert await second.epoch(LATER) == LATER
        assert await state.windows.known_epoch() == NOW
        assert await second.known_epoch() == LATER

    run(check)
