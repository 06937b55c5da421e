"""What people were asked and said reaches the record, whatever is away, and no word that they wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.flow import review_record
from assay.worker.flow.review_record import READ_EVERY, AskedReviews, ReviewLabels
from assay.worker.flow.reviews import WITHOUT_RECORD, Reviewer, ReviewReport
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.review_record import AskedReview, ReviewLabel
from assay.worker.ports.reviews import HumanScore, ReviewDesign, Reviewed, ReviewQueue, ReviewRequest
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.history import HistoryQuery
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.review_list import MemoryReviewList
from assay.worker.state.memory.review_record import MemoryReviewRecord
from tests.builders import NOW
from tests.contract.history.making import EVER

DESIGN = ReviewDesign(review_pi=0.25, pi=0.1, risk=0.3, revision="r", started_at=NOW)
MINUTE = timedelta(minutes=1)


class Record(MemoryReviewRecord):
    """A record that may be away."""

    is_away = False

    async def note_asked(self, reviews: Sequence[AskedReview]) -> None:
        if self.is_away:
            raise HistoryUnavailable("away")
        await super().note_asked(reviews)

    async def note_labels(self, labels: Sequence[ReviewLabel]) -> None:
        if self.is_away:
            raise HistoryUnavailable("away")
        await super().note_labels(labels)

    async def labels(self) -> dict[str, int | None]:
        every = EVER.model_copy(update={"until": NOW + timedelta(days=9_000)})
        return {each.trace_id: each.label for each in await self.asked(HistoryQuery.model_validate(every))}


class Queues:
    """One queue in memory."""

    def __init__(self) -> None:
        self.added: list[str] = []
        self.done: list[Reviewed] = []
        self.pages = 0
        self.is_away = False

    async def find(self, name: str) -> ReviewQueue:
        if self.is_away:
            raise StoreUnavailable("away")
        return ReviewQueue(id="q", name=name, scores={"hallucination": "BOOLEAN"})

    async def add(self, queue: ReviewQueue, request: ReviewRequest, *, again: bool) -> bool:
        if again and request.trace_id in self.added:
            return False
        self.added.append(request.trace_id)
        return True

    async def completed(self, queue: ReviewQueue) -> AsyncIterator[Sequence[Reviewed]]:
        for at in range(0, len(self.done), 100):
            self.pages += 1
            yield self.done[at : at + 100]

    async def feedback(self, *_: object) -> AsyncIterator[Sequence[HumanScore]]:
        pages: Sequence[Sequence[HumanScore]] = ()
        for page in pages:
            yield page


def request(trace_id: str = "t1", **over: Any) -> ReviewRequest:
    fields = {"queue": "legal", "trace_id": trace_id, "use_case": "bot", "rubric": "grounding", "values": {}}
    return ReviewRequest.model_validate({**fields, "asked_at": NOW, "design": DESIGN, **over})


def said(trace_id: str, *values: bool, by: Sequence[str] = ("ada", "bob"), at: int = 0) -> Reviewed:
    scores = [
        HumanScore(trace_id=trace_id, name="hallucination", value=value, by=name, at=NOW + (at + k) * MINUTE)
        for k, (name, value) in enumerate(zip(by, values, strict=False))
    ]
    return Reviewed(kind="trace", id=trace_id, scores=tuple(scores))


async def place_of(_trace_id: str) -> tuple[str, str]:
    return "langfuse", "p"


async def noted(record: Record, *trace_ids: str) -> None:
    keeper = AskedReviews(record, place_of)
    for trace_id in trace_ids:
        assert await keeper.note(request(trace_id))


def test_an_item_is_in_its_queue_and_in_the_record_once_though_the_record_was_away() -> None:
    async def check() -> None:
        record, queues, waiting, clock = Record(), Queues(), MemoryReviewList(), FixedClock(NOW)
        reviewer = Reviewer(queues, waiting, clock, asked=AskedReviews(record, place_of))
        await waiting.ask([request(), request("flagged", design=None)])
        record.is_away = True
        assert await reviewer.review() == ReviewReport(queued=1, put_off=1)
        assert sorted(queues.added) == ["flagged", "t1"]
        clock.moment += WITHOUT_RECORD
        assert await reviewer.review() == ReviewReport(put_off=1)
        record.is_away = False
        clock.moment += WITHOUT_RECORD
        assert await reviewer.review() == ReviewReport(queued=1)
        assert sorted(queues.added) == ["flagged", "t1"]
        (kept,) = await record.asked(EVER)
        assert (kept.trace_id, kept.design, kept.store, kept.project) == ("t1", DESIGN, "langfuse", "p")

    asyncio.run(check())


def test_the_last_word_of_people_is_kept_and_disagreement_is_none() -> None:
    async def check() -> None:
        record, queues, kept = Record(), Queues(), MemoryKeyValues()
        reader = ReviewLabels(queues, record, kept)
        await noted(record, "bad", "good", "split", "silent", "changed")
        queues.done = [said("bad", True), said("good", False), said("split", True, False), said("never-asked", True)]
        queues.done += [Reviewed(kind="trace", id="silent"), said("changed", True), Reviewed(kind="session", id="s")]
        assert await reader.read(["legal"], NOW) == 7
        assert await record.labels() == {"bad": 1, "good": 0, "split": None, "silent": None, "changed": 1}
        queues.done = [said("changed", False, at=9), said("bad", True, False)]
        assert await reader.read(["legal"], NOW + READ_EVERY / 2) == 0
        assert await reader.read(["legal"], NOW + READ_EVERY) == 2
        assert (await record.labels())["changed"] == 0
        assert (await record.labels())["bad"] is None

    asyncio.run(check())


@pytest.mark.parametrize("what", ["record", "queues"])
def test_what_was_away_is_read_ten_minutes_later(what: str) -> None:
    async def check() -> None:
        record, queues = Record(), Queues()
        reader = ReviewLabels(queues, record, MemoryKeyValues())
        await noted(record, "bad")
        queues.done = [said("bad", True)]
        away = record if what == "record" else queues
        away.is_away = True
        await reader.read(["legal"], NOW)
        away.is_away = False
        assert await reader.read(["legal"], NOW + 9 * MINUTE) == 0
        assert await reader.read(["legal"], NOW + 10 * MINUTE) == 1
        assert await record.labels() == {"bad": 1}

    asyncio.run(check())


def test_a_queue_of_a_hundred_thousand_items_is_read_as_far_as_its_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_record, "MOST_ITEMS", 500)
    queues = Queues()
    queues.done = [said(f"t{n}", True) for n in range(100_000)]
    assert asyncio.run(ReviewLabels(queues, Record(), MemoryKeyValues()).read(["legal"], NOW)) == 500
    assert queues.pages == 5


def test_no_name_and_no_word_of_a_reviewer_is_kept() -> None:
    async def check() -> None:
        record, queues = Record(), Queues()
        await noted(record, "bad")
        queues.done = [said("bad", True, by=("secret reviewer",))]
        await ReviewLabels(queues, record, MemoryKeyValues()).read(["legal"], NOW)
        (kept,) = await record.asked(EVER)
        assert kept.label == 1
        assert "secret" not in json.dumps(kept.model_dump(mode="json"))

    asyncio.run(check())
