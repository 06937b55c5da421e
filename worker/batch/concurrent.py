"""Judging on one event loop: many samples in flight, results in the order of the input."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress

from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.worker.batch.reading import RawLine
from assay.worker.batch.redacting import NOTHING
from assay.worker.batch.verdict_lines import Judged, judge_line
from assay.worker.records.jsonl import BadLine

Task = asyncio.Task[Judged | BadLine]


async def judge_concurrently(
    lines: Iterable[RawLine | BadLine],
    evaluator: Evaluator,
    *,
    concurrency: int,
    explain: bool = False,
    redaction: Redaction = NOTHING,
) -> AsyncGenerator[Judged | BadLine, None]:
    """Judge up to `concurrency` lines at once. Close the iterator to cancel what is in flight.

    Raises:
        ConfigurationError: the input cannot be read.
    """
    tasks: asyncio.Queue[Task | None] = asyncio.Queue()
    slots = asyncio.Semaphore(concurrency)
    started: set[Task] = set()

    async def start_all() -> None:
        async for line in _read_ahead(lines):
            await slots.acquire()
            task = asyncio.create_task(judge_line(line, evaluator, explain=explain, redaction=redaction))
            started.add(task)
            tasks.put_nowait(task)
        tasks.put_nowait(None)

    starter = asyncio.create_task(start_all())
    starter.add_done_callback(lambda _: tasks.put_nowait(None))
    try:
        while (task := await tasks.get()) is not None:
            yield await task
            started.discard(task)
            slots.release()  # only now: a slow sample at the head must not let the results behind it pile up
        await starter
    finally:
        for running in (starter, *started):
            running.cancel()
        await asyncio.gather(starter, *started, return_exceptions=True)


async def _read_ahead(lines: Iterable[RawLine | BadLine], ahead: int = 16) -> AsyncIterator[RawLine | BadLine]:
    """Lines read by a thread, so that waiting for input stops nobody.

    The thread is a daemon. Nothing can wake a thread that waits for a terminal or a pipe, and leaving must not wait
    for it.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[RawLine | BadLine | BaseException | None] = asyncio.Queue()
    slots = threading.Semaphore(ahead)

    def read() -> None:
        end: BaseException | None = None
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            try:
                for line in lines:
                    slots.acquire()
                    loop.call_soon_threadsafe(queue.put_nowait, line)
            except Exception as exc:  # noqa: BLE001  # carried over to the loop, where it is raised
                end = exc
            loop.call_soon_threadsafe(queue.put_nowait, end)

    threading.Thread(target=read, name="read-samples", daemon=True).start()
    while (line := await queue.get()) is not None:
        if isinstance(line, BaseException):
            raise line
        yield line
        slots.release()
