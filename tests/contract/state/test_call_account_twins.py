"""The two accounts of calls are one: whatever is said to both, both answer alike. And no minute exceeds a limit."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.worker.launch.broker import Broker
from assay.worker.ports.call_limits import ALL, Budget, CallAccount, CallAsk, CallEnd, EndKind, Report, Scope
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.state.redis.call_account import RedisCallAccount
from assay.worker.state.redis.connection import RedisConnection
from tests.contract.state.test_call_account import NOON

PERIOD_S = 60.0
KINDS: list[EndKind] = ["answered", "rejected", "refused", "denied", "failed", "timed_out", "cancelled", "unused"]
SCOPES = [
    (Scope("", requests=30, tokens=4000, concurrency=4),),
    (Scope("", requests=30, tokens=4000, concurrency=4), Scope("m", requests=7, tokens=900)),
    (),
]
BUDGETS = [(), (Budget(ALL, per_day=2.0, per_month=3.0),), (Budget(ALL, per_day=2.0), Budget("bot", per_day=0.7))]

Step = tuple[float, int, list[tuple[int, int, int, bool]], list[tuple[int, int]]]
"""Seconds that pass, a process, asks (scopes, budgets, tokens, golden) and ends (which call, how)."""

steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.013, 0.5, 1.0, 7.0, 61.0]),
        st.integers(0, 2),
        st.lists(
            st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([50, 400, 5000]), st.booleans()), max_size=4
        ),
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, len(KINDS) - 1)), max_size=4),
    ),
    max_size=40,
)


@dataclass
class Play:
    """Says the same to an account as to any other, and keeps what it answers."""

    account: CallAccount
    now: list[float]
    heard: list[object] = field(default_factory=list)

    async def all(self, script: list[Step]) -> None:
        for number, (seconds, process, asks, ends) in enumerate(script):
            self.now[0] += seconds
            report = Report(
                "e",
                f"p{process}",
                ends=[_end(which, how) for which, how in ends],
                asks=[
                    CallAsk(
                        f"{number - number % 3}.{n}",
                        "m" if scopes == 1 else "n",
                        tokens,
                        0.1,
                        golden,
                        SCOPES[scopes],
                        BUDGETS[b],
                    )
                    for n, (scopes, b, tokens, golden) in enumerate(asks)
                ],
                lease_s=20,
                number=max(0, number - 5 * (number % 4 == 3)),
            )
            answer = await self.account.exchange(report)
            leaves = [(leave.granted, leave.reason, round(leave.wait_s, 4), leave.budget) for leave in answer.leaves]
            self.heard.append((number, leaves, answer.is_watched, round(answer.each_s, 4)))


def _end(which: int, how: int) -> CallEnd:
    ago = None if which % 4 else which * 0.3
    return CallEnd(
        KINDS[how], "" if which % 5 == 4 else f"{which}.0", 37, 0.01, which % 3, ago, 2.0 if which % 2 else None
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_both_accounts_answer_alike(script: list[Step], broker: Broker) -> None:
    async def main() -> None:
        now = [NOON]
        connection = RedisConnection(broker.url, prefix=f"t{uuid.uuid4().hex[:12]}:")
        memory = Play(MemoryCallAccount(now=lambda: now[0]), [*now])
        memory.account = MemoryCallAccount(now=lambda: memory.now[0])
        redis = Play(RedisCallAccount(connection, now=lambda: redis.now[0]), [*now])
        try:
            await memory.all(script)
            await redis.all(script)
        finally:
            await connection.close()
        assert memory.heard == redis.heard

    asyncio.run(main())


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(3, 400),
    pauses=st.lists(st.floats(0.0, 3.0), min_size=50, max_size=300),
    bursts=st.lists(st.integers(1, 9), min_size=50, max_size=300),
)
def test_no_sliding_minute_of_grants_holds_more_requests_than_the_limit(
    limit: int, pauses: list[float], bursts: list[int]
) -> None:
    granted: list[float] = []

    async def main() -> None:
        now = [NOON]
        account = MemoryCallAccount(now=lambda: now[0])
        scope = (Scope("", requests=limit),)
        for number, (pause, burst) in enumerate(zip(pauses, bursts, strict=False)):
            now[0] += pause
            asks = [CallAsk(f"{number}.{n}", "m", 1.0, scopes=scope) for n in range(burst)]
            answer = await account.exchange(Report("e", "p", asks=asks))
            granted.extend(now[0] for leave in answer.leaves if leave.granted)

    asyncio.run(main())
    most = max(sum(start <= moment < start + PERIOD_S for moment in granted) for start in granted)
    assert most <= max(limit, 1 + 0.95 * limit)


@pytest.mark.parametrize("latency_s", [0.2, 8.0])
@pytest.mark.parametrize("used", [0.2, 1.0])
def test_tokens_are_used_well_and_no_sliding_minute_exceeds_limit_and_burst(latency_s: float, used: float) -> None:
    """Eight processes that always want more. The endpoint counts what was used when the call ends."""
    limit, bound = 100_000.0, 4_000.0
    counted: list[tuple[float, float]] = []

    async def main() -> None:
        now = [NOON]
        account = MemoryCallAccount(now=lambda: now[0])
        scope = (Scope("", tokens=limit),)
        under_way: list[tuple[float, str, str]] = []
        number = 0
        while now[0] < NOON + 280:
            now[0] += 0.1
            for process in ("a", "b", "c", "d", "e", "f", "g", "h"):
                ended = [call for call in under_way if call[0] <= now[0] and call[1] == process]
                under_way = [call for call in under_way if call not in ended]
                counted.extend((now[0], used * bound) for _ in ended)
                asks = [CallAsk(f"{process}{number}.{n}", "m", bound, scopes=scope) for n in range(2)]
                number += 1
                ends = [CallEnd("answered", lease, tokens=used * bound) for _, _, lease in ended]
                answer = await account.exchange(Report("e", process, ends=ends, asks=asks))
                under_way += [
                    (now[0] + latency_s, process, ask.lease)
                    for ask, leave in zip(asks, answer.leaves, strict=True)
                    if leave.granted
                ]

    asyncio.run(main())
    starts = [moment for moment, _ in counted]
    per_minute = [sum(n for moment, n in counted if s <= moment < s + PERIOD_S) for s in set(starts)]
    assert max(per_minute) <= limit * 1.05
    total = sum(n for moment, n in counted if NOON + 100 <= moment < NOON + 280) / 3
    reserved = bound * latency_s / PERIOD_S / (used * bound)  # what the bounds of calls under way keep from others
    assert total >= limit * min(0.97, 1.0 / (1 + reserved)) * 0.97
