"""Which selected traces came to their end in time, and which are late though nobody sees them yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import Promise
from assay.worker.records.metrics import quality
from assay.worker.signals.in_time import InFlight, Promised, late_in_flight
from assay.worker.signals.parts import keep_part, kept_part
from assay.worker.signals.windows import DAY, RECENT, WEEK
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from tests.unit.worker.signals.kept_signals import NOW, keeper_of, recent, samples_of


def ended(number: int, minutes: float, **over: object) -> HistoryRow:
    """A trace that came to its end so many minutes after it was done."""
    end = NOW - timedelta(minutes=number)
    return recent(number, **{"ended_at": end, "changed_at": end + timedelta(minutes=minutes), **over})


async def told_of(rows: Sequence[HistoryRow], window: str = DAY) -> tuple[float, float]:
    """Share and n of a window."""
    history, state = memory_history(), memory_state()
    await history.writer.write(rows)
    await keeper_of(history.reader, state).tick()
    samples = await samples_of(state.key_values)
    return samples[quality.IN_TIME.name, "bot", window], samples[quality.IN_TIME_TRACES.name, "bot", window]


def test_a_quarter_of_an_hour_is_in_time_and_any_end_is_one() -> None:
    rows = [
        *(ended(n, 14.9) for n in range(100, 106)),
        *(ended(n, 15.1) for n in range(110, 112)),
        ended(120, 2, state="dead", reason="age", risk=None),
        ended(121, 2, state="skipped", reason="empty_response", risk=None),
    ]
    assert asyncio.run(told_of(rows)) == (0.8, 10)


def test_nobody_was_late_with_what_was_asked_for_later() -> None:
    """A backfill, a user's complaint, and what an earlier ledger had judged."""
    before = NOW - timedelta(hours=26)
    rows = [
        *(ended(n, 2) for n in range(100, 104)),
        ended(130, 100, sample="boost", stratum="feedback"),
        ended(131, 100, from_store=True),
        ended(132, 131, started_at=before, ended_at=before, selected_at=NOW),
    ]
    assert asyncio.run(told_of(rows, WEEK)) == (1.0, 4)


@pytest.mark.parametrize(
    ("open_now", "promised_now", "late"), [(50, 150, {}), (80, 150, {"bot": 30}), (9, 100, {"bot": 9})]
)
def test_more_in_flight_than_were_promised_since_are_late(
    open_now: int, promised_now: int, late: dict[str, int]
) -> None:
    def promised(at: datetime, count: int) -> Promised:
        return Promised(at=at, since=NOW.date(), by_use_case={"bot": count})

    earlier = [promised(NOW - timedelta(minutes=minutes), 100 + 90 * (minutes < 15)) for minutes in (20, 16, 14, 1)]
    assert late_in_flight(InFlight(promised(NOW, promised_now), {"bot": open_now}), earlier) == late
    assert not late_in_flight(InFlight(promised(NOW, promised_now), {"bot": open_now}), earlier[2:])
    other_day = [each.model_copy(update={"since": (NOW - timedelta(days=1)).date()}) for each in earlier]
    assert not late_in_flight(InFlight(promised(NOW, promised_now), {"bot": open_now}), other_day)


async def promise(state: FleetState, count: int, at: datetime) -> None:
    """So many traces are selected, and nobody judges them."""
    promises = [
        Promise(
            trace_id=f"p{number}",
            rubric="grounding",
            rubric_hash="a" * 64,
            use_case="bot",
            window="w",
            start=at,
            environment="production",
            pi=0.1,
            stratum="base",
            selected_at=at,
        )
        for number in range(count)
    ]
    assert len(await state.ledger.promise(promises, now=at, due=at)) == count


def test_while_no_judge_answers_the_share_in_time_falls() -> None:
    async def main() -> dict[int, float]:
        history, state = memory_history(), memory_state()
        await history.writer.write([ended(n, 2) for n in range(20, 60)])
        await promise(state, 90, NOW)
        shares = {}
        for minutes in (0, 10, 14, 15):
            await keeper_of(history.reader, state, now=NOW + timedelta(minutes=minutes)).tick()
            part = await kept_part(state.key_values, "day")
            assert part is not None
            await keep_part(state.key_values, "day", part.model_copy(update={"took_s": 0.0}))
            shares[minutes] = (await samples_of(state.key_values))[quality.IN_TIME.name, "bot", RECENT]
        return shares

    assert asyncio.run(main()) == {0: 1.0, 10: 1.0, 14: 1.0, 15: 30 / 120}
