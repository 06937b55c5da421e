"""Scores on sessions: the worst turn and the share of flagged ones, in step with the turns, whatever their order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.flow.sessions import MOST_TURNS, SessionScorer
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState
from assay.worker.records.scores import SessionScore
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.locks import MemoryLocks
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import promise_of


class Sink:
    """Remembers what was written, as a store does that keeps the later of two dates."""

    def __init__(self) -> None:
        self.scores: dict[str, SessionScore] = {}
        self.failing: Exception | None = None

    async def write_session_scores(self, scores: Sequence[SessionScore]) -> None:
        if self.failing is not None:
            raise self.failing
        for score in scores:
            known = self.scores.get(score.id)
            if known is None or score.timestamp >= known.timestamp:
                self.scores[score.id] = score

    @property
    def values(self) -> dict[str, float]:
        return {score.name: score.value for score in self.scores.values()}


class World:
    """A session scorer over a memory of its own."""

    def __init__(self) -> None:
        self.sink = Sink()
        self.locks = MemoryLocks()
        self.scorer = SessionScorer(sink=self.sink, key_values=MemoryKeyValues(), locks=self.locks)

    def update(self, *entries: LedgerEntry) -> None:
        asyncio.run(self.scorer.update(entries, "project"))


def turn(trace_id: str, risk: float | None, *, session: str | None = "s1", **over: Any) -> LedgerEntry:
    level = {} if risk is None else {"hallucination_risk_level": "high" if risk >= 0.5 else "low"}
    values = {**level, **({} if risk is None else {"hallucination_risk": risk})}
    judgement = Judgement(
        verdict_key="k", revision="r", judge="t", state="judged", values=values, session_id=session, prefix="a_"
    )
    promise = promise_of(make_trace(trace_id)).model_copy(update=over)
    return LedgerEntry(promise=promise, state=LedgerState.JUDGED, since=NOW, changed_at=NOW, judgement=judgement)


def test_each_turn_brings_the_session_up_to_date_under_the_same_ids() -> None:
    world = World()
    world.update(turn("t1", 0.1))
    assert world.sink.values == {"a_session_worst_risk": 0.1, "a_session_flagged_share": 0.0}
    ids = set(world.sink.scores)
    world.update(turn("t2", 0.9))
    world.update(turn("t3", 0.3), turn("t4", 0.6))
    assert world.sink.values == {"a_session_worst_risk": 0.9, "a_session_flagged_share": 0.5}
    assert set(world.sink.scores) == ids
    told = {score.name: score.comment for score in world.sink.scores.values()}
    assert told == {
        "a_session_worst_risk": "The worst of 4 judged turns is trace t2.",
        "a_session_flagged_share": "2 of 4 judged turns are flagged.",
    }


def test_a_turn_that_is_recorded_again_counts_once() -> None:
    world = World()
    for _ in range(3):
        world.update(turn("t1", 0.9), turn("t2", 0.1))
    assert world.sink.values["a_session_flagged_share"] == 0.5


def test_a_turn_that_is_judged_again_replaces_what_it_was() -> None:
    world = World()
    world.update(turn("t1", 0.9), turn("t2", 0.1))
    world.update(turn("t1", 0.2))
    assert world.sink.values == {"a_session_worst_risk": 0.2, "a_session_flagged_share": 0.0}
    world.update(turn("t1", None))
    assert world.sink.values == {"a_session_worst_risk": 0.1, "a_session_flagged_share": 0.0}


def test_sessions_rubrics_and_versions_are_kept_apart() -> None:
    world = World()
    world.update(turn("t1", 0.9), turn("t2", 0.1, session="s2"), turn("t3", 0.2, rubric_hash="x" * 64))
    assert len(world.sink.scores) == 6
    world.update(turn("t4", 0.4, session=None))
    assert len(world.sink.scores) == 6


def test_turns_without_a_risk_make_no_score() -> None:
    world = World()
    world.update(turn("t1", None))
    assert world.sink.scores == {}


def test_later_writes_have_later_dates_within_the_day_whatever_order_the_turns_come_in() -> None:
    world = World()
    late = datetime(2026, 11, 21, 23, 59, 59, 900_000, tzinfo=UTC)
    dates = []
    for number, start in enumerate((late, late - timedelta(hours=3), late - timedelta(hours=1))):
        world.update(turn(f"t{number}", 0.1 * number, start=start))
        dates.append(max(score.timestamp for score in world.sink.scores.values()))
    assert dates == sorted(set(dates))
    assert {date.date() for date in dates} == {late.date()}
    assert world.sink.values["a_session_worst_risk"] == 0.2


def test_a_session_without_end_stays_bounded() -> None:
    world = World()
    world.update(*(turn(f"t{n}", 0.1) for n in range(MOST_TURNS)))
    world.update(turn("one-more", 0.9))
    assert world.sink.values["a_session_worst_risk"] == 0.1


def test_a_store_that_is_down_is_told_and_nothing_is_lost() -> None:
    world = World()
    world.sink.failing = StoreUnavailable("down")
    try:
        world.update(turn("t1", 0.9))
    except StoreUnavailable:
        pass
    else:
        raise AssertionError("the caller must know, so that it tries again")
    world.sink.failing = None
    world.update(turn("t1", 0.9))
    assert world.sink.values["a_session_worst_risk"] == 0.9


def test_a_refused_session_score_costs_no_turn_its_own() -> None:
    world = World()
    world.sink.failing = StoreRejected("no")
    world.update(turn("t1", 0.9))


def test_a_session_that_others_hold_is_left_to_its_next_turn(monkeypatch: Any) -> None:
    monkeypatch.setattr("assay.worker.flow.sessions.TRIES", 1)
    monkeypatch.setattr("assay.worker.flow.sessions.BETWEEN_TRIES_S", 0.0)
    world = World()
    world.update(turn("t1", 0.1))

    async def held(name: str, *, owner: str, ttl_s: float) -> bool:
        return False

    free = world.locks.acquire
    world.locks.acquire = held  # type: ignore[method-assign]
    world.update(turn("t2", 0.9))
    assert world.sink.values["a_session_worst_risk"] == 0.1
    world.locks.acquire = free  # type: ignore[method-assign]
    world.update(turn("t2", 0.9))
    assert world.sink.values["a_session_worst_risk"] == 0.9
