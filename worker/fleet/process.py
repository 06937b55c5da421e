"""One worker process: its loop, its runtime, the deliveries it has in work, and a watchdog over all of it."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Any, TypeVar

import structlog

from assay.worker.config.redis_url import required_redis_url
from assay.worker.config.root import find_root
from assay.worker.config.settings import load_settings
from assay.worker.fleet.app import RENEW_EVERY_S, TaskFailed, publish
from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.records.reports import Report
from assay.worker.telemetry.observe import TaskRun, observe
from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")
WEDGED_AFTER_S = 60.0
"""A loop that has not answered for so many seconds is given up, and its process with it."""

EXIT_WEDGED = 70

log = structlog.get_logger(__name__)


class WorkerProcess:
    """Runs coroutines for Celery's threads and keeps their deliveries alive while the loop answers.

    Renewal runs on the loop itself. If the loop hangs, renewal stops, and the broker gives the work to others.
    """

    def __init__(self) -> None:
        settings = load_settings()
        runtime = Runtime(settings, find_root(None, settings), redis_url=required_redis_url(settings), publish=publish)
        self._state, self._clock = runtime.state, runtime.clock
        self._in_force = RuntimeInForce(runtime)
        self._give_up_s = settings.batch_deadline_s + 60
        self._deliveries: dict[str, float] = {}
        self._loop = LoopThread()
        self._loop.spawn(self._renew())
        self._loop.spawn(self._in_force.watch_files())
        threading.Thread(target=self._watch, name="assay-watchdog", daemon=True).start()
        # What is loaded by now stays. The collector need not walk it again while batches come and go.
        gc.freeze()

    def run(
        self, delivery_tag: str | None, work: Callable[[Runtime], Awaitable[T]], *, give_up_s: float | None = None
    ) -> T:
        """Run a task's work on the loop, for at most `give_up_s`. This thread does its CPU work meanwhile."""
        limit_s = give_up_s or self._give_up_s
        if delivery_tag is not None:
            self._deliveries[delivery_tag] = time.monotonic() + limit_s

        async def bounded() -> T:
            async with asyncio.timeout(limit_s), self._in_force.borrowed() as runtime:
                return await work(runtime)

        try:
            return self._loop.run(bounded())
        finally:
            if delivery_tag is not None:
                self._deliveries.pop(delivery_tag, None)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            alive = [tag for tag, until in list(self._deliveries.items()) if until > time.monotonic()]
            try:
                async with asyncio.timeout(RENEW_EVERY_S):
                    await self._state.deliveries.renew(alive, now=self._clock.now())
            except Exception as exc:  # noqa: BLE001  # whatever went wrong, to stop renewing would lose every batch
                log.warning("process.renewal_failed", error=type(exc).__name__)

    def _watch(self) -> None:
        """End the process once its loop has hung for a minute: it will not recover, and a supervisor starts afresh."""
        while self._loop.answers(WEDGED_AFTER_S):
            time.sleep(5)  # the watchdog's own thread: nothing waits for it
        log.error("process.wedged", seconds=WEDGED_AFTER_S)
        os._exit(EXIT_WEDGED)


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _create() -> WorkerProcess:
    return WorkerProcess()


def worker_process() -> WorkerProcess:
    """The instance of this process, made by the first task that needs it."""
    with _lock:
        return _create()


def run_task(
    task: Any,
    work: Callable[[Runtime], Awaitable[Report]],
    *,
    about: Mapping[str, str | int] | None = None,
    give_up_s: float | None = None,
) -> None:
    """Run a Celery task's work, keep its delivery alive meanwhile, and have its report observed.

    Args:
        task: the bound Celery task.
        work: what is to be done.
        about: what the message says of itself, for the observers.
        give_up_s: seconds it may take; None: the time of a batch.

    Raises:
        TaskFailed: the work raised something.
    """
    delivery_tag = (task.request.properties or {}).get("delivery_tag")
    run = partial(TaskRun, task=task.name.removeprefix("assay."), about=about or {})
    begun = time.monotonic()
    try:
        report = worker_process().run(delivery_tag, work, give_up_s=give_up_s)
    except MemoryError:
        raise  # Celery has its own way with it
    except Exception as exc:
        observe(run(seconds=time.monotonic() - begun, error=exc))
        raise TaskFailed(task.name) from exc
    observe(run(seconds=time.monotonic() - begun, report=report))
