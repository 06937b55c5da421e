"""What users complained about is judged too, once, beside the sample and in no rate."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Feedback
from assay.worker.flow import opinions
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.reviews import HumanScore
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import Trace, TraceKey
from tests.builders import NOW
from tests.unit.worker.flow.test_sweep import World, roots

HOUR = timedelta(hours=1)


class Opinions:
    """What users said, and the traces it was about."""

    def __init__(self, world: World, scores: Sequence[HumanScore]) -> None:
        self.world = world
        self.scores = list(scores)
        self.is_down = False
        self.fails_each: int | None = None
        self.asked = self.fetched = 0

    async def feedback(self, name: str, start: datetime, end: datetime) -> AsyncIterator[Sequence[HumanScore]]:
        self.asked += 1
        yield [score for score in self.scores if score.name == name and start <= score.at < end]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        self.fetched += 1
        if self.is_down or (self.fails_each and self.fetched % self.fails_each == 0):
            raise StoreUnavailable("down")
        ids = {key.trace_id for key in keys}
        return {root.trace_id: Trace(root=root) for root in self.world.store.roots if root.trace_id in ids}


class FeedbackWorld(World):
    """A hundred traces at a rate of 30 %, and users who say something about some of them."""

    def __init__(self, scores: Sequence[HumanScore], **feedback: object) -> None:
        rule = {"scores": ["user-feedback"], **feedback}
        case = {"name": "bot", "rate": 0.3, "feedback": rule}
        defaults = {"min_per_day": 0, "low_traffic": {"below_per_day": 0}}
        top = {"store": {"kind": "langfuse"}, "lookback_hours": 3}
        deployment = Deployment.model_validate({**top, "use_cases": [case], "defaults": defaults})
        super().__init__(*roots(100), deployment=deployment)
        self.opinions = Opinions(self, scores)
        self.windows: object = None

    def sweeper(self, now: datetime) -> Sweeper:
        state = self.state
        windows = self.windows or state.windows
        sweep = FeedbackSweep(self.opinions, self.opinions, windows, state.key_values, self.deployment)  # type: ignore[arg-type]
        return replace(super().sweeper(now), feedback=sweep)

    def entries(self) -> Mapping[str, LedgerEntry]:
        ids = [root.trace_id for root in self.store.roots]
        return asyncio.run(self.state.ledger.entries("grounding", ids))

    def strata(self) -> Counter[tuple[str, str]]:
        return Counter((e.promise.stratum, e.promise.sample) for e in self.entries().values())


def said(
    number: int | str, value: float | str = 0.0, *, at: datetime = NOW - HOUR, name: str = "user-feedback"
) -> HumanScore:
    return HumanScore(trace_id=f"trace-{number}", name=name, value=value, at=at)


def test_complaints_about_what_was_passed_over_are_added_once_and_the_sample_stays_as_it_was() -> None:
    world = FeedbackWorld([said(n) for n in range(100)], most_per_day=50)
    sample = FeedbackWorld([])
    sample.sweep(NOW)
    base = set(sample.entries())
    reports = [world.sweep(NOW + n * HOUR) for n in range(4)]
    assert sum(report.feedback for report in reports) == 50
    assert world.strata() == {("standard", "base"): len(base), ("feedback", "boost"): 50}
    assert {e.trace_id for e in world.entries().values() if e.promise.sample == "base"} == base
    assert max(Counter(world.published.trace_ids).values()) == 1
    (row,) = world.funnel().rows
    assert (row.seen, row.selected, row.not_selected) == (100, len(base) + 50, 50 - len(base))


@pytest.mark.parametrize(
    ("rule", "value", "is_one"),
    [
        ({}, 0.0, True),
        ({}, False, True),
        ({}, 1.0, False),
        ({}, "thumb", False),
        ({"below": 3}, 2.0, True),
        ({"values": ["Down", "bad"]}, "down", True),
        ({"values": ["down"]}, 0.0, False),
    ],
)
def test_what_counts_as_a_complaint(rule: dict[str, object], value: bool | float | str, is_one: bool) -> None:
    feedback = Feedback.model_validate({"scores": ["user-feedback"], **rule})
    assert feedback.is_complaint("user-feedback", value) is is_one
    assert not feedback.is_complaint("another", value)


def test_what_users_liked_and_what_no_sweep_has_seen_adds_nothing() -> None:
    world = FeedbackWorld([said(n, 1.0) for n in range(50)])
    world.opinions.scores += [said(7, name="other"), said("unknown")]
    for n in range(3):
        world.sweep(NOW + n * HOUR)
    assert world.strata().keys() == {("standard", "base")}


def test_early_complaint_waits_until_its_window_was_looked_through() -> None:
    """Else the trace would be in the ledger before the hash could choose it, and the sample would lack it."""
    early = [said(n, at=NOW - timedelta(minutes=2)) for n in range(100)]
    world = FeedbackWorld(early)
    assert world.sweep(NOW).feedback == 0
    assert world.strata().keys() == {("standard", "base")}
    assert world.sweep(NOW + HOUR).feedback > 0


def test_store_that_is_down_loses_no_complaint_and_stops_no_sweep() -> None:
    world = FeedbackWorld([said(n) for n in range(30)])
    world.opinions.is_down = True
    assert world.sweep(NOW).windows > 0
    world.opinions.is_down = False
    assert world.sweep(NOW + timedelta(minutes=1)).feedback > 0
    assert world.opinions.asked == 2
    world.sweep(NOW + timedelta(minutes=2))
    assert world.opinions.asked == 2, "feedback is read every five minutes at most"


def test_no_more_than_the_days_traces_are_added_however_often_a_sweep_fails_half_way() -> None:
    world = FeedbackWorld([said(n) for n in range(100)], most_per_day=10)
    world.opinions.fails_each = 2
    for n in range(8):
        world.sweep(NOW + n * timedelta(minutes=6))
    assert world.strata()["feedback", "boost"] == 10


def test_what_was_counted_before_a_crash_is_added_after_it() -> None:
    """The day's account is kept before traces are promised. Who dies in between loses none of them."""
    world = FeedbackWorld([said(n) for n in range(100)], most_per_day=10)

    class Dies:
        is_dead = True

        async def at(self, start: datetime) -> object:
            if self.is_dead:
                raise StoreUnavailable("killed")
            return await world.state.windows.at(start)

        def __getattr__(self, name: str) -> object:
            return getattr(world.state.windows, name)

    windows = Dies()
    world.windows = windows
    for n in range(3):
        world.sweep(NOW + n * timedelta(minutes=1))
        assert world.strata()["feedback", "boost"] == 0
    windows.is_dead = False
    world.sweep(NOW + timedelta(minutes=4))
    assert world.strata()["feedback", "boost"] == 10


@pytest.mark.parametrize(
    ("rule", "score"),
    [
        pytest.param({"scores": ["stars"], "below": 3}, said(0, 1.0, name="stars"), id="another score"),
        pytest.param({"scores": ["user-feedback"], "below": -1}, said(0, -2.0), id="a stricter bar"),
    ],
)
def test_complaint_by_the_rule_of_another_use_case_hides_none_by_the_traces_own(
    rule: dict[str, object], score: HumanScore
) -> None:
    own = [said(n, score.value, name=score.name, at=score.at + timedelta(minutes=1)) for n in range(100)]
    added = []
    for scores in (own, [*(said(n) for n in range(100)), *own]):
        world = FeedbackWorld(scores)
        other = {
            "name": "other",
            "match": {"trace_name": ["none is called so"]},
            "feedback": {"scores": [said(0).name]},
        }
        bot = {"name": "bot", "rate": 0.3, "feedback": rule}
        keys = world.deployment.model_dump(mode="json", include={"store", "lookback_hours"})
        defaults = {"min_per_day": 0, "low_traffic": {"below_per_day": 0}}
        world.deployment = Deployment.model_validate({**keys, "defaults": defaults, "use_cases": [other, bot]})
        for n in range(3):
            world.sweep(NOW + n * HOUR)
        added.append(world.strata()["feedback", "boost"])
    assert added[0] == added[1] > 50


def test_more_complaints_than_one_sweep_takes_are_left_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "MOST_AT_ONCE", 30)
    world = FeedbackWorld([said(n, at=NOW - HOUR - timedelta(minutes=n)) for n in range(100)])
    for n in range(8):
        world.sweep(NOW + n * timedelta(minutes=6))
    assert world.strata()["feedback", "boost"] == 100 - world.strata()["standard", "base"]


def test_what_the_next_scan_of_a_window_passes_over_leaves_out_what_feedback_added() -> None:
    world = FeedbackWorld([said(n) for n in range(40)])
    for hours in (0, 1, 5, 25, 27):
        world.sweep(NOW + hours * HOUR)
    (row,) = world.funnel().rows
    assert row.seen == 100
    assert world.funnel().adds_up


def test_stratum_of_a_team_may_not_be_called_feedback() -> None:
    stratum = {"name": "feedback", "when": {"level": ["ERROR"]}, "rate": 0.3}
    with pytest.raises(ValueError, match="choose another name"):
        Deployment.model_validate({"use_cases": [{"name": "bot", "strata": [stratum]}]})


def test_store_without_opinions_is_refused() -> None:
    case = {"name": "bot", "feedback": {"scores": ["x"]}}
    with pytest.raises(ValueError, match=r"feedback: only store\.kind langfuse has what users say"):
        Deployment.model_validate({"use_cases": [case]})


def test_what_the_store_shows_hours_late_is_added_a_day_later_and_nothing_of_it_twice() -> None:
    """A phone was offline: its score has the time when the thumb went down, and is shown five hours later."""
    world = FeedbackWorld([said(n) for n in range(50)])
    late = [said(n) for n in range(50, 100)]
    for n in range(60):
        if n == 5:
            world.opinions.scores += late
        world.sweep(NOW + n * HOUR)
    plain = FeedbackWorld([said(n) for n in range(100)])
    for n in range(3):
        plain.sweep(NOW + n * HOUR)
    assert world.strata() == plain.strata()
    assert set(world.entries()) == set(plain.entries())
    assert max(Counter(world.published.trace_ids).values()) == 1


def test_second_look_leaves_out_what_the_first_had_no_room_for() -> None:
    world = FeedbackWorld([said(n) for n in range(100)], most_per_day=10)
    for n in range(60):
        world.sweep(NOW + n * HOUR)
        if n == 3:
            fetched = world.opinions.fetched
    assert world.strata()["feedback", "boost"] == 10
    assert world.opinions.fetched == fetched, "no trace is fetched a second time"


def test_a_store_that_is_down_at_the_second_look_only_puts_it_off() -> None:
    world = FeedbackWorld([])
    for n in range(40):
        if n == 5:
            world.opinions.scores += [said(n) for n in range(100)]
        world.opinions.is_down = 20 < n < 30
        world.sweep(NOW + n * HOUR)
    assert world.strata()["feedback", "boost"] > 50
