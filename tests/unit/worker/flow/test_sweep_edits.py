"""Over any history of sweeps and of edits of `assay.yaml`, each trace has one π, and each window's account adds up.

Edits rename and remove use cases, change what they match, their profile, rate, strata and budget, and the length of
windows. Between them nobody sweeps for six hours, two sweep at once, clocks differ by five minutes, the store is down,
and the state ends in the middle. The history begins on a common day, at the end of a month, or where clocks are put
back, on a machine whose time zone has summer time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import FEEDBACK_STRATUM
from assay.worker.flow import selection
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.reviews import HumanScore
from assay.worker.records.ledger import Promise, count_key
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.records.windows import WindowRecord
from tests.builders import NOW
from tests.examples import examples
from tests.unit.worker.flow.test_sweep_faults import ARRIVALS, MINUTE, OUTAGE, Arrival, FaultyWorld, Happening

BEGINS = (NOW, datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC))
"""An afternoon, the last evening of a month, and the evening before clocks are put back."""

FIVE_MINUTES = {"fast clock": 5 * MINUTE, "slow clock": -5 * MINUTE}
LAST_SCANS = (24, 27, 30, 34, 40, 50, 62, 63)
"""Hours after the history at which nothing fails: by then every trace has had its last scan."""


class Policy(NamedTuple):
    """What an edit of `assay.yaml` leaves in it."""

    rate: float
    name: str
    below_per_day: int
    has_stratum: bool
    has_front: bool
    takes_all: bool
    budget_usd: float | None
    window_seconds: int

    def deployment(self) -> Deployment:
        """The policy as a file says it."""
        profile: dict[str, JsonValue] = {"rate": self.rate, "allow_rate": True}
        if self.has_stratum:
            rate = min(1.0, 1.5 * self.rate)
            profile["strata"] = [{"name": "errors", "when": {"level": ["ERROR"]}, "rate": rate, "allow_rate": True}]
        if self.budget_usd:
            profile["budget_usd_per_month"] = 10 * self.budget_usd
            profile["budget_usd_per_day"] = self.budget_usd
        case = {"name": self.name, "profile": "usual", "feedback": {"scores": ["user-feedback"]}}
        case |= {} if self.takes_all else {"match": {"trace_name": ["b*"]}}
        front = {"name": "front", "match": {"trace_name": ["a*"]}, "rate": 0.5, "allow_rate": True}
        file = {
            "store": {"kind": "langfuse"},
            "profiles": {"usual": profile},
            "use_cases": [front, case] if self.has_front else [case],
            "defaults": {"min_per_day": 0, "low_traffic": {"below_per_day": self.below_per_day}},
            "window_seconds": self.window_seconds,
            "late_seconds": 1800,
            "lookback_hours": 2,
        }
        return Deployment.model_validate(file)


class Complaint(NamedTuple):
    """Of which trace, when, and how much later the store shows it, in minutes."""

    trace: int
    at: int
    lag: int


POLICIES = st.builds(
    Policy,
    rate=st.sampled_from([0.1, 0.3, 0.6, 1.0]),
    name=st.sampled_from(["bot", "bot", "helper"]),
    below_per_day=st.sampled_from([0, 0, 10, 1000]),
    has_stratum=st.booleans(),
    has_front=st.booleans(),
    takes_all=st.booleans(),
    budget_usd=st.sampled_from([None, None, 0.03, 5.0]),
    window_seconds=st.sampled_from([3600, 3600, 1800]),
)
EVENTS = st.sampled_from(
    ["sweep", "fast clock", "slow clock", "two at once", "store down", "state ends", "edit", "edit"]
)
HISTORIES = st.lists(
    st.builds(Happening, st.sampled_from([1, 30, 61, 180, OUTAGE]), EVENTS, st.integers(0, 5)), max_size=10
)
COMPLAINTS = st.lists(
    st.builds(Complaint, st.integers(0, 24), st.integers(0, 900), st.sampled_from([0, 5, 300, 1200])), max_size=6
)


class EditedWorld(FaultyWorld):
    """A world whose `assay.yaml` is edited, and whose users complain."""

    def __init__(
        self, begin: datetime, arrivals: Sequence[Arrival], policy: Policy, complaints: Sequence[Complaint]
    ) -> None:
        super().__init__(arrivals)
        self.begin, self.complaints = begin, complaints
        self.true_now = self.store.now = begin
        since = begin - NOW
        for number, root in enumerate(self.store.roots):
            end = root.end + since if root.end else None
            moved = {"name": "ab"[number % 3 % 2], "start": root.start + since, "end": end}
            self.store.roots[number] = root.model_copy(update=moved)
            self.store.arrived_at[root.trace_id] += since
        self.deployment = policy.deployment()

    def happens(self, happening: Happening) -> None:
        self.skew = FIVE_MINUTES.get(happening.event, timedelta())
        super().happens(happening._replace(event="sweep") if self.skew else happening)

    def sweeper(self, now: datetime) -> Sweeper:
        sweeper = super().sweeper(now + self.skew)
        windows, values = self.state.windows, self.state.key_values
        feedback = FeedbackSweep(self, self, windows, values, self.deployment)  # type: ignore[arg-type]
        return replace(sweeper, feedback=feedback)

    async def fetch_traces(self, keys: Iterable[TraceKey]) -> Mapping[str, Trace]:
        ids = {key.trace_id for key in keys}
        shown = (root for root in self.store.roots if self.store.arrived_at[root.trace_id] <= self.store.now)
        return {root.trace_id: Trace(root=root) for root in shown if root.trace_id in ids}

    async def feedback(self, name: str, start: datetime, end: datetime) -> AsyncIterator[Sequence[HumanScore]]:
        given = [(each, self.begin + each.at * MINUTE) for each in self.complaints]
        shown = [(each, at) for each, at in given if start <= at < end and at + each.lag * MINUTE <= self.store.now]
        yield [HumanScore(trace_id=f"trace-{each.trace}", name=name, value=0.0, at=at) for each, at in shown]

    def windows(self) -> Sequence[WindowRecord]:
        between = self.parts[1].between(self.begin - timedelta(days=3), self.begin + timedelta(days=7))
        return list(asyncio.run(between))


@pytest.fixture(autouse=True)
def summer_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@settings(max_examples=examples(25), deadline=None)
@given(st.sampled_from(BEGINS), ARRIVALS, HISTORIES, st.lists(POLICIES, min_size=6, max_size=6), COMPLAINTS)
def test_every_trace_has_one_probability_and_every_account_adds_up_whatever_is_edited(
    begin: datetime,
    arrivals: list[Arrival],
    history: list[Happening],
    policies: list[Policy],
    complaints: list[Complaint],
) -> None:
    world = EditedWorld(begin, arrivals, policies[0], complaints)
    world.happens(Happening(0, "sweep", 0))
    for happening in history:
        known = world.promises()
        world.happens(happening)
        if happening.event == "edit":
            world.deployment = policies[happening.number].deployment()
        now = world.promises()
        assert {trace_id: now[trace_id] for trace_id in known} == known, "a promise never changes"
    _look_to_the_end(world)
    promises, windows = world.promises(), world.windows()
    for promise in promises.values():
        taken = is_below(hash64(selection.selection_salt("assay"), promise.trace_id), promise.pi)
        assert taken or promise.stratum == FEEDBACK_STRATUM
    for root in world.store.roots:
        assert sum(window.start <= root.start < window.end for window in windows) == 1, "of one window"
    assert sum(window.total for window in windows) == len(arrivals), "counted once, and none forgotten"
    assert max(Counter(world.published.trace_ids).values(), default=1) == 1, "none is released twice"
    _assert_accounts_add_up(windows, promises)


def _look_to_the_end(world: EditedWorld) -> None:
    begun = world.true_now
    for hours in LAST_SCANS:
        world.happens(Happening((begun + timedelta(hours=hours) - world.true_now) // MINUTE, "sweep", 0))


def _assert_accounts_add_up(windows: Sequence[WindowRecord], promises: Mapping[str, Promise]) -> None:
    selected = Counter((each.window, each.use_case) for each in promises.values())
    for window in windows:
        names = {*window.seen, *(name for id_, name in selected if id_ == window.id)}
        passed_over = {name: window.not_selected.get(count_key(name, "grounding"), 0) for name in names}
        told = {name: (window.seen.get(name, 0), selected[window.id, name] + passed_over[name]) for name in names}
        assert all(seen == counted for seen, counted in told.values()), (window.id, told)
