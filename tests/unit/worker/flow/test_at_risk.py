"""How many judgements a process begins: as many as it keeps the answers of, and use cases in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from assay.judges.models.call_context import mark_paid
from assay.worker.flow.at_risk import FIRST_ROOM, LEAST_ROOM, MOST_UNKEPT, AtRisk


async def _drain(at_risk: AtRisk, judgements: int, keep: Callable[[], Awaitable[None]]) -> int:
    """Run judgements that are answered at once and kept by `keep`. Returns the most answers that were unkept."""
    most = 0

    async def judge() -> None:
        nonlocal most
        async with at_risk.judging("bot"):
            await asyncio.sleep(0)
            mark_paid()
            most = max(most, at_risk.unkept)
            await keep()

    await asyncio.gather(*(judge() for _ in range(judgements)))
    return most


def test_slow_keeping_leaves_few_answers_at_risk() -> None:
    async def main() -> tuple[int, int]:
        at_risk, one_at_a_time = AtRisk(), asyncio.Lock()

        async def keep() -> None:
            async with one_at_a_time:
                await asyncio.sleep(0)

        return await _drain(at_risk, 500, keep), at_risk.room

    most, room = asyncio.run(main())
    assert most <= FIRST_ROOM + 1
    assert LEAST_ROOM <= room <= FIRST_ROOM


def test_room_grows_while_answers_are_kept_at_once() -> None:
    async def main() -> int:
        at_risk, answered = AtRisk(), asyncio.Semaphore(MOST_UNKEPT)

        async def judge() -> None:
            async with at_risk.judging("bot"), answered:
                mark_paid()

        await asyncio.gather(*(judge() for _ in range(400)))
        return at_risk.room

    assert asyncio.run(main()) >= 256


def test_use_cases_take_turns() -> None:
    async def main() -> list[str]:
        at_risk, begun = AtRisk(), list[str]()

        async def judge(use_case: str) -> None:
            async with at_risk.judging(use_case):
                begun.append(use_case)
                await asyncio.sleep(0)

        noisy = [asyncio.create_task(judge("noisy")) for _ in range(FIRST_ROOM + 200)]
        await asyncio.sleep(0)
        await asyncio.gather(*noisy, *(judge("quiet") for _ in range(10)))
        return begun

    begun = asyncio.run(main())
    assert max(n for n, name in enumerate(begun) if name == "quiet") < FIRST_ROOM + 60


def test_cancelled_waiters_take_no_room() -> None:
    async def main() -> int:
        at_risk, gate = AtRisk(), asyncio.Event()

        async def judge() -> None:
            async with at_risk.judging("bot"):
                await gate.wait()

        tasks = [asyncio.create_task(judge()) for _ in range(FIRST_ROOM * 3)]
        await asyncio.sleep(0)
        for task in tasks[FIRST_ROOM : 2 * FIRST_ROOM]:
            task.cancel()
        gate.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        done = 0
        for _ in range(FIRST_ROOM):
            async with at_risk.judging("bot"):
                done += 1
        return done

    assert asyncio.run(main()) == FIRST_ROOM
