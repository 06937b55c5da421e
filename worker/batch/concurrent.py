"""Judging on one event loop: many samples in flight, results in the order of the input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.worker.batch.lines_ahead import LinesAhead
from assay.worker.batch.reading import RawLine
from assay.worker.batch.redacting import NOTHING
from assay.worker.batch.verdict_lines import Judged, judge_line
from assay.worker.records.jsonl import BadLine

Task = asyncio.Task[Judged | BadLine]


async def judge_concurrently(
    lines: Iterable[RawLine | BadLine] | LinesAhead,
    evaluator: Evaluator,
    *,
    concurrency: int,
    explain: bool = False,
    redaction: Redaction = NOTHING,
) -> AsyncGenerator[Judged | BadLine, None]:
    """Judge up to `concurrency` lines at once. Close the iterator to cancel what is in flight.

    Lines that nobody draws yet are drawn by a thread.

    Raises:
        ConfigurationError: the input cannot be read.
    """
    ahead = lines if isinstance(lines, LinesAhead) else LinesAhead.by_thread(lines)
    tasks: asyncio.Queue[Task | None] = asyncio.Queue()
    slots = asyncio.Semaphore(concurrency)
    started: set[Task] = set()

    async def start_all() -> None:
        async for line in ahead:
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
        ahead.close()
        for running in (starter, *started):
            running.cancel()
        await asyncio.gather(starter, *started, return_exceptions=True)
