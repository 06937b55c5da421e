"""The worst answers of a period, and the denominator beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ModelRefused
from assay.judges.schema import Sample, Verdict
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.reporting.flagged.query import Cut
from assay.worker.reporting.flagged.ranking import Ranker, Ranking, WrittenVerdicts
from assay.worker.state.memory.history import memory_history
from tests.builders import NOW
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.reporting.flagged.lines import RISK, judged, query, ranked, says, trace


def ids(line: Line, **asked: Any) -> list[str]:
    return [flagged.entry.trace_id for flagged in ranked(line, query(**asked)).worst]


def test_the_worst_come_first_and_what_is_good_not_at_all() -> None:
    line = judged([trace(f"t-{risk}") for risk in (10, 90, 49, 50, 70)])
    ranking = ranked(line)
    assert [flagged.value for flagged in ranking.worst] == [0.9, 0.7, 0.5]
    assert (ranking.counts.flagged, ranking.counts.judged, ranking.counts.with_score) == (3, 5, 5)
    assert ranking.counts.unwritten == 0


@given(st.lists(st.integers(0, 99), min_size=1, max_size=30, unique=True), st.integers(1, 5))
def test_a_short_list_holds_the_worst_of_all(risks: list[int], limit: int) -> None:
    line = judged([trace(f"t-{risk}") for risk in risks], written=False)
    ranking = ranked(line, query(limit=limit))
    expected = sorted((risk / 100 for risk in risks if risk >= 50), reverse=True)
    assert [flagged.value for flagged in ranking.worst] == expected[:limit]
    assert ranking.counts.flagged == len(expected)
    assert ranking.counts.unwritten == len(expected)


def test_equally_bad_ones_come_newest_first() -> None:
    hours = {"a-80": 5, "b-80": 3, "c-80": 4}
    line = judged([trace(name, start=NOW - timedelta(hours=ago)) for name, ago in hours.items()])
    assert ids(line) == ["b-80", "c-80", "a-80"]
    assert ids(line, limit=1) == ["b-80"]


def test_a_period_takes_its_first_moment_and_not_its_last() -> None:
    start = NOW - timedelta(hours=6)
    line = judged([trace(f"t-9{n}", start=start + timedelta(hours=n)) for n in range(4)])
    assert ids(line, start=start + timedelta(hours=1), end=start + timedelta(hours=3)) == ["t-92", "t-91"]


def test_other_use_cases_and_rubrics_are_left_out() -> None:
    line = judged([trace("t-90")])
    assert ids(line, use_cases=("bot",)) == ["t-90"]
    assert ids(line, use_cases=("other",)) == []
    assert ids(line, cuts=[Cut(rubric="other", score="hallucination_risk", side="above", at=0.5)]) == []


def test_a_score_that_is_better_when_high_is_flagged_when_low() -> None:
    line = judged([trace("t-90"), trace("t-10")])
    low = Cut(rubric="grounding", score="groundedness", side="below", at=0.6)
    assert {flagged.value for flagged in ranked(line, query([low])).worst} == {0.5}


def test_an_answer_is_listed_once_by_its_worst_score() -> None:
    line = judged([trace("t-90")])
    low = Cut(rubric="grounding", score="groundedness", side="below", at=0.6)
    (flagged,) = ranked(line, query([low, RISK])).worst
    assert (flagged.cut.score, flagged.value) == ("hallucination_risk", 0.9)


def test_what_was_not_judged_is_counted_as_that() -> None:
    def plan(sample: Sample) -> Verdict | Exception:
        return ModelRefused("no") if sample.id == "refused-1" else says(sample)

    line = judged([trace("t-90"), trace("refused-1"), trace("empty-1", "")], plan)
    asyncio.run(
        line.state.ledger.promise([line.promises[0].model_copy(update={"trace_id": "open-1"})], now=NOW, due=NOW)
    )
    counts = ranked(line).counts
    assert (counts.judged, counts.unanswered, counts.in_flight) == (1, 2, 1)


def test_boosted_answers_are_said_to_be_in_it() -> None:
    line = Line([trace("t-90"), trace("t-91")], says)
    entries = line.state.ledger._entries  # type: ignore[attr-defined]
    member = ("grounding", "t-90")
    promise = entries[member].promise.model_copy(update={"sample": "boost", "stratum": "errors"})
    entries[member] = entries[member].model_copy(update={"promise": promise})
    line.assess()
    assert ranked(line).counts.boosted == 1


def earlier_ledger(*names: str) -> Line:
    """Answers whose scores an earlier ledger wrote: this one only knows that they are there."""
    line = judged([trace(name) for name in names])
    fresh = Line([trace(name) for name in names], says)
    fresh.store.scores = line.store.scores
    known = [
        Transition(trace_id=name, expected=(LedgerState.OPEN,), state=LedgerState.SCORED, reason="in_store")
        for name in names
    ]
    asyncio.run(fresh.state.ledger.apply("grounding", known, now=NOW))
    return fresh


def test_answers_of_an_earlier_ledger_are_read_from_the_store() -> None:
    ranking = ranked(earlier_ledger("t-90", "t-10", "t-60"))
    assert [flagged.value for flagged in ranking.worst] == [0.9, 0.6]
    assert [flagged.stored is not None for flagged in ranking.worst] == [True, True]
    assert (ranking.counts.judged, ranking.counts.stored, ranking.counts.unread) == (3, 3, 0)


def test_more_of_them_than_one_request_holds_are_read_in_several() -> None:
    ranking = ranked(earlier_ledger(*(f"n{n}-{n % 100}" for n in range(250))))
    assert (ranking.counts.judged, ranking.counts.stored) == (250, 250)
    assert ranking.counts.flagged == 100


def test_a_store_that_is_down_leaves_them_unread_and_says_so() -> None:
    line = earlier_ledger("t-90", "t-10")
    line.store.failing = StoreUnavailable("the store is down")
    ranking = ranked(line)
    assert ranking.problem == "the store is down"
    assert (ranking.counts.unread, ranking.counts.judged, len(ranking.worst)) == (2, 0, 0)


class Forgetful:
    """A ledger after two weeks: the counts are there, one entry is gone."""

    def __init__(self, ledger: LedgerReader, gone: str) -> None:
        self.ledger, self.gone = ledger, gone
        self.counts = ledger.counts

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        async for entry in self.ledger.scan(first, last):
            if entry.trace_id != self.gone:
                yield entry


def test_what_the_ledger_has_forgotten_is_counted() -> None:
    line = judged([trace("t-90"), trace("t-91"), trace("t-10")])
    reader: Any = Forgetful(line.state.ledger_reader, "t-91")
    line.state = replace(line.state, ledger_reader=reader)
    counts = ranked(line).counts
    assert (counts.forgotten, counts.judged, counts.flagged) == (1, 2, 1)


def test_answers_of_a_ledger_that_was_lost_are_counted_by_the_record() -> None:
    old, new = judged([trace("t-90"), trace("t-10")]), judged([])
    history = memory_history()

    async def rank() -> Ranking:
        entries = await old.state.ledger.entries("grounding", ["t-90", "t-10"])
        await history.writer.write([row_of(entry, Origin("sqlite", "p")) for entry in entries.values()])
        state = new.state
        verdicts = WrittenVerdicts(state.ledger_reader, new.store, new.store, state.windows, history.reader)
        return await Ranker(query(), verdicts).rank()

    counts = asyncio.run(rank()).counts
    assert (counts.forgotten, counts.judged) == (2, 0)


@pytest.mark.parametrize("limit", [1, 3])
def test_memory_holds_no_more_than_the_list(limit: int) -> None:
    line = judged([trace(f"n{n}-{50 + n % 50}") for n in range(60)], written=False)
    assert len(ranked(line, query(limit=limit)).worst) == limit
