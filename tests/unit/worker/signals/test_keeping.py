"""What the tick of signals keeps: from real rows in a real database to samples for scrapes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from assay.worker.history.opening import open_history
from assay.worker.ports.history import Block, HistoryReader, HistoryUnavailable
from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.signals.keeping import LOCK
from assay.worker.signals.parts import keep_part, kept_part
from assay.worker.signals.quality import Scope
from assay.worker.signals.quality_parts import LONG_REST
from assay.worker.signals.quality_rates import FlagPolicy
from assay.worker.signals.windows import DAY, MONTH, RECENT, WEEK
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from tests.unit.worker.signals.kept_signals import NOW, SCOPE, keeper_of, recent, samples_of, told

BOT = ("bot", "grounding")


async def kept_of(
    rows: Iterable[HistoryRow], scope: Scope = SCOPE, state: FleetState | None = None
) -> Mapping[tuple[str, ...], float]:
    """What one tick keeps of these rows."""
    history, state = memory_history(), state or memory_state()
    await history.writer.write(list(rows))
    await keeper_of(history.reader, state, scope=scope).tick()
    return await samples_of(state.key_values)


def test_a_tick_tells_of_every_window_from_a_real_database(tmp_path: Path) -> None:
    async def main() -> None:
        history, state = open_history(None, tmp_path / "history.db"), memory_state()
        rows = [recent(n, risk=0.9 if n % 10 == 0 else 0.05, duration_s=2.0) for n in range(1, 401)]
        await history.writer.write([*rows, recent(3 * 1440, risk=0.9), recent(20 * 1440, risk=0.9)])
        report = await keeper_of(history.reader, state).tick()
        await history.close()
        samples = await samples_of(state.key_values)
        assert (report.computed, report.failed) == (2, 0)
        judged = {window: samples[quality.JUDGED.name, *BOT, window, "r1"] for window in (RECENT, DAY, WEEK, MONTH)}
        assert judged == {RECENT: 30, DAY: 400, WEEK: 401, MONTH: 402}
        flagged = [samples[name, *BOT, DAY, "r1"] for name in quality.FLAGGED.names]
        assert flagged[0] == pytest.approx(0.1)
        assert 0.07 < flagged[1] < 0.1 < flagged[2] < 0.14
        assert 0.05 < samples[quality.FLAGGED_ALARM.name, *BOT, DAY, "r1"] < flagged[1]
        assert samples[quality.DURATION_P95.name, "bot", DAY] == 2.0
        assert samples[quality.LAST_SCORED.name, "bot"] == NOW.timestamp()
        assert dict(told(samples, quality.COMPUTED)) == {(window,): NOW.timestamp() for window in judged}

    asyncio.run(main())


def test_what_is_backfilled_or_read_back_wakes_nobody() -> None:
    old = [
        recent(n, risk=0.9, started_at=NOW - timedelta(hours=30, minutes=n), changed_at=NOW - timedelta(minutes=1))
        for n in range(200, 260)
    ]
    read_back = [recent(n, risk=0.9, from_store=True, changed_at=NOW) for n in range(300, 360)]
    samples = asyncio.run(kept_of([*(recent(n, risk=0.05) for n in range(1, 41)), *old, *read_back]))
    assert samples[quality.JUDGED.name, *BOT, RECENT, "r1"] == 30
    assert samples[quality.FLAGGED.name, *BOT, RECENT, "r1"] == 0
    assert samples[quality.CUSUM.name, *BOT] == 0


def test_a_rate_is_never_pooled_over_revisions_and_feedback_is_in_none() -> None:
    before = [recent(n, revision="old", risk=0.9) for n in range(200, 260)]
    after = [recent(n, revision="a" * 64, risk=0.05) for n in range(1, 61)]
    complaints = [recent(n, risk=0.9, sample="boost", stratum="feedback", revision="a" * 64) for n in range(70, 90)]
    samples = asyncio.run(kept_of([*before, *after, *complaints]))
    assert {key[3] for key, _ in told(samples, quality.FLAGGED)} == {"a" * 12}
    assert samples[quality.JUDGED.name, *BOT, DAY, "a" * 12] == 60
    assert samples[quality.FLAGGED.name, *BOT, DAY, "a" * 12] == 0


@pytest.mark.parametrize(
    ("over", "allowed", "armed", "charted"),
    [
        ({}, False, True, True),
        ({"calibrated": False}, False, False, False),
        ({"calibrated": False}, True, True, True),
        ({"tier": "screen"}, True, False, True),
        ({"tier": "screen", "calibrated": False}, False, False, False),
        ({"tier": "panel"}, False, True, True),
    ],
)
def test_only_a_calibrated_risk_above_the_screen_may_page(
    over: dict[str, object], allowed: bool, armed: bool, charted: bool
) -> None:
    scope = Scope({"bot": FlagPolicy(0.15, 0.05, allow_uncalibrated=allowed)}, {"bot": ("grounding",)})
    samples = asyncio.run(kept_of([recent(n, risk=0.9, **over) for n in range(1, 61)], scope))
    assert samples[quality.FLAGGED.name, *BOT, DAY, "r1"] == 1
    assert samples[quality.ALARM_ARMED.name, *BOT, DAY, "r1"] == armed
    assert ((quality.FLAGGED_ALARM.name, *BOT, DAY, "r1") in samples) == armed
    assert ((quality.CUSUM.name, *BOT) in samples) == charted


def test_what_the_screen_passed_is_in_the_share_that_pages_and_no_flag() -> None:
    rows = [recent(n, risk=0.9, tier="screen" if n % 2 else "llm") for n in range(1, 101)]
    samples = asyncio.run(kept_of(rows))
    assert samples[quality.FLAGGED.name, *BOT, DAY, "r1"] == 1
    assert 0.3 < samples[quality.FLAGGED_ALARM.name, *BOT, DAY, "r1"] < 0.5


def test_what_is_not_in_the_deployment_is_in_no_metric() -> None:
    samples = asyncio.run(kept_of([recent(1), recent(2, use_case="gone"), recent(3, rubric="tone")]))
    assert {key[1] for key in samples if key[0] != quality.COMPUTED.name} == {"bot"}
    assert {key[1] for key, _ in told(samples, quality.JUDGED)} == {"grounding"}


def test_a_window_without_traces_has_no_rate() -> None:
    samples = asyncio.run(kept_of([]))
    assert not list(told(samples, quality.FLAGGED))
    assert samples[quality.LAST_SCORED.name, "bot"] == 0
    assert len(list(told(samples, quality.COMPUTED))) == 4


def test_while_a_judge_is_silent_the_share_that_is_answered_falls() -> None:
    silent = [recent(n, state="dead", reason="age", risk=None, revision=None, calibrated=None) for n in range(1, 31)]
    samples = asyncio.run(kept_of([*silent, *(recent(n) for n in range(31, 61))]))
    assert samples[quality.ANSWERED.name, *BOT, DAY, "r1"] == 0.5


class Away:
    """A record that can be asked, until it is away."""

    def __init__(self, reader: HistoryReader) -> None:
        self._reader = reader
        self.error: Exception | None = None
        self.hangs = False
        self.asked = asyncio.Event()

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        async for block in self._reader.blocks(query, names):
            yield block


def test_while_the_record_is_away_what_is_kept_stays_and_it_is_told_once() -> None:
    async def main() -> None:
        history, state = memory_history(), memory_state()
        await history.writer.write([recent(n) for n in range(1, 41)])
        record = Away(history.reader)
        await keeper_of(record, state).tick()  # type: ignore[arg-type]
        before = await samples_of(state.key_values)
        record.error = HistoryUnavailable("the record at db:5432 does not answer")
        with capture_logs() as logs:
            for minute in range(1, 5):
                later = keeper_of(record, state, now=NOW + timedelta(minutes=minute))  # type: ignore[arg-type]
                assert (await later.tick()).computed == 0
        assert await samples_of(state.key_values) == before
        assert [entry["event"] for entry in logs] == ["signals.not_computed"]
        record.error = None
        with capture_logs() as logs:
            await keeper_of(record, state, now=NOW + timedelta(minutes=9)).tick()  # type: ignore[arg-type]
        assert [entry["event"] for entry in logs] == ["signals.computed_again"]
        computed = dict(told(await samples_of(state.key_values), quality.COMPUTED))
        assert computed[DAY,] == (NOW + timedelta(minutes=9)).timestamp()

    asyncio.run(main())


def test_a_leader_that_is_killed_in_the_middle_changes_nothing() -> None:
    async def main() -> None:
        history, state = memory_history(), memory_state()
        await history.writer.write([recent(n, risk=0.9) for n in range(1, 41)])
        await keeper_of(history.reader, state).tick()
        kept = await kept_part(state.key_values, "day")
        record = Away(history.reader)
        record.hangs = True
        late = NOW + timedelta(minutes=10)
        leader = asyncio.create_task(keeper_of(record, state, now=late).tick())  # type: ignore[arg-type]
        await record.asked.wait()
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        assert await kept_part(state.key_values, "day") == kept
        await keeper_of(history.reader, state, now=late).tick()
        after = await kept_part(state.key_values, "day")
        assert after is not None
        assert after.at == late

    asyncio.run(main())


def test_one_keeper_works_at_a_time() -> None:
    async def main() -> None:
        history, state = memory_history(), memory_state()
        await state.locks.acquire(LOCK, owner="another", ttl_s=60)
        assert (await keeper_of(history.reader, state).tick()).is_empty
        assert not await samples_of(state.key_values)

    asyncio.run(main())


def test_what_takes_long_rests_long() -> None:
    async def main() -> None:
        history, state = memory_history(), memory_state()
        await keeper_of(history.reader, state).tick()
        kept = await kept_part(state.key_values, "long")
        assert kept is not None
        await keep_part(state.key_values, "long", kept.model_copy(update={"took_s": 5.0}))
        soon = keeper_of(history.reader, state, now=NOW + timedelta(seconds=LONG_REST * 5 - 1))
        assert (await soon.tick()).computed == 1
        late = keeper_of(history.reader, state, now=NOW + timedelta(seconds=LONG_REST * 5 + 60))
        assert (await late.tick()).computed == 2

    asyncio.run(main())
