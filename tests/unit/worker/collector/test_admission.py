"""Rates by a clock of the test's own."""

from __future__ import annotations

import pytest

from assay.worker.collector.admission import BURST_S, Bucket, Door
from assay.worker.collector.counts import Counts
from assay.worker.collector.refusals import Refusal
from assay.worker.config.collecting import MEGABYTE, Collecting


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_bucket_gives_a_burst_and_then_its_rate() -> None:
    hand = Hand()
    bucket = Bucket(2, now=hand)
    for _ in range(int(2 * BURST_S)):
        assert bucket.wait_s() == 0
        bucket.take(1)
    assert bucket.wait_s() == pytest.approx(0.5)
    hand.at += 0.5
    assert bucket.wait_s() == 0
    hand.at += 1000
    bucket.wait_s()
    bucket.take(2 * BURST_S)
    assert bucket.wait_s() == pytest.approx(0.5), "quiet is saved up for a burst, not for more"


def test_what_came_beyond_the_rate_is_paid_for_by_the_next() -> None:
    hand = Hand()
    counts = Counts()
    door = Door(Collecting(mb_per_second=1, body_mb=20), counts, now=hand)
    with door.inside() as held:
        held.take(20 * MEGABYTE)
    assert (counts.held_bytes, counts.open_requests, counts.bytes) == (0, 0, 20 * MEGABYTE)
    with pytest.raises(Refusal, match="rate") as refused, door.inside():
        pass
    assert refused.value.retry_after_s == 16
    hand.at += 16
    with door.inside():
        pass


def test_bytes_are_let_go_also_where_a_request_fails() -> None:
    counts = Counts()
    door = Door(Collecting(), counts)

    def beyond() -> None:
        with door.inside() as held:
            held.take(Collecting().held_bytes)
            held.take(1)

    with pytest.raises(Refusal, match="too many bytes"):
        beyond()
    assert (counts.held_bytes, counts.open_requests) == (0, 0)
