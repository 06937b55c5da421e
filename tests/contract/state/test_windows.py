"""One suite for every implementation of the windows."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.windows import ResolvedRate, WindowRecord
from tests.contract.state.making import LATER, NOW, SOON, Run


def test_epoch_is_the_first_moment_ever_asked(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.windows.epoch(NOW) == NOW
        assert await state.windows.epoch(LATER) == NOW

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
