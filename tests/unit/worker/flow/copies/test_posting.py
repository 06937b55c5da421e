"""What a place does not take neither holds nor loses what it takes, and is not sent again where it was taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assay.worker.flow.copies.writing import CopyReport
from assay.worker.ports.store_errors import (
    StoreBusy,
    StorePartlyRejected,
    StoreRejected,
    StoreUnavailable,
)
from assay.worker.records.scores import Score
from tests.fakes import FlakyStore
from tests.unit.worker.flow.copies.test_writing import Copied

DOWN = StoreUnavailable("500: no message")
BAD = StoreRejected("400: no message")


class Counting(FlakyStore):
    """Counts requests, and what it was sent of each trace."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.sent: dict[str, int] = {}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        self.requests += 1
        await super().write_scores(scores)
        for trace_id in {score.trace_id for score in scores}:
            self.sent[trace_id] = self.sent.get(trace_id, 0) + 1


def judged(n: int, *, reads_back: bool = True) -> tuple[Copied, Counting]:
    line, place = Copied(n, reads_back=reads_back).judged(), Counting()
    line.place = place
    return line, place


def test_copy_that_a_place_fails_at_delays_no_other_and_ends_alone() -> None:
    line, place = judged(60)
    place.refuse = {"t0": DOWN}
    report = line.tick()
    assert (report.copied, report.delayed) == (59, 1)
    assert line.tick(2) == CopyReport(shown=59)
    place.requests = 0
    line.tick(10)
    assert place.requests == 1, "it is tried alone"
    for _ in range(200):
        line.tick(600)
    assert line.ended() == {("verified", ""): 59, ("given_up", "too_old"): 1}
    assert set(place.sent.values()) == {1}


@pytest.mark.parametrize("error", [DOWN, BAD])
def test_batch_that_is_not_taken_at_all_holds_no_other_batch(error: Exception) -> None:
    line, place = judged(110)
    first = line.ids_due(50)
    place.refuse = dict.fromkeys(first, error)
    assert line.tick().copied == 60
    for _ in range(40):
        line.tick(15)
    assert line.ended()["verified", ""] == 60
    assert sum(line.waiting()) + line.ended().get(("given_up", "rejected"), 0) == 50


def test_place_that_is_down_is_asked_little_and_charges_no_copy() -> None:
    line, place = judged(110)
    place.refuse = {f"t{i}": DOWN for i in range(110)}
    assert line.tick().delayed == 110
    assert place.requests <= 14
    assert line.tick(5) == CopyReport()
    place.refuse = {}
    assert line.tick(6).copied == 110
    assert place.sent == {f"t{i}": 1 for i in range(110)}


def test_place_that_refuses_every_copy_for_a_while_loses_none() -> None:
    line, place = judged(60)
    place.refuse = {f"t{i}": BAD for i in range(60)}
    for _ in range(20):
        line.tick(5)
    assert line.ended() == {}
    place.refuse = {}
    for _ in range(20):
        line.tick(60)
    assert line.ended() == {("verified", ""): 60}


def test_lone_copy_that_is_refused_holds_no_later_one_and_is_given_up_within_hours() -> None:
    line, place = judged(1)
    place.refuse = {"t0": BAD}
    assert line.tick() == CopyReport(delayed=1)
    assert line.tick(9) == CopyReport()
    for _ in range(12):
        line.tick(600)
    assert line.ended() == {("given_up", "rejected"): 1}


def test_what_was_taken_in_part_is_not_sent_again() -> None:
    class Partial(Counting):
        async def write_scores(self, scores: Sequence[Score]) -> None:
            await super().write_scores(scores)
            raise StorePartlyRejected("refused 2 of 9")

    line, _ = judged(9, reads_back=False)
    place = line.place = Partial()
    assert line.tick() == CopyReport(copied=9, unverified=9)
    for _ in range(9):
        line.tick(600)
    assert place.requests == 1
    assert line.ended() == {("unverified", "partly_rejected"): 9}


def test_what_was_taken_before_a_limit_of_our_own_is_not_sent_again() -> None:
    class Limited(Counting):
        async def write_scores(self, scores: Sequence[Score]) -> None:
            if self.requests == 2:
                self.requests += 1
                raise StoreBusy("no room", retry_after_s=3)
            await super().write_scores(scores)

    line, _ = judged(4)
    place = line.place = Limited()
    place.refuse = {"t0": DOWN}
    assert line.tick().copied + line.tick(4).copied == 3
    assert set(place.sent.values()) == {1}


def test_copy_that_was_taken_and_never_read_is_not_told_as_given_up() -> None:
    line, place = judged(2)
    line.tick()
    place.failing = DOWN
    line.tick(5)
    line.tick(25 * 3600)
    assert line.ended() == {("unverified", "too_old"): 2}
