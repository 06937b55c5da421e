"""One suite for every implementation of the list of answers for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from assay.worker.ports.reviews import ReviewRequest
from assay.worker.ports.state import FleetState
from tests.contract.state.making import LATER, NOW, SOON, Run


def review(queue: str, trace_id: str, **over: object) -> ReviewRequest:
    fields = {"queue": queue, "trace_id": trace_id, "use_case": "bot", "rubric": "grounding", "values": {"risk": 0.9}}
    return ReviewRequest.model_validate({**fields, "asked_at": NOW, **over})


def test_review_is_asked_for_once_and_given_to_one_taker_at_a_time(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first, second = review("q", "täg-💥"), review("q", "b", asked_at=SOON)
        assert await state.reviews.ask([first, second, first]) == 2
        assert await state.reviews.ask([]) == 0
        taken = await state.reviews.take(now=NOW, until=LATER)
        assert taken is not None
        assert (taken.request, taken.tries) == (first, 1)
        assert await state.reviews.take(now=NOW, until=LATER) is None
        assert [await _taken(state, SOON), await _taken(state, SOON)] == ["b", None]
        again = await state.reviews.take(now=LATER, until=LATER + timedelta(seconds=60))
        assert again is not None
        assert again.tries == 2

    run(check)


def test_review_that_ended_is_counted_and_never_taken_or_asked_for_again(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first, other = review("q", "a"), review("r", "a")
        assert await state.reviews.ask([first, other]) == 2
        await state.reviews.put_off(first, due=SOON)
        assert await _taken(state, NOW) == "a"
        await state.reviews.end(other, "queued")
        await state.reviews.end(other, "queued")
        await state.reviews.put_off(other, due=NOW)
        assert await _taken(state, NOW) is None
        await state.reviews.end(first, "refused")
        assert await state.reviews.ask([first, other]) == 0
        assert await state.reviews.counts() == {"waiting": 0, "queued": 1, "refused": 1}

    run(check)


async def _taken(state: FleetState, now: datetime) -> str | None:
    taken = await state.reviews.take(now=now, until=now + timedelta(seconds=60))
    return taken.request.trace_id if taken else None
