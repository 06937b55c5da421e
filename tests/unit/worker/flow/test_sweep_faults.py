"""Over any history of sweeps, each trace has one answer and one π, none is forgotten, and none is released twice.

The history is drawn: when sweeps run, and when none does for six hours; which machine sweeps, with clocks that differ;
when two sweep at once although one holds the lock; when the policy is edited; when the store is down, or the state
ends in the middle of a sweep; when traces end, and when the store shows them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.config.deployment import Deployment
from assay.worker.flow import selection
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.ledger import Promise
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_root
from tests.examples import examples
from tests.unit.worker.flow.test_sweep import RootsOnly, World

MINUTE = timedelta(minutes=1)
OUTAGE = 6 * 60
LAST_SCANS = (24, 26, 28, 30, 32, 40, 60)
"""Hours after the history at which nothing fails: by then every trace has had its last scan."""

Event = Literal["sweep", "fast clock", "slow clock", "two at once", "store down", "state ends", "edit"]
SKEW: dict[str, timedelta] = {"fast clock": 4 * MINUTE, "slow clock": -4 * MINUTE}
RATES = (0.1, 0.3, 0.6, 1.0)


class Arrival(NamedTuple):
    """When a trace began, how long it ran, and how long the store took to show it, in minutes."""

    began: int
    ran: int
    lag: int


class Happening(NamedTuple):
    """How many minutes after the one before, what happens, and a number to draw from."""

    after: int
    event: Event
    number: int


class ArrivingRoots(RootsOnly):
    """A store that shows a trace when it has ended and arrived, by the true time."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        super().__init__()
        self.now = NOW
        self.is_down = False
        self.arrived_at: dict[str, datetime] = {}
        for number, (began, ran, lag) in enumerate(arrivals):
            start = NOW + began * MINUTE
            level = ("DEFAULT", "ERROR")[number % 2]
            self.roots.append(make_root(f"trace-{number}", start=start, end=start + ran * MINUTE, level=level))
            self.arrived_at[f"trace-{number}"] = start + (ran + lag) * MINUTE

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        if self.is_down:
            raise StoreUnavailable("down")
        async for page in super().list_roots(start, end):
            await asyncio.sleep(0)
            yield [root for root in page if self.arrived_at[root.trace_id] <= self.now]


class Ending:
    """A part of the state that ends after so many calls, before or after the last one is done."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self.left: int | None = None

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(*args: Any, **over: Any) -> Any:
            if self.left is not None:
                self.left -= 1
                if self.left == 0:
                    raise StateUnavailable("ends before the call")
            result = await getattr(self._part, name)(*args, **over)
            if self.left is not None and self.left < 0:
                raise StateUnavailable("ends after the call")
            return result

        return call


class NoLock:
    """A lock that holds nobody off: its holder's time has run out."""

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        return True

    async def release(self, name: str, *, owner: str) -> None:
        return None


class FaultyWorld(World):
    """A world in which things fail."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        super().__init__(deployment=policy(0.3))
        self.store: ArrivingRoots = ArrivingRoots(arrivals)
        self.parts = [Ending(self.state.ledger), Ending(self.state.windows), Ending(self.state.backlog)]
        parts: dict[str, Any] = dict(zip(("ledger", "windows", "backlog"), self.parts, strict=True))
        self.state = replace(self.state, **parts)
        self.true_now = NOW

    def sweeper(self, now: datetime) -> Sweeper:
        """As in any world. Nobody judges here, so what waits is never too much."""
        pressure = Pressure(self.state.backlog, self.state.key_values, timedelta(days=365))
        return replace(super().sweeper(now), pressure=pressure)

    def happens(self, happening: Happening) -> None:
        """One event of the history."""
        self.true_now += happening.after * MINUTE
        self.store.now = self.true_now
        if happening.event == "edit":
            self.deployment = policy(RATES[happening.number % len(RATES)])
            return
        self.store.is_down = happening.event == "store down"
        part = self.parts[happening.number % len(self.parts)]
        part.left = happening.number + 1 if happening.event == "state ends" else None
        skewed = self.true_now + SKEW.get(happening.event, timedelta())
        asyncio.run(self._two(skewed) if happening.event == "two at once" else self._one(skewed))
        part.left, self.store.is_down = None, False

    async def _one(self, now: datetime) -> None:
        try:
            await self.sweeper(now).sweep()
        except StateUnavailable:
            self.state = replace(self.state, locks=memory_state().locks)  # the lock runs out with its holder

    async def _two(self, now: datetime) -> None:
        held, self.state = self.state, replace(self.state, locks=NoLock())
        await asyncio.gather(self.sweeper(now).sweep(), self.sweeper(now).sweep())
        self.state = held

    def promises(self) -> dict[str, Promise]:
        ids = [root.trace_id for root in self.store.roots]
        entries = asyncio.run(self.parts[0].entries("grounding", ids))
        return {trace_id: entry.promise for trace_id, entry in entries.items()}

    def windows(self) -> Sequence[WindowRecord]:
        return list(asyncio.run(self.parts[1].between(NOW - timedelta(days=3), NOW + timedelta(days=5))))


def policy(rate: float) -> Deployment:
    """One use case at a rate, with a stratum of errors above it."""
    stratum = {"name": "errors", "when": {"level": ["ERROR"]}, "rate": min(1.0, 1.5 * rate), "allow_rate": True}
    case = {"name": "bot", "rate": rate, "allow_rate": True, "strata": [stratum]}
    defaults = {"min_per_day": 0, "low_traffic": {"below_per_day": 0}}
    top = {"window_seconds": 3600, "late_seconds": 1800, "lookback_hours": 2}
    return Deployment.model_validate({"use_cases": [case], "defaults": defaults, **top})


ARRIVALS = st.lists(
    st.builds(
        Arrival,
        st.integers(min_value=-100, max_value=12 * 60),
        st.sampled_from([0, 1, 20, 90, 400]),
        st.sampled_from([0, 1, 10, 120, 900]),
    ),
    min_size=1,
    max_size=25,
)
EVENTS = st.sampled_from(["sweep", "fast clock", "slow clock", "two at once", "store down", "state ends", "edit"])
HISTORIES = st.lists(
    st.builds(Happening, st.sampled_from([1, 7, 30, 61, 180, OUTAGE]), EVENTS, st.integers(min_value=0, max_value=11)),
    max_size=14,
)


def after(arrivals: Sequence[Arrival], history: Sequence[Happening]) -> FaultyWorld:
    """The world after a history, and after sweeps at which nothing fails."""
    world = FaultyWorld(arrivals)
    world.happens(Happening(0, "sweep", 0))
    for happening in history:
        known = world.promises()
        world.happens(happening)
        now = world.promises()
        assert {trace_id: now[trace_id] for trace_id in known} == known, "a promise never changes"
    begun = world.true_now
    for hours in LAST_SCANS:
        world.happens(Happening((begun + timedelta(hours=hours) - world.true_now) // MINUTE, "sweep", 0))
    return world


@settings(max_examples=examples(30), deadline=None)
@given(ARRIVALS, HISTORIES)
def test_every_trace_has_one_answer_and_one_probability_whatever_happens(
    arrivals: list[Arrival], history: list[Happening]
) -> None:
    world = after(arrivals, history)
    promises, windows = world.promises(), world.windows()
    for root in world.store.roots:
        (window,) = [window for window in windows if window.start <= root.start < window.end]
        rate = window.rates["bot"]
        expected = selection.decide(root, world.deployment.use_cases[0], rate.rate, "assay", strata=rate.strata)
        promise = promises.get(root.trace_id)
        assert (promise is None) == (expected is None), "chosen by the window's own rates, or passed over by them"
        if promise is not None and expected is not None:
            assert (promise.pi, promise.stratum, promise.sample) == (expected.pi, expected.stratum, expected.sample)
            assert is_below(hash64(selection.selection_salt("assay"), root.trace_id), promise.pi)
    assert sum(window.seen.get("bot", 0) for window in windows) == len(arrivals), "counted once, and none forgotten"
    twice = [trace_id for trace_id, n in Counter(world.published.trace_ids).items() if n > 1]
    assert twice == []


def test_rate_of_a_stratum_stays_in_windows_that_were_scanned_before_an_edit() -> None:
    """The finding: errors that were passed over at 15 % were taken by the next scan at 100 %."""
    arrivals = [Arrival(-50, 1, 0)] * 400
    world = FaultyWorld(arrivals)
    world.deployment = policy(0.1)
    world.happens(Happening(0, "sweep", 0))
    world.happens(Happening(30, "sweep", 0))
    world.happens(Happening(0, "edit", RATES.index(1.0)))
    for _ in range(4):
        world.happens(Happening(180, "sweep", 0))
    weights = [1 / promise.pi for promise in world.promises().values()]
    assert {promise.pi for promise in world.promises().values()} == {0.1, 0.15000000000000002}
    assert 250 < sum(weights) < 550
