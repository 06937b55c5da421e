"""One worker process: its loop, its runtime, the deliveries it has in hand, and a watchdog over all of it."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

import structlog

from assay.worker.config.exit_codes import EXIT_RENEW
from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.redis_answers import is_outage, redis_trouble
from assay.worker.config.redis_url import required_redis_url
from assay.worker.config.root import find_root
from assay.worker.config.settings import load_settings
from assay.worker.fleet.app import IN_HAND_BEYOND_DEADLINE_S, RENEW_EVERY_S, TaskFailed, publish
from assay.worker.fleet.leaving import leave
from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.memory_limit import is_over, usable_limit
from assay.worker.fleet.own_version import own_version
from assay.worker.fleet.pages import has_pages, join_pages
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.fleet.server_clock import tell_offset, wait_for_clock
from assay.worker.fleet.transport.redis_transport import IN_HAND, deliveries_of_process
from assay.worker.fleet.warm_start import warm
from assay.worker.fleet.without_beat import look_without_beat
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.reports import Report
from assay.worker.telemetry.observe import TaskRun, add_observer, observe, surrounded
from assay.worker.wiring.queues import CONTROL_QUEUE
from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")
WEDGED_AFTER_S = 60.0
"""A loop that has not answered for so many seconds is given up, and its process with it."""

EXIT_WEDGED = 70

AGAIN_S = 1.0
"""A renewal that failed is tried again this soon: a broker that is back must hear of the living before anybody else."""

HELD_FOR_REDIS_S = 5.0
"""Work whose Redis was away is given back after so long, so that it is not taken again and again meanwhile."""

DRAIN_S = 5.0
"""At the end of the process: to write what could not be written while Redis was away."""

log = structlog.get_logger(__name__)


class GivenBack(Exception):
    """The work was not done here: its message went back into the queue."""


class WorkerProcess:
    """Runs coroutines for Celery's threads and keeps their deliveries alive while the loop answers.

    Renewal runs on the loop itself. If the loop hangs, renewal stops, and the broker gives the work to others.
    """

    def __init__(self) -> None:
        self._settings = settings = load_settings()
        runtime = Runtime(settings, find_root(None, settings), redis_url=required_redis_url(settings), publish=publish)
        self._state = runtime.state
        self._in_force = RuntimeInForce(runtime)
        self._give_up_s = settings.batch_deadline_s + IN_HAND_BEYOND_DEADLINE_S
        self._running: set[asyncio.Task[Any]] = set()
        self._announced: tuple[str, Sequence[str]] | None = None
        self._loop = LoopThread()
        self._memory_limit_mb: int | None = None
        self._is_leaving = False

    def tell_pages(self, *, is_control: bool) -> None:
        """Join this process' pages, where there are any.

        Args:
            is_control: whether it works off more than judgements.
        """
        if has_pages():
            from assay.worker.fleet.worker_side import WorkerSide

            side = WorkerSide(
                self._loop,
                self._in_force,
                is_control=is_control,
                takes_messages=lambda: self._announced is not None and not self._is_leaving,
            )
            add_observer(side.observe)
            join_pages(side)

    def get_ready(self) -> None:
        """Have everything there that the first message needs: judges of all rubrics on disk, and Redis' clock.

        A Redis that is away is waited for. Nothing else here needs it.

        Raises:
            ConfigurationError
        """
        self._loop.run(wait_for_clock(self._state.clock))
        self._loop.run(warm(self._in_force.runtime))
        _spare_the_collector()
        self._memory_limit_mb = usable_limit(self._settings.memory_limit_mb)
        self._loop.spawn(self._renew())
        self._loop.spawn(self._in_force.watch_files())
        threading.Thread(target=self._watch, name="assay-watchdog", daemon=True).start()

    @property
    def judge_files(self) -> JudgeFiles:
        """What is known of judge endpoints."""
        return self._in_force.runtime.judge_files

    def announce(self, name: str, queues: Sequence[str]) -> None:
        """Tell from now on that this process takes messages from these queues."""
        is_first, self._announced = self._announced is None, (name, queues)
        if is_first and CONTROL_QUEUE in queues:
            self._loop.spawn(look_without_beat(self._in_force))

    def run(self, work: Callable[[Runtime], Awaitable[T]], *, give_up_s: float) -> T:
        """Run work on the loop, for at most `give_up_s`. This thread does its CPU work meanwhile.

        Raises:
            CancelledError: the process leaves.
        """

        async def bounded() -> T:
            task = cast("asyncio.Task[T]", asyncio.current_task())
            self._running.add(task)
            try:
                async with asyncio.timeout(give_up_s), self._in_force.borrowed() as runtime:
                    return await work(runtime)
            finally:
                self._running.discard(task)

        return self._loop.run(bounded())

    def run_delivery(
        self,
        delivery_tag: str,
        work: Callable[[Runtime, str], Awaitable[T]],
        *,
        give_up_s: float | None = None,
        is_tick: bool = False,
    ) -> T:
        """Run the work of a delivery, and acknowledge it. If the process leaves before, or Redis is away, give it back.

        Args:
            delivery_tag: the broker's.
            work: what is to be done; its second argument is who holds the entries of the ledger.
            give_up_s: seconds it may take; None: the time of a batch.
            is_tick: another one comes by itself. It is acknowledged where Redis is away.

        Raises:
            GivenBack: it was not done here.
        """
        limit_s = give_up_s or self._give_up_s
        owner = IN_HAND.begin(delivery_tag, limit_s=limit_s)
        deliveries = deliveries_of_process()
        if owner is None or deliveries is None:
            raise GivenBack
        try:
            result = self.run(lambda runtime: work(runtime, owner), give_up_s=limit_s)
        except CancelledError:
            deliveries.give_back(delivery_tag)
            raise GivenBack from None
        except StateUnavailable as exc:
            if is_tick or not is_outage(exc):
                deliveries.acknowledge(delivery_tag)
                raise
            log.warning("task.waits", error=f"Redis {redis_trouble(exc)}")
            self._hold(HELD_FOR_REDIS_S)
            deliveries.give_back(delivery_tag)
            raise GivenBack from exc
        except BaseException:
            deliveries.acknowledge(delivery_tag)
            raise
        deliveries.acknowledge(delivery_tag)
        return result

    def _hold(self, seconds: float) -> None:
        """Wait, unless the process leaves meanwhile."""

        async def wait(_: Runtime) -> None:
            await asyncio.sleep(seconds)

        with suppress(CancelledError):
            self.run(wait, give_up_s=2 * seconds)

    def leave(self) -> None:
        """Nothing more is taken. Give back what no thread has begun, and wait for the rest until a batch's deadline.

        What is not done by then is cancelled and given back.
        """
        self._is_leaving = True
        deliveries = deliveries_of_process()
        if deliveries is not None:
            for tag in IN_HAND.tags(waiting_only=True):
                deliveries.give_back(tag)
        until = time.monotonic() + self._settings.batch_deadline_s
        while self._running and time.monotonic() < until:
            time.sleep(0.05)  # the main thread; a signal interrupts it
        self._cancel(within_s=DRAIN_S)
        self._finish()

    def give_all_back(self) -> None:
        """End at once: cancel everything, and give it back."""
        self._cancel(within_s=1.0)
        deliveries = deliveries_of_process()
        if deliveries is not None:
            for tag in IN_HAND.tags():
                deliveries.give_back(tag)

    def _cancel(self, *, within_s: float) -> None:
        for task in list(self._running):
            self._loop.loop.call_soon_threadsafe(task.cancel)
        until = time.monotonic() + within_s
        while self._running and time.monotonic() < until:
            time.sleep(0.02)

    def _finish(self) -> None:
        """Write what is still to be written, and say goodbye."""

        async def finish() -> None:
            async with asyncio.timeout(DRAIN_S):
                await self._in_force.runtime.drain(DRAIN_S)
                if self._announced is not None:
                    await self._state.pulse.gone(self._announced[0])

        try:
            self._loop.run(finish())
        except Exception as exc:  # noqa: BLE001  # the process ends either way, and the ledger has the work
            log.warning("process.not_drained", error=type(exc).__name__)

    async def _renew(self) -> None:
        pause_s, told = RENEW_EVERY_S, False
        while True:
            await asyncio.sleep(pause_s)
            tags, owners = IN_HAND.alive()
            try:
                async with asyncio.timeout(RENEW_EVERY_S):
                    await self._state.deliveries.renew(tags, owners=owners)
                    await self._tell_of_self()
                pause_s, told = RENEW_EVERY_S, False
            except Exception as exc:  # noqa: BLE001  # whatever went wrong, to stop renewing would lose every batch
                pause_s = AGAIN_S
                if not told:
                    log.warning("process.renewal_failed", error=f"Redis {redis_trouble(exc)}", in_hand=len(tags))
                told = True

    async def _tell_of_self(self) -> None:
        offset_s = self._state.clock.offset_s
        tell_offset(offset_s)
        if self._announced is not None:
            name, queues = self._announced
            await self._state.pulse.seen(name, queues=queues, offset_s=offset_s, version=own_version())

    def _watch(self) -> None:
        """End the process once its loop has hung for a minute, or its memory has grown to the limit."""
        while self._loop.answers(WEDGED_AFTER_S):
            time.sleep(5)  # the watchdog's own thread: nothing waits for it
            if is_over(self._memory_limit_mb):
                leave(EXIT_RENEW)
        log.error("process.wedged", seconds=WEDGED_AFTER_S)
        os._exit(EXIT_WEDGED)


def _spare_the_collector() -> None:
    """What is loaded by now stays: the collector need not walk it again while batches come and go.

    A sample's rules make some thousand small containers, which are gone with the sample. Python's own thresholds
    would have them walked several times meanwhile: 490 µs of rules for each sample instead of 324.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _create() -> WorkerProcess:
    return WorkerProcess()


def worker_process() -> WorkerProcess:
    """The instance of this process, made before it takes its first message."""
    with _lock:
        return _create()


def run_task(
    task: Any,
    work: Callable[[Runtime, str], Awaitable[Report]],
    *,
    about: Mapping[str, str | int] | None = None,
    give_up_s: float | None = None,
    is_tick: bool = False,
) -> None:
    """Run a Celery task's work, keep its delivery alive meanwhile, and have its report observed.

    Args:
        task: the bound Celery task.
        work: what is to be done; its second argument is who does it, a name of this delivery alone.
        about: what the message says of itself, for the observers.
        give_up_s: seconds it may take; None: the time of a batch.
        is_tick: another one comes by itself, so this one need not come again where Redis was away.

    Raises:
        TaskFailed: the work raised something.
    """
    delivery_tag = (task.request.properties or {}).get("delivery_tag", "")
    name = task.name.removeprefix("assay.")
    run = partial(TaskRun, task=name, about=about or {})
    begun = time.monotonic()
    with surrounded(name, about or {}):
        try:
            report = worker_process().run_delivery(delivery_tag, work, give_up_s=give_up_s, is_tick=is_tick)
        except MemoryError:
            raise  # Celery has its own way with it
        except GivenBack:
            log.info("task.given_back", task=name, **(about or {}))
            return
        except Exception as exc:
            observe(run(seconds=time.monotonic() - begun, error=exc))
            raise TaskFailed(task.name) from exc
        observe(run(seconds=time.monotonic() - begun, report=report))
