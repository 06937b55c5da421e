"""One event loop per process, started on first use, and the bridge between it and Celery's threads.

Celery's threads pool holds the messages. Everything that waits (model calls, store, Redis) waits on this loop.
The thread that brought a batch is otherwise idle, so it does the batch's CPU work: `LoopThread.run` serves an executor,
and `assay.judges.cpu_executor.in_thread` hands work to it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

from assay.judges.cpu_executor import cpu_executor

T = TypeVar("T")
_Work = tuple["Future[Any]", Callable[[], Any]] | None


class CallerExecutor(Executor):
    """Runs submitted work in the one thread that calls `serve`."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Work] = SimpleQueue()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue work for the serving thread."""
        future: Future[T] = Future()
        self._queue.put((future, lambda: fn(*args, **kwargs)))
        return future

    def stop(self) -> None:
        """Let `serve` return once everything queued before this has run."""
        self._queue.put(None)

    def serve(self) -> None:
        """Run work until `stop`."""
        while (item := self._queue.get()) is not None:
            future, work = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as exc:  # noqa: BLE001  # whatever the work raised belongs to whoever awaits it
                future.set_exception(exc)


class LoopThread:
    """A daemon thread with an event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="assay-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop. Meanwhile this thread does the CPU work that the coroutine hands out."""
        executor = CallerExecutor()
        with cpu_executor(executor):
            future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        future.add_done_callback(lambda _: executor.stop())
        executor.serve()
        return future.result()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Future[None]:
        """Start something that runs beside everything else."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def answers(self, timeout_s: float) -> bool:
        """Whether the loop still turns."""
        beat = threading.Event()
        self.loop.call_soon_threadsafe(beat.set)
        return beat.wait(timeout_s)

    def stop(self) -> None:
        """Stop the loop. What still runs on it is abandoned."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            self.loop.close()
