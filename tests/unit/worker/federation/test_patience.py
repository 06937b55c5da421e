"""A store that hangs or is down takes little of a process' time, and is tried again."""

from __future__ import annotations

import asyncio

import pytest

from assay.worker.federation.patience import FAILURES, FIRST_PAUSE_S, SLOW_S, WAITING, Patience
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def down() -> None:
    raise StoreUnavailable("down")


async def well() -> str:
    return "well"


async def fail(patience: Patience, times: int) -> None:
    for _ in range(times):
        with pytest.raises(StoreUnavailable, match="down"):
            await patience.call(down)


def test_store_that_keeps_failing_is_left_alone_and_tried_by_one_call_at_a_time() -> None:
    async def check() -> None:
        clock = Seconds()
        patience = Patience("rag", clock)
        await fail(patience, FAILURES)
        with pytest.raises(StoreBusy, match="store rag: does not answer") as busy:
            await patience.call(well)
        assert busy.value.retry_after_s == pytest.approx(FIRST_PAUSE_S)
        clock.now += FIRST_PAUSE_S
        released = asyncio.Event()
        probe = asyncio.create_task(patience.call(released.wait))
        await asyncio.sleep(0)
        with pytest.raises(StoreBusy):
            await patience.call(well)
        released.set()
        await probe
        assert await patience.call(well) == "well"

    asyncio.run(check())


def test_pauses_grow_while_it_fails() -> None:
    async def check() -> None:
        clock = Seconds()
        patience = Patience("rag", clock)
        await fail(patience, FAILURES)
        clock.now += FIRST_PAUSE_S
        await fail(patience, 1)
        clock.now += FIRST_PAUSE_S
        with pytest.raises(StoreBusy):
            await patience.call(well)

    asyncio.run(check())


def test_no_more_than_a_few_calls_wait_for_a_slow_store() -> None:
    async def check() -> None:
        clock, released = Seconds(), asyncio.Event()
        patience = Patience("rag", clock)
        waiting = [asyncio.create_task(patience.call(released.wait)) for _ in range(WAITING)]
        await asyncio.sleep(0)
        clock.now += SLOW_S
        with pytest.raises(StoreBusy, match=f"{WAITING} calls wait"):
            await patience.call(well)
        released.set()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(check())


@pytest.mark.parametrize("error", [StoreRejected("no"), StoreBusy("no room"), ValueError("a bug")])
def test_other_errors_leave_a_store_in_use(error: Exception) -> None:
    async def raising() -> None:
        raise error

    async def check() -> None:
        patience = Patience("rag")
        for _ in range(2 * FAILURES):
            with pytest.raises(type(error)):
                await patience.call(raising)
        assert await patience.call(well) == "well"

    asyncio.run(check())


def test_call_that_was_cancelled_after_a_long_wait_counts_as_a_failure() -> None:
    async def check() -> None:
        clock = Seconds()
        patience = Patience("rag", clock)
        for _ in range(FAILURES):
            hanging = asyncio.create_task(patience.call(asyncio.Event().wait))
            await asyncio.sleep(0)
            clock.now += SLOW_S
            hanging.cancel()
            await asyncio.gather(hanging, return_exceptions=True)
        with pytest.raises(StoreBusy):
            await patience.call(well)

    asyncio.run(check())
