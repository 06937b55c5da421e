"""CUSUM charts of flags: each trace is taken once, in whichever portions the record shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.signals.chart_restarts import acknowledge
from assay.worker.signals.flag_charts import RESTART_AFTER, RISE, Chart, Series, limit_of
from assay.worker.signals.parts import keep_part, kept_part
from assay.worker.state.memory.history import MemoryHistory, memory_history
from assay.worker.state.memory.state import memory_state
from assay.worker.statistics.cusum import BernoulliCusum
from tests.unit.worker.signals.kept_signals import NOW, keeper_of, recent, samples_of

BOT = Series("bot", "grounding")


async def look(history: MemoryHistory, state: FleetState, now: datetime = NOW) -> Chart | None:
    """One tick, and the chart after it. However slow this machine is, the part need not rest."""
    await keeper_of(history, state, now=now).tick()
    part = await kept_part(state.key_values, "day")
    assert part is not None
    await keep_part(state.key_values, "day", part.model_copy(update={"took_s": 0.0}))
    return part.memory.charts.by_series.get(BOT.key)


def flagged(number: int, share: int) -> HistoryRow:
    """A trace of which one in so many is flagged."""
    return recent(number, risk=0.9 if number % share == 0 else 0.05)


def record() -> MemoryHistory:
    """An empty one, both sides in one object."""
    history = memory_history().reader
    assert isinstance(history, MemoryHistory)
    return history


def test_traces_are_taken_once_however_often_they_are_looked_at() -> None:
    async def main() -> None:
        history, state = record(), memory_state()
        rows = [flagged(n, 5) for n in range(10, 110)]
        await history.write(rows)
        await look(history, state)
        first = await look(history, state, NOW + timedelta(minutes=1))
        assert first is not None
        assert first.value > 1
        for minute in range(2, 6):
            await history.write(rows)
            assert await look(history, state, NOW + timedelta(minutes=minute)) == first

    asyncio.run(main())


@settings(max_examples=12, deadline=None)
@given(
    flags=st.lists(st.booleans(), min_size=2, max_size=60),
    portions=st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=6),
)
def test_the_sum_is_the_same_in_whichever_portions_traces_come(flags: list[bool], portions: list[int]) -> None:
    """Several end at one moment, as those do that one look into the store shows."""

    async def main() -> tuple[float, float]:
        rows = [
            recent(200 - n, risk=0.9 if flag else 0.05, changed_at=NOW - timedelta(minutes=100 - n // 3))
            for n, flag in enumerate(flags)
        ]
        whole, parts = record(), record()
        state, other = memory_state(), memory_state()
        await whole.write(rows)
        for minute in range(2):
            at_once = await look(whole, state, NOW + timedelta(minutes=minute))
        begin, minute = 0, 0
        for portion in [*portions, len(rows)]:
            await parts.write(rows[begin : begin + portion])
            begin, minute = begin + portion, minute + 1
            await look(parts, other, NOW + timedelta(minutes=minute))
        in_parts = await look(parts, other, NOW + timedelta(minutes=minute + 1))
        assert at_once is not None
        assert in_parts is not None
        return at_once.value, in_parts.value

    at_once, in_parts = asyncio.run(main())
    assert in_parts == pytest.approx(at_once)


def values_of(charts: Sequence[Chart | None]) -> list[float]:
    """Their sums."""
    return [chart.value if chart else -1.0 for chart in charts]


def test_a_new_judge_begins_a_new_sum() -> None:
    async def main() -> None:
        history, state = record(), memory_state()
        await history.write([flagged(n, 2) for n in range(60, 120)])
        before = await look(history, state)
        await history.write([recent(n, revision="r2", risk=0.05) for n in range(5, 15)])
        after = await look(history, state, NOW + timedelta(minutes=5))
        assert before is not None
        assert after is not None
        assert before.value > 10
        assert (after.revision, after.value) == ("r2", 0.0)

    asyncio.run(main())


def test_an_alarm_is_told_and_begins_anew_after_a_day_or_when_acknowledged() -> None:
    async def main() -> None:
        history, state = record(), memory_state()
        await history.write([flagged(n, 2) for n in range(60, 180)])
        alarm = await look(history, state)
        assert alarm is not None
        assert alarm.alarm_since == NOW
        assert alarm.value >= alarm.limit
        samples = await samples_of(state.key_values)
        assert samples[quality.CUSUM.name, *BOT] >= samples[quality.CUSUM_LIMIT.name, *BOT]
        await acknowledge(state.key_values, BOT, NOW + timedelta(minutes=1))
        quiet = await look(history, state, NOW + timedelta(minutes=2))
        assert quiet is not None
        assert quiet.value < 1  # the one trace that the first look left to the second
        assert quiet.alarm_since is None
        await history.write([flagged(n, 2) for n in range(2, 60)])
        second = await look(history, state, NOW + timedelta(minutes=10))
        assert second is not None
        assert second.alarm_since == NOW + timedelta(minutes=10)
        day_later = await look(history, state, NOW + timedelta(minutes=10) + RESTART_AFTER - timedelta(hours=2))
        assert day_later is not None
        assert day_later.alarm_since == second.alarm_since
        restarted = await look(history, state, NOW + timedelta(minutes=10) + RESTART_AFTER)
        assert restarted is not None
        assert (restarted.value, restarted.alarm_since) == (0.0, None)

    asyncio.run(main())


def test_a_share_that_stays_below_the_limit_is_no_alarm() -> None:
    async def main() -> None:
        history, state = record(), memory_state()
        await history.write([flagged(n, 33) for n in range(2, 1400)])
        chart = await look(history, state)
        assert chart is not None
        assert chart.alarm_since is None
        assert chart.value < chart.limit / 2

    asyncio.run(main())


def test_sessions_that_go_wrong_together_raise_the_limit() -> None:
    async def main() -> list[Chart | None]:
        charts = []
        for together in (1, 10):
            history, state = record(), memory_state()
            await history.write(
                [
                    recent(n, session_id=f"s{n // together}", risk=0.9 if (n // together) % 10 == 0 else 0.05)
                    for n in range(2, 402)
                ]
            )
            charts.append(await look(history, state))
        return charts

    alone, together = asyncio.run(main())
    assert alone is not None
    assert together is not None
    assert 3 * alone.limit < together.limit <= 4.1 * alone.limit


def test_boosts_and_rows_just_written_are_not_taken() -> None:
    async def main() -> None:
        history, state = record(), memory_state()
        await history.write([recent(n, risk=0.05) for n in range(60, 120)])
        before = await look(history, state)
        boosts = [recent(n, risk=0.9, sample="boost", stratum="errors", pi=1.0) for n in range(20, 50)]
        fresh = [recent(n, risk=0.9, changed_at=NOW + timedelta(minutes=5)) for n in range(2, 10)]
        await history.write([*boosts, *fresh])
        after = await look(history, state, NOW + timedelta(minutes=5, seconds=30))
        assert values_of([before, after]) == [0.0, 0.0]

    asyncio.run(main())


@pytest.mark.parametrize("allowed", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("between", [2_000, 50_000])
def test_false_alarms_are_as_far_apart_as_asked_for(allowed: float, between: float) -> None:
    chart = BernoulliCusum(allowed, RISE * allowed, limit_of(allowed, between))
    assert between < chart.average_run_length(allowed) < 3 * between
