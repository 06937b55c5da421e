"""The backlog hands out what waits: once, in fair turns, and little of what came back held."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.worker.ports.backlog import BACKFILL, LONGEST_WHY, Asking, Backlog, Finished, Waiting, Worker
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState, Promise
from assay.worker.state.memory.state import memory_state
from tests.contract.state.making import NOW, Run, promise, transition

LATE = NOW + timedelta(seconds=120)


def promises(use_case: str, n: int, rubric: str = "grounding") -> list[Promise]:
    return [promise(f"{use_case}-{rubric}-{i:04}", use_case=use_case, rubric=rubric) for i in range(n)]


async def enter(state: FleetState, made: Sequence[Promise], **over: object) -> None:
    await state.ledger.promise(made, now=NOW, due=LATE)
    await state.backlog.enter(made, now=NOW, **over)  # type: ignore[arg-type]


def asking(after_s: float = 0, **over: object) -> Asking:
    now = NOW + timedelta(seconds=after_s)
    fields: dict[str, Any] = {"least": 64, **over}
    return Asking(now=now, due=now + timedelta(seconds=120), queue="assess", **fields)


async def released(backlog: Backlog, after_s: float = 0, **over: object) -> list[list[str]]:
    slices = await backlog.release(asking(after_s, **over))
    return [[waiting.promise.trace_id for waiting in each] for each in slices]


def use_cases(slices: Sequence[Sequence[str]]) -> list[str]:
    return [each[0].split("-")[0] for each in slices]


def test_what_waits_is_handed_out_once_in_its_order(run: Run) -> None:
    async def check(state: FleetState) -> None:
        made = promises("bot", 40)
        await enter(state, made)
        await state.backlog.enter(made, now=NOW)
        slices = await released(state.backlog)
        assert [len(each) for each in slices] == [16, 16, 8]
        assert [i for each in slices for i in each] == [p.trace_id for p in made]
        assert await released(state.backlog) == []
        assert [lane.waiting for lane in await state.backlog.lanes(NOW)] == []

    run(check)


def test_promise_and_failed_tries_come_with_it(run: Run) -> None:
    async def check(state: FleetState) -> None:
        made = promises("bot", 1)
        await state.ledger.promise(made, now=NOW, due=NOW)
        failed = transition(made[0].trace_id, LedgerState.OPEN, LedgerState.OPEN, failed_attempt=True, due=NOW)
        await state.ledger.apply("grounding", [failed], now=NOW)
        await state.backlog.enter(made, now=NOW, is_again=True)
        assert await state.backlog.release(asking()) == [[Waiting(made[0], attempts=1)]]

    run(check)


def test_turns_go_by_weight(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for name in ("loud", "quiet", "heavy"):
            await enter(state, promises(name, 320))
        slices = await released(state.backlog, most=16, weights={"heavy": 2.0})
        assert Counter(use_cases(slices)) == {"loud": 4, "quiet": 4, "heavy": 8}

    run(check)


def test_small_backlog_does_not_wait_behind_a_large_one(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("loud", 480))
        await released(state.backlog, most=10)
        await enter(state, promises("quiet", 20))
        assert use_cases(await released(state.backlog, most=4)).count("quiet") == 2

    run(check)


def test_who_was_away_has_saved_up_nothing(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("loud", 480))
        await enter(state, promises("quiet", 16))
        await released(state.backlog, most=20)
        await enter(state, promises("quiet", 160)[16:])
        assert use_cases(await released(state.backlog, most=6)).count("quiet") == 3

    run(check)


def test_rubrics_of_a_use_case_share_its_turn(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for rubric in ("a", "b", "c"):
            await enter(state, promises("many", 160, rubric))
        await enter(state, promises("single", 160, "a"))
        slices = await released(state.backlog, most=12)
        assert Counter(use_cases(slices)) == {"many": 6, "single": 6}
        assert Counter(each[0].split("-")[1] for each in slices if each[0].startswith("many")) == {
            "a": 2,
            "b": 2,
            "c": 2,
        }

    run(check)


def test_backfill_gets_little_beside_live_traffic_and_all_where_there_is_none(run: Run) -> None:
    async def check(state: FleetState) -> None:
        weights = {BACKFILL: 0.1}
        await enter(state, promises("past", 320), turn=BACKFILL)
        await enter(state, promises("live", 320))
        names = use_cases(await released(state.backlog, most=11, weights=weights))
        assert Counter(names) == {"live": 10, "past": 1}
        names = use_cases(await released(state.backlog, least=99, weights=weights))
        assert Counter(names) == {"live": 10, "past": 19}

    run(check)


def test_room_is_what_keeps_the_known_workers_busy(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("bot", 1600))
        assert len(await released(state.backlog, least=3)) == 3
        workers = [Worker(f"w{n}", slots=16) for n in range(2)]
        sizes = [len(await released(state.backlog, least=3, worker=worker)) for worker in workers]
        assert sizes == [20, 40]
        assert len(await released(state.backlog, after_s=100, least=3)) == 3

    run(check)


def test_room_grows_with_the_measured_drain(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("bot", 1600))
        for second in range(30):
            done = Finished("bot", "grounding", ended=160)
            await state.backlog.release(asking(second, least=0, most=0, finished=done))
        assert 18 <= len(await released(state.backlog, 30, ahead_s=2.0, least=1)) <= 22
        (lane,) = await state.backlog.lanes(NOW + timedelta(seconds=30))
        assert lane.per_second == pytest.approx(160, rel=0.1)

    run(check)


def test_what_ended_or_was_taken_meanwhile_is_not_handed_out(run: Run) -> None:
    async def check(state: FleetState) -> None:
        made = promises("bot", 4)
        await enter(state, made)
        end = transition(made[0].trace_id, LedgerState.OPEN, LedgerState.SKIPPED)
        await state.ledger.apply("grounding", [end], now=NOW)
        await state.ledger.begin("grounding", [made[1].trace_id], owner="m", now=NOW, until=LATE)
        later = transition(made[2].trace_id, LedgerState.OPEN, LedgerState.OPEN, due=LATE, reason="store_busy")
        await state.ledger.apply("grounding", [later], now=NOW)
        assert await released(state.backlog) == [[made[3].trace_id]]

    run(check)


def test_what_is_handed_out_and_lost_is_overdue_by_its_deadline(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("bot", 2))
        assert await _overdue(state.ledger, NOW + timedelta(days=1)) == []
        await released(state.backlog)
        assert await _overdue(state.ledger, NOW + timedelta(seconds=119)) == []
        assert len(await _overdue(state.ledger, NOW + timedelta(seconds=121))) == 2

    run(check)


def test_what_comes_again_comes_first(run: Run) -> None:
    async def check(state: FleetState) -> None:
        made = promises("bot", 40)
        await enter(state, made[:32])
        await enter(state, made[32:], is_again=True)
        first = (await released(state.backlog, most=1))[0]
        assert first[:8] == [p.trace_id for p in made[32:]]

    run(check)


def test_few_of_a_lane_that_came_back_held_go_out_until_one_ends(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("held", 1600))
        await enter(state, promises("held", 16, "other"))
        await enter(state, promises("free", 480))
        until = NOW + timedelta(seconds=10)
        held = Finished("held", "grounding", ended=0, held=16, hold="breaker", held_until=until)
        for _ in range(6):
            await state.backlog.release(asking(most=0, finished=held))
        names = use_cases(await released(state.backlog, 1, most=8))
        assert Counter(names) == {"free": 7, "held": 1}  # the other rubric's
        lanes = {(lane.use_case, lane.rubric): lane for lane in await state.backlog.lanes(NOW)}
        assert (lanes["held", "grounding"].hold, lanes["held", "grounding"].held_until) == ("breaker", until)
        assert use_cases(await released(state.backlog, 11, most=8)).count("held") == 1
        assert use_cases(await released(state.backlog, 12, most=4)).count("held") == 0
        ended = Finished("held", "grounding", ended=16)
        assert use_cases(await released(state.backlog, 13, most=6, finished=ended)).count("held") == 2
        for second in range(14, 24):
            await state.backlog.release(asking(second, most=0, finished=ended))
        assert use_cases(await released(state.backlog, 25, most=40, least=40)).count("held") >= 20

    run(check)


def test_lane_that_gets_something_through_goes_on_at_its_pace(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("slow", 480))
        until = NOW + timedelta(hours=9)
        held = Finished("slow", "grounding", ended=0, held=16, held_until=until)
        for _ in range(6):
            await state.backlog.release(asking(most=0, finished=held))
        assert len(await released(state.backlog, 1)) == 0
        some = Finished("slow", "grounding", ended=5, held=11, held_until=until)
        assert len(await released(state.backlog, 2, finished=some)) == 1
        assert len(await released(state.backlog, 3, finished=some)) == 1
        await state.backlog.release(asking(4, most=0, finished=held))
        assert len(await released(state.backlog, 599)) == 0
        assert len(await released(state.backlog, 605)) == 1, "hours are not waited for without another look"

    run(check)


def test_messages_of_a_held_lane_that_nobody_reports_on_are_forgotten(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await enter(state, promises("held", 160))
        held = Finished("held", "grounding", ended=0, held=16, held_until=NOW)
        for _ in range(6):
            await state.backlog.release(asking(most=0, finished=held))
        assert len(await released(state.backlog)) == 1
        assert len(await released(state.backlog, 100)) == 0
        assert len(await released(state.backlog, 181)) == 1

    run(check)


def test_who_was_held_does_not_catch_up_on_the_others(run: Run) -> None:
    async def check(state: FleetState) -> None:
        for name in ("held", "free"):
            await enter(state, promises(name, 1600))
        until = NOW + timedelta(seconds=10)
        held = Finished("held", "grounding", ended=0, held=16, held_until=until)
        await state.backlog.release(asking(most=0, finished=held))
        assert use_cases(await released(state.backlog, 1, most=30)) == ["free"] * 30
        assert use_cases(await released(state.backlog, 11, most=8)).count("held") == 4

    run(check)


async def _overdue(ledger: Ledger, now: datetime) -> list[str]:
    entries = await ledger.overdue([LedgerState.OPEN], now=now, limit=100, push_to=now + timedelta(seconds=120))
    return [entry.trace_id for entry in entries]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sizes=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 400), min_size=1),
    weights=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.5, 1.0, 2.0, 3.0])),
    most=st.integers(1, 12),
)
def test_nobody_starves_and_weights_hold_within_one_turn(
    sizes: dict[str, int], weights: dict[str, float], most: int
) -> None:
    """While two turns both have something waiting, what they got by weight differs by at most a message each."""

    async def check() -> None:
        state = memory_state()
        for name, n in sizes.items():
            await enter(state, promises(name, n))
        got, left = Counter[str](), dict(sizes)
        while slices := await released(state.backlog, most=most, weights=weights):
            for each in slices:
                name = each[0].split("-")[0]
                got[name] += len(each)
                left[name] -= len(each)
                shares = [got[n] / weights.get(n, 1.0) for n in sizes if left[n] > 0]
                widest = 16 / min(weights.get(n, 1.0) for n in sizes)
                assert max(shares, default=0) - min(shares, default=0) <= 2 * widest
        assert left == dict.fromkeys(sizes, 0)

    asyncio.run(check())


def test_cause_of_a_hold_is_told_until_something_ends(run: Run) -> None:
    async def check(state: FleetState) -> None:
        until = NOW + timedelta(seconds=10)
        why = "endpoint default: status 400 (budget_exceeded); pay it: 5 €"
        held = Finished("held", "grounding", ended=0, held=16, hold="access", held_until=until, why=why * 9)
        await state.backlog.release(asking(most=0, finished=held))
        (lane,) = await state.backlog.lanes(NOW)
        assert (lane.use_case, lane.waiting, lane.hold) == ("held", 0, "access"), "told though all of it is on hold"
        assert lane.why == (why * 9)[:LONGEST_WHY]
        limited = Finished("held", "grounding", ended=0, held=16, hold="limit", held_until=until)
        await state.backlog.release(asking(1, most=0, finished=limited))
        assert [lane.why for lane in await state.backlog.lanes(NOW)] in ([], [""])
        await state.backlog.release(asking(1, most=0, finished=held))
        await state.backlog.release(asking(2, most=0, finished=Finished("held", "grounding", ended=16)))
        assert [(lane.hold, lane.why) for lane in await state.backlog.lanes(NOW)] == [(None, "")]

    run(check)
