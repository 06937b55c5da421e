"""One suite for every implementation of the fleet's state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from assay.judges.schema import Screening
from assay.worker.launch.broker import Broker
from assay.worker.ports.reviews import ReviewRequest
from assay.worker.ports.state import FleetState, StateUnavailable
from assay.worker.records.ledger import Judgement, LedgerState, LostSpend, Move, Promise, Unanswered
from assay.worker.records.windows import ResolvedRate, WindowRecord
from assay.worker.state.memory.state import MemoryState
from assay.worker.state.redis.state import RedisState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=60)
LATER = NOW + timedelta(seconds=120)
DAY = date(2026, 11, 21)
Check = Callable[[FleetState], Awaitable[None]]
Run = Callable[[Check], None]


@pytest.fixture(params=["memory", "redis"])
def run(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Run:
    """Runs a check against a fresh state of each kind."""

    def on_state(check: Check) -> None:
        async def main() -> None:
            state = MemoryState() if request.param == "memory" else RedisState(broker.url, prefix=key_prefix)
            try:
                await check(state)
            finally:
                await state.close()

        asyncio.run(main())

    return on_state


def promise(trace_id: str = "t1", **over: object) -> Promise:
    fields: dict[str, object] = {
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": "h",
        "use_case": "bot",
        "window": "w",
        "start": NOW,
        "pi": 0.2,
        "stratum": "standard",
        "selected_at": NOW,
    }
    return Promise.model_validate({**fields, **over})


def move(trace_id: str, expected: LedgerState, state: LedgerState, **over: object) -> Move:
    return Move.model_validate({"trace_id": trace_id, "expected": (expected,), "state": state, **over})


def test_promise_is_opened_once_however_often_it_is_made(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first = await state.promise([promise("a"), promise("b")], now=NOW, due=SOON)
        again = await state.promise([promise("b"), promise("c")], now=NOW, due=SOON)
        assert [p.trace_id for p in first] == ["a", "b"]
        assert [p.trace_id for p in again] == ["c"]
        assert await state.counts(DAY, DAY) == {("bot", "grounding", LedgerState.OPEN, ""): 3}

    run(check)


def test_promise_takes_more_than_one_chunk_and_any_unicode_id(run: Run) -> None:
    async def check(state: FleetState) -> None:
        promises = [promise(f"träce-{n}-💥") for n in range(1203)]
        assert len(await state.promise(promises, now=NOW, due=SOON)) == 1203
        entries = await state.entries("grounding", [p.trace_id for p in promises])
        assert len(entries) == 1203

    run(check)


def test_entry_under_another_rubric_is_another_entry(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a"), promise("a", rubric="safety")], now=NOW, due=SOON)
        await state.move("safety", [move("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="x")], now=NOW)
        assert (await state.entries("grounding", ["a"]))["a"].state is LedgerState.OPEN
        assert (await state.entries("safety", ["a"]))["a"].state is LedgerState.SKIPPED

    run(check)


def test_begin_gives_an_entry_to_one_owner_until_its_time_is_over(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        ids = ["a", "unknown"]
        mine = await state.begin("grounding", ids, owner="m1", now=NOW, until=SOON)
        theirs = await state.begin("grounding", ids, owner="m2", now=NOW, until=SOON)
        redelivered = await state.begin("grounding", ids, owner="m1", now=NOW, until=SOON)
        after = await state.begin("grounding", ids, owner="m2", now=LATER, until=LATER + timedelta(seconds=60))
        assert [len(x) for x in (mine, theirs, redelivered, after)] == [1, 0, 1, 1]
        assert after[0].deliveries == 3

    run(check)


def test_move_applies_only_from_an_expected_state(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        wrong = move("a", LedgerState.POSTED, LedgerState.SCORED)
        right = move("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON)
        assert await state.move("grounding", [wrong], now=NOW) == []
        assert await state.move("grounding", [right], now=NOW) == ["a"]
        assert await state.move("grounding", [right], now=NOW) == []

    run(check)


def test_counts_follow_every_move_and_always_sum_to_the_promises(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise(str(n)) for n in range(5)], now=NOW, due=SOON)
        judged = [move(str(n), LedgerState.OPEN, LedgerState.JUDGED, due=SOON) for n in range(3)]
        await state.move("grounding", judged, now=NOW)
        await state.move("grounding", [move("0", LedgerState.JUDGED, LedgerState.POSTED, due=SOON)], now=NOW)
        await state.move("grounding", [move("3", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty")], now=NOW)
        await state.move("grounding", [move("4", LedgerState.OPEN, LedgerState.DEAD, reason="bug")], now=NOW)
        counts = {(s, r): n for (_, _, s, r), n in (await state.counts(DAY, DAY)).items()}
        assert counts == {
            (LedgerState.JUDGED, ""): 2,
            (LedgerState.POSTED, ""): 1,
            (LedgerState.SKIPPED, "empty"): 1,
            (LedgerState.DEAD, "bug"): 1,
        }

    run(check)


def test_overdue_hands_each_entry_out_once_and_only_past_its_deadline(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a"), promise("b")], now=NOW, due=SOON)
        states = [LedgerState.OPEN]
        early = await state.overdue(states, now=NOW, limit=10, push_to=LATER)
        first = await state.overdue(states, now=SOON, limit=1, push_to=LATER)
        second = await state.overdue(states, now=SOON, limit=10, push_to=LATER)
        third = await state.overdue(states, now=SOON, limit=10, push_to=LATER)
        assert (len(early), len(third)) == (0, 0)
        assert sorted(e.trace_id for e in [*first, *second]) == ["a", "b"]

    run(check)


def test_overdue_never_returns_what_ended(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        assert not await state.overdue(list(LedgerState), now=LATER, limit=10, push_to=LATER)

    run(check)


def test_judgement_and_attempts_are_remembered_and_cleared_by_a_fresh_start(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        judgement = Judgement(
            verdict_key="k", revision="r", judge="local", state="judged", values={"x": 1.0, "s": "judged"}
        )
        retry = move("a", LedgerState.OPEN, LedgerState.OPEN, due=SOON, failed_attempt=True)
        await state.move("grounding", [retry], now=NOW)
        await state.move("grounding", [retry.model_copy(update={"judgement": judgement})], now=NOW)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.DEAD, reason="r")], now=NOW)
        dead = (await state.dead_letters())[0]
        assert (dead.attempts, dead.judgement) == (2, judgement)
        again = move("a", LedgerState.DEAD, LedgerState.OPEN, due=LATER, fresh_start=True)
        await state.move("grounding", [again], now=LATER)
        entry = (await state.entries("grounding", ["a"]))["a"]
        assert (entry.attempts, entry.since, list(await state.dead_letters())) == (0, LATER, [])

    run(check)


def test_first_phase_without_an_answer_is_remembered_beside_several_moves(run: Run) -> None:
    first = Screening(scores={"hallucination_risk": 0.4}, pi2=1.0, why="escalated", phase2=False)
    lost = Unanswered(revision="r", screening=first)

    async def check(state: FleetState) -> None:
        await state.promise([promise("a"), promise("b"), promise("c")], now=NOW, due=SOON)
        moves = [
            move("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="model_refused", unanswered=lost),
            move("b", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty_response"),
            move("c", LedgerState.OPEN, LedgerState.OPEN, due=SOON, failed_attempt=True, unanswered=lost),
        ]
        assert await state.move("grounding", moves, now=NOW) == ["a", "b", "c"]
        await state.move("grounding", [move("c", LedgerState.OPEN, LedgerState.DEAD, reason="too old")], now=LATER)
        entries = await state.entries("grounding", ["a", "b", "c"])
        assert [entries[key].unanswered for key in "abc"] == [lost, None, lost]
        assert [entries[key].reason for key in "abc"] == ["model_refused", "empty_response", "too old"]

    run(check)


def test_history_tells_what_happened_in_order(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty")], now=SOON)
        events = await state.history("grounding", "a")
        assert [(e.at, e.state, e.reason) for e in events] == [
            (NOW, LedgerState.OPEN, "selected"),
            (SOON, LedgerState.SKIPPED, "empty"),
        ]

    run(check)


def test_scan_finds_entries_by_the_day_their_trace_started(run: Run) -> None:
    async def check(state: FleetState) -> None:
        yesterday = promise("old", start=NOW - timedelta(days=1))
        await state.promise([promise("new"), yesterday], now=NOW, due=SOON)
        assert [e.trace_id async for e in state.scan(DAY, DAY)] == ["new"]
        both = [e.trace_id async for e in state.scan(DAY - timedelta(days=1), DAY)]
        assert sorted(both) == ["new", "old"]

    run(check)


def test_windows_come_back_in_order_and_half_open(run: Run) -> None:
    async def check(state: FleetState) -> None:
        starts = [NOW + timedelta(minutes=5 * n) for n in (2, 0, 1)]
        for start in starts:
            rates = {"bot": ResolvedRate(rate=0.2, why="configured")}
            window = WindowRecord(start=start, end=start + timedelta(minutes=5), seen={"bot": 3}, rates=rates)
            await state.put_window(window)
        found = await state.windows(NOW, NOW + timedelta(minutes=10))
        assert [w.start for w in found] == sorted(starts)[:2]
        assert found[0].rates["bot"].rate == 0.2

    run(check)


def test_open_window_keeps_the_first_rates_and_adds_missing_ones(run: Run) -> None:
    async def check(state: FleetState) -> None:
        def window(**rates: float) -> WindowRecord:
            resolved = {name: ResolvedRate(rate=rate, why="configured") for name, rate in rates.items()}
            return WindowRecord(start=NOW, end=SOON, rates=resolved)

        first = await state.open_window(window(bot=0.1905))
        second = await state.open_window(window(bot=0.9, chat=0.123456789012))
        stored = (await state.windows(NOW, SOON))[0]
        assert first.rates["bot"].rate == second.rates["bot"].rate == 0.1905
        assert stored == second
        assert stored.rates["chat"].rate == 0.123456789012

    run(check)


def test_failed_try_is_not_taken_before_its_back_off_is_over(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.OPEN, due=SOON)], now=NOW)
        early = await state.begin("grounding", ["a"], owner="m", now=NOW, until=LATER)
        late = await state.begin("grounding", ["a"], owner="m", now=SOON, until=LATER)
        assert [len(early), len(late)] == [0, 1]

    run(check)


def test_deliveries_alone_are_counted_apart_and_cleared_by_an_outcome(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        await state.begin("grounding", ["a"], owner="m", now=NOW, until=SOON)
        entry = (await state.begin("grounding", ["a"], owner="m", now=NOW, until=SOON, alone=True))[0]
        assert (entry.deliveries, entry.alone) == (2, 1)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON)], now=NOW)
        entry = (await state.entries("grounding", ["a"]))["a"]
        assert (entry.deliveries, entry.alone) == (0, 0)

    run(check)


def test_promised_counts_what_was_ever_promised(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a"), promise("b"), promise("b", rubric="safety")], now=NOW, due=SOON)
        await state.promise([promise("a")], now=NOW, due=SOON)
        await state.move("grounding", [move("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        assert await state.promised(DAY, DAY) == {("bot", "grounding"): 2, ("bot", "safety"): 1}

    run(check)


def test_first_kept_value_wins_unless_it_is_replaced(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.keep("k", b"1", ttl_s=60) == b"1"
        assert await state.keep("k", b"2", ttl_s=60) == b"1"
        assert await state.keep("k", b"3", ttl_s=60, replace=True) == b"3"
        assert await state.kept(["k"]) == {"k": b"3"}

    run(check)


def test_every_redis_key_has_an_end_but_open_work_and_the_epoch(broker: Broker, key_prefix: str) -> None:
    async def check() -> None:
        state = RedisState(broker.url, prefix=key_prefix)
        try:
            await state.epoch(NOW)
            await state.promise([promise("done"), promise("open")], now=NOW, due=SOON)
            await state.move("grounding", [move("done", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
            await state.put_window(WindowRecord(start=NOW, end=SOON))
            await state.keep("k", b"v", ttl_s=60)
            await state.put_document("d", "x")
            await state.acquire("sweep", owner="a", ttl_s=60)
            keys = [key async for key in state._client.scan_iter(f"{key_prefix}*")]
            endless = {
                key.decode().removeprefix(f"{key_prefix}state:") for key in keys if await state._client.ttl(key) < 0
            }
        finally:
            await state.close()
        assert endless == {"epoch", "due:open", "entry:grounding\x1fopen", "history:grounding\x1fopen"}

    asyncio.run(check())


def test_epoch_is_the_first_moment_ever_asked(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.epoch(NOW) == NOW
        assert await state.epoch(LATER) == NOW

    run(check)


def test_lock_is_held_by_one_and_released_only_by_its_owner(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.acquire("sweep", owner="a", ttl_s=60)
        assert not await state.acquire("sweep", owner="b", ttl_s=60)
        assert await state.acquire("sweep", owner="a", ttl_s=60), "its owner may hold on to it"
        await state.release("sweep", owner="b")
        assert not await state.acquire("sweep", owner="b", ttl_s=60)
        await state.release("sweep", owner="a")
        assert await state.acquire("sweep", owner="b", ttl_s=60)

    run(check)


def test_kept_values_and_documents_come_back_as_they_were(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.keep("k", b"\x00\xff", ttl_s=60)
        await state.put_document("d", "ä: 1")
        assert await state.kept(["k", "none"]) == {"k": b"\x00\xff"}
        assert await state.kept([]) == {}
        assert (await state.document("d"), await state.document("e")) == ("ä: 1", None)

    run(check)


def test_concurrent_moves_apply_once(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.promise([promise("a")], now=NOW, due=SOON)
        change = [move("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON)]
        results = await asyncio.gather(*(state.move("grounding", change, now=NOW) for _ in range(20)))
        assert sum(map(len, results)) == 1

    run(check)


def test_redis_that_cannot_be_reached_is_one_clear_error() -> None:
    async def check() -> None:
        state = RedisState("redis://:secret@127.0.0.1:1/0", prefix="x:", timeout_s=0.5)
        try:
            with pytest.raises(StateUnavailable, match="ASSAY_REDIS_URL") as caught:
                await state.ping()
            assert "secret" not in str(caught.value)
        finally:
            await state.close()

    asyncio.run(check())


def test_lost_spend_is_summed_over_days_and_workers(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.lost_spend(DAY, DAY) == LostSpend()
        one = LostSpend(calls=2, cost_usd=0.125)
        await asyncio.gather(*(state.add_lost_spend(DAY, one) for _ in range(8)))
        await state.add_lost_spend(DAY - timedelta(days=1), LostSpend(calls=1, unpriced_calls=1))
        assert await state.lost_spend(DAY, DAY) == LostSpend(calls=16, cost_usd=1.0)
        both = await state.lost_spend(DAY - timedelta(days=1), DAY)
        assert both == LostSpend(calls=17, cost_usd=1.0, unpriced_calls=1)
        assert await state.lost_spend(DAY + timedelta(days=1), DAY + timedelta(days=2)) == LostSpend()

    run(check)


def review(queue: str, trace_id: str, **over: object) -> ReviewRequest:
    fields = {"queue": queue, "trace_id": trace_id, "use_case": "bot", "rubric": "grounding", "values": {"risk": 0.9}}
    return ReviewRequest.model_validate({**fields, "asked_at": NOW, **over})


def test_review_is_asked_for_once_and_given_to_one_taker_at_a_time(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first, second = review("q", "täg-💥"), review("q", "b", asked_at=SOON)
        assert await state.reviews.ask([first, second, first]) == 2
        assert await state.reviews.ask([]) == 0
        taken = await state.reviews.take(now=NOW, until=LATER)
        assert taken is not None
        assert (taken.request, taken.tries) == (first, 1)
        assert await state.reviews.take(now=NOW, until=LATER) is None
        assert [await _taken(state, SOON), await _taken(state, SOON)] == ["b", None]
        again = await state.reviews.take(now=LATER, until=LATER + timedelta(seconds=60))
        assert again is not None
        assert again.tries == 2

    run(check)


def test_review_that_ended_is_counted_and_never_taken_or_asked_for_again(run: Run) -> None:
    async def check(state: FleetState) -> None:
        one, other = review("q", "a"), review("r", "a")
        assert await state.reviews.ask([one, other]) == 2
        await state.reviews.put_off(one, due=SOON)
        assert await _taken(state, NOW) == "a"
        await state.reviews.end(other, "queued")
        await state.reviews.end(other, "queued")
        await state.reviews.put_off(other, due=NOW)
        assert await _taken(state, NOW) is None
        await state.reviews.end(one, "refused")
        assert await state.reviews.ask([one, other]) == 0
        assert await state.reviews.counts() == {"waiting": 0, "queued": 1, "refused": 1}

    run(check)


async def _taken(state: FleetState, now: datetime) -> str | None:
    taken = await state.reviews.take(now=now, until=now + timedelta(seconds=60))
    return taken.request.trace_id if taken else None
