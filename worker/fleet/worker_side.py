"""What a worker process knows of itself and of what it depends on, for its pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.loop_lag import LoopLag
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.ports.health import PartState
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.metrics.metric import Sample
from assay.worker.telemetry.observe import TaskRun
from assay.worker.wiring.fleet_metrics import UNREADABLE, computed_samples, fleet_samples
from assay.worker.wiring.readiness import part_states
from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")

READY_WITHIN_S, SAMPLES_WITHIN_S = 4.0, 9.0
"""Longest wait for the process' loop. What runs there has shorter bounds: only a loop that hangs takes so long."""

STORE_TROUBLE_S = 600.0
"""A trouble with the store that nothing has repeated for so long is told no more."""


class WorkerSide:
    """`assay.worker.fleet.pages.ProcessSide` of a worker."""

    def __init__(
        self,
        loop: LoopThread,
        in_force: RuntimeInForce,
        *,
        is_control: bool,
        takes_messages: Callable[[], bool],
    ) -> None:
        """Begin to measure the loop.

        Args:
            loop: of the process.
            in_force: lends the runtime.
            is_control: whether it works off more than judgements: then it serves what is known of the whole fleet.
            takes_messages: whether its consumer has begun, and the process does not leave.
        """
        self._loop = loop
        self._in_force = in_force
        self._is_control = is_control
        self._takes_messages = takes_messages
        self._store = StoreEvidence()
        self._lag = LoopLag()
        loop.spawn(self._lag.watch())

    def loop_late_s(self) -> float:
        """How long the loop has not run what is due."""
        return self._lag.overdue_s

    def worst_lag_s(self) -> float:
        """The largest lateness of the loop within the last minute."""
        return self._lag.worst_s

    def beat_round_at(self) -> float | None:
        """A worker is no beat."""
        return None

    def ailing(self) -> str:
        """A worker's watchdog ends it where it hangs: there is nothing else to tell."""
        return ""

    def observe(self, run: TaskRun) -> None:
        """Learn from work what the store does."""
        self._store.note(run)

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """It takes messages, and Redis answers. Everything else is told."""
        takes = self._takes_messages()
        states = await self._on_loop(
            lambda runtime: part_states(runtime, is_control=self._is_control), within_s=READY_WITHIN_S
        )
        if states is None:
            return False, {"takes_messages": takes, "why": "the event loop does not answer"}
        if states["store"].ok and (trouble := self._store.trouble()):
            states["store"] = PartState(ok=False, why=trouble)
        parts = {name: state.model_dump(mode="json", exclude_defaults=True) for name, state in states.items()}
        return takes and states["redis"].ok, {"takes_messages": takes, "parts": parts}

    async def samples(self) -> Sequence[Sample]:
        """What is known of the whole fleet."""
        if not self._is_control:
            return ()
        samples = await self._on_loop(_all_samples, within_s=SAMPLES_WITHIN_S)
        return UNREADABLE if samples is None else samples

    async def _on_loop(self, work: Callable[[Runtime], Awaitable[T]], *, within_s: float) -> T | None:
        """Run work on the process' loop. None: the loop does not answer in time."""

        async def borrowed() -> T:
            async with self._in_force.borrowed() as runtime:
                return await work(runtime)

        future = asyncio.run_coroutine_threadsafe(borrowed(), self._loop.loop)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            return None


class StoreEvidence:
    """What the store did to the work of this process lately. So no probe has to ask it."""

    def __init__(self) -> None:
        self._troubles: dict[str, tuple[str, float]] = {}

    def note(self, run: TaskRun) -> None:
        """A message or tick was worked off."""
        if isinstance(run.error, StoreError):
            self._troubles[run.task] = (type(run.error).__name__, time.monotonic())
        elif _count(run, "failed_windows") or _count(run, "put_off"):
            self._troubles[run.task] = ("it took or gave nothing", time.monotonic())
        elif _count(run, "windows") or _count(run, "posted") or _count(run, "scored"):
            self._troubles.pop(run.task, None)

    def trouble(self) -> str:
        """The latest one, e.g. `sweep: StoreUnavailable, 12 s ago`. Empty: there is none."""
        now = time.monotonic()
        recent = [(at, task, why) for task, (why, at) in list(self._troubles.items()) if now - at < STORE_TROUBLE_S]
        if not recent:
            return ""
        at, task, why = max(recent)
        return f"{task}: {why}, {now - at:.0f} s ago"


def _count(run: TaskRun, name: str) -> int:
    value = getattr(run.report, name, 0)
    return value if isinstance(value, int) else 0


async def _all_samples(runtime: Runtime) -> Sequence[Sample]:
    fleet, computed = await asyncio.gather(fleet_samples(runtime), computed_samples(runtime))
    return [*computed, *fleet]
