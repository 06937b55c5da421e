"""The loop only awaits; CPU work runs in the thread that brought the batch."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from assay.judges.cpu_executor import in_thread
from assay.worker.fleet.loop import LoopThread
from tests.waiting import PATIENCE_S


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


def test_cpu_work_runs_in_the_calling_thread_and_waiting_on_the_loop(loop: LoopThread) -> None:
    async def work() -> tuple[int, int]:
        return await in_thread(threading.get_ident), threading.get_ident()

    cpu, waiting = loop.run(work())
    assert cpu == threading.get_ident()
    assert waiting != cpu


def test_errors_and_cancellation_reach_whoever_awaits(loop: LoopThread) -> None:
    def broken() -> None:
        raise ValueError("no")

    async def work() -> str:
        try:
            await in_thread(broken)
        except ValueError as exc:
            return str(exc)
        return "nothing"

    assert loop.run(work()) == "no"

    async def fails() -> None:
        raise KeyError("outer")

    with pytest.raises(KeyError):
        loop.run(fails())


def test_many_batches_share_the_loop_and_keep_their_own_threads(loop: LoopThread) -> None:
    async def work() -> bool:
        first = await in_thread(threading.get_ident)
        await asyncio.sleep(0.01)
        return first == await in_thread(threading.get_ident)

    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(loop.run(work()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_hanging_loop_stops_answering(loop: LoopThread) -> None:
    assert loop.answers(PATIENCE_S)
    release = threading.Event()
    loop.loop.call_soon_threadsafe(release.wait)
    assert not loop.answers(0.05)
    release.set()
    assert loop.answers(PATIENCE_S)
