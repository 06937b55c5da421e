"""Verify: what was written and never shown, and a store that answers some of the time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import pytest

from assay.worker.flow.verify import MAX_WRITES, READ_AT_ONCE
from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable
from assay.worker.records.ledger import LedgerState
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Trace
from tests.fakes import DOWN, FlakyStore
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


class TiringStore(FlakyStore):
    """Answers so many reads, then fails; a number below zero: never."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        super().__init__(traces)
        self.reads_left = -1
        self.error: Exception = StoreBusy("no room", retry_after_s=30.0)
        self.asked: list[int] = []

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        wanted = list(keys)
        if self.reads_left == 0:
            raise self.error
        self.reads_left -= 1
        self.asked.append(len(wanted))
        return await super().read_scores(wanted)


def posted(count: int) -> tuple[Line, TiringStore]:
    """So many traces whose scores were written and not yet read back."""
    many = traces(count)
    line = Line(many)
    line.store = store = TiringStore(many)
    line.assess()
    line.record()
    assert line.counts() == {(S.POSTED, ""): count}
    return line, store


def scored(line: Line) -> int:
    return line.counts().get((S.SCORED, "judged"), 0)


@pytest.mark.parametrize("error", [StoreBusy("no room", retry_after_s=30.0), DOWN], ids=["busy", "down"])
def test_what_was_read_before_a_read_failed_is_scored(error: Exception) -> None:
    line, store = posted(80)
    store.reads_left, store.error = 2, error
    try:
        line.verify()
    except StoreUnavailable:
        assert error is DOWN
    settled = scored(line)
    assert 0 < settled < 80
    store.reads_left = -1
    line.verify(after_s=6)
    assert line.counts() == {(S.SCORED, "judged"): 80}


@pytest.mark.parametrize("error", [StoreBusy("no room"), DOWN, RuntimeError("a bug")], ids=["busy", "down", "bug"])
def test_lock_is_given_back_however_verifying_ends(error: Exception) -> None:
    line, store = posted(1)
    store.reads_left, store.error = 0, error
    if isinstance(error, StoreBusy):
        line.verify()
    else:
        with pytest.raises(type(error)):
            line.verify()
    assert asyncio.run(line.state.locks.acquire("verify", owner="the next one", ttl_s=60))


def test_lock_of_another_verifier_is_left_alone() -> None:
    line, _ = posted(1)
    assert asyncio.run(line.state.locks.acquire("verify", owner="another", ttl_s=60))
    line.verify()
    assert scored(line) == 0
    assert asyncio.run(line.state.locks.acquire("verify", owner="another", ttl_s=60))


def test_each_read_asks_for_as_much_as_the_store_takes_at_once() -> None:
    line, store = posted(100)
    store.asked.clear()
    line.verify()
    assert scored(line) == 100
    assert max(store.asked) <= READ_AT_ONCE
    assert len(store.asked) <= -(-sum(store.asked) // 96)


def test_write_that_was_swallowed_is_written_again_and_scored() -> None:
    line = Line(traces(2))
    line.assess()
    line.store.swallow_writes = 1
    line.record()
    line.verify()
    assert line.counts() == {(S.POSTED, ""): 2}
    line.verify(after_s=61)
    assert line.counts() == {(S.JUDGED, "not_shown"): 2}
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2}
    assert line.store.writes == 2


def test_score_that_never_shows_is_parked_after_three_writes() -> None:
    line = Line(traces(1))
    line.store.swallow_writes = 99
    line.assess()
    for _ in range(MAX_WRITES):
        line.record()
        line.verify()
        line.verify(after_s=61)
    assert line.counts() == {(S.DEAD, "unverified"): 1}


def test_score_changed_in_the_store_is_not_taken_for_ours() -> None:
    line = Line(traces(1))
    line.assess()
    line.record()
    for key, score in line.store.scores.items():
        if score.name == "groundedness":
            line.store.scores[key] = score.model_copy(update={"value": 0.123})
    line.verify()
    assert line.counts() == {(S.POSTED, ""): 1}


def test_lag_is_from_the_traces_end_to_the_reading_back_of_its_scores() -> None:
    line, _ = posted(3)
    report = line.verify()
    assert report.scored == len(report.lags) == 3
    assert {use_case for use_case, _ in report.lags} == {"bot"}
    assert all(0 <= seconds < 86_400 for _, seconds in report.lags)
    assert "lags" not in report.model_dump(), "they are measured, not logged"
