"""Answers that nobody flagged are drawn for people with a known probability, the same on every retry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.review_draws import (
    FIRST_SHARE,
    RENEWED_EVERY,
    Expectations,
    Expected,
    ReviewDraw,
    ReviewDraws,
)
from assay.worker.flow.reviews import requests_for
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.reviews import ReviewRequest
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.key_values import MemoryKeyValues
from tests.builders import NOW, make_deployment
from tests.contract.history.making import row

QUEUES = {"bot": "legal"}
DAY = timedelta(days=1)


def draw(n: float | None = 1_000.0, spread: float = 0.1, per_day: float = 20, **over: Any) -> ReviewDraw:
    expected = None if n is None else Expectations(latest=Expected(since=NOW - DAY, n=n, spread=spread))
    return ReviewDraw(rubric="grounding", per_day=per_day, salt="s", expectations=expected, **over)


def entry(
    number: int, risk: float | None, *, level: str = "low", rubric: str = "grounding", **over: Any
) -> LedgerEntry:
    promise = {
        "trace_id": f"t{number}", "rubric": rubric, "rubric_hash": "h", "use_case": "bot", "window": "w",
        "start": NOW, "pi": 0.1, "stratum": "base", "selected_at": NOW, **over,
    }  # fmt: skip
    values: dict[str, Any] = {} if risk is None else {"hallucination_risk": risk, "hallucination_risk_level": level}
    judgement = Judgement(verdict_key="k", revision="r", judge="j", state="judged", values=values)
    return LedgerEntry(
        promise=Promise.model_validate(promise),
        state=LedgerState.POSTED,
        since=NOW,
        changed_at=NOW,
        judgement=judgement,
    )


def asked(entries: Sequence[LedgerEntry], by: ReviewDraw) -> list[ReviewRequest]:
    return requests_for(entries, QUEUES, {"bot": by})


def test_about_the_budget_is_drawn_and_doubtful_answers_more_often() -> None:
    risks = [0.02 if number % 2 else 0.4 for number in range(1_000)]
    spread = sum((risk * (1 - risk)) ** 0.5 for risk in risks) / len(risks)
    requests = asked([entry(n, risk) for n, risk in enumerate(risks)], draw(spread=spread, per_day=100))
    designs = [request.design for request in requests]
    assert 70 <= len(requests) <= 130
    assert all(design is not None and design.pi == 0.1 and design.revision == "r" for design in designs)
    by_risk = {design.risk: design.review_pi for design in designs if design}
    assert by_risk[0.4] > 2 * by_risk[0.02] > 0
    assert sum(1 / design.review_pi for design in designs if design) == pytest.approx(1_000, rel=0.25)


def test_flagged_answers_go_with_certainty_and_a_retry_asks_for_the_same() -> None:
    entries = [entry(n, 0.9, level="high") if n < 5 else entry(n, 0.1) for n in range(200)]
    first, again = (asked(entries, draw()) for _ in range(2))
    assert first == again
    flagged = [request for request in first if request.design and request.design.review_pi == 1]
    assert [request.trace_id for request in flagged] == [f"t{n}" for n in range(5)]


@pytest.mark.parametrize(
    "over",
    [
        {"risk": None},
        {"risk": float("nan")},
        {"stratum": "feedback", "sample": "boost"},
        {"rubric": "tone"},
        {"start": NOW - 3 * DAY, "end": NOW - 3 * DAY},
    ],
    ids=["no-risk", "no-number", "feedback", "another-rubric", "backfilled"],
)
def test_what_has_no_known_chance_is_not_drawn(over: dict[str, Any]) -> None:
    risk = over.pop("risk", 0.3)
    assert asked([entry(n, risk, **over) for n in range(300)], draw(per_day=5_000)) == []
    with_chance = asked([entry(n, 0.3) for n in range(300)], draw(per_day=5_000))
    assert len(with_chance) == 300


def test_flagged_answers_that_count_in_no_rate_go_as_ever_without_a_design() -> None:
    of_feedback, of_another = entry(1, 0.9, level="high", stratum="feedback"), entry(2, 0.9, level="high", rubric="x")
    assert [request.design for request in asked([of_feedback, of_another], draw())] == [None, None]
    assert asked([entry(n, 0.3) for n in range(100)], draw()) == requests_for(
        [entry(n, 0.3) for n in range(100)], QUEUES, {"bot": draw()}
    )
    assert requests_for([entry(1, 0.3)], QUEUES) == []


def test_a_first_day_draws_a_small_share() -> None:
    requests = asked([entry(n, 0.3) for n in range(2_000)], draw(n=None))
    assert 20 <= len(requests) <= 65
    assert {request.design.review_pi for request in requests if request.design} == {FIRST_SHARE}


def test_requests_of_two_rubrics_for_one_trace_are_told_apart() -> None:
    one, other = asked([entry(1, 0.9, level="high")], draw(has_others=True))[0], entry(1, 0.9, level="high", rubric="x")
    assert one.key != asked([other], draw(has_others=True))[0].key
    assert asked([entry(1, 0.9, level="high")], draw())[0].key == "legal\x1ft1"


def deployment(**over: Any) -> Deployment:
    fields = {"name": "bot", "rate": 1.0, "allow_rate": True, "review_queue": "legal", "review_per_day": 20, **over}
    case = UseCase.model_validate(fields)
    return make_deployment().model_copy(update={"use_cases": (case,)})


def test_expected_numbers_are_those_of_the_last_days_without_what_is_flagged() -> None:
    async def check() -> None:
        history, kept = memory_history(), MemoryKeyValues()
        often = [row(f"t{n}", risk=0.2, started_at=NOW - 2 * DAY + n * timedelta(hours=1)) for n in range(40)]
        outside = [row("high", risk=0.9), row("none", risk=None), row("asked", risk=0.1, needs_review=True)]
        await history.writer.write([*often, *(each.model_copy(update={"started_at": NOW - DAY}) for each in outside)])
        draws = ReviewDraws(deployment(), kept, {"grounding": 0.5}, history.reader)
        assert (await draws.known())["bot"].expectations is None
        assert await draws.renew(NOW) == 1
        assert await draws.renew(NOW + RENEWED_EVERY / 2) == 0
        expected = (await draws.known())["bot"].expectations
        assert expected is not None
        assert expected.latest.n == pytest.approx(20)
        assert expected.latest.spread == pytest.approx(0.4)
        assert await draws.renew(NOW + RENEWED_EVERY) == 1
        later = (await draws.known())["bot"].expectations
        assert later is not None
        assert later.at(NOW) == expected.latest

    asyncio.run(check())


def test_a_record_that_is_away_leaves_the_numbers_of_before() -> None:
    class Away:
        async def blocks(self, *names: object) -> AsyncIterator[object]:
            if names:
                raise HistoryUnavailable("away")
            yield {}

    async def check() -> Mapping[str, ReviewDraw]:
        draws = ReviewDraws(deployment(), MemoryKeyValues(), {}, Away())  # type: ignore[arg-type]
        assert await draws.renew(NOW) == 0
        return await draws.known()

    assert asyncio.run(check())["bot"].expectations is None


def test_nobody_draws_without_a_budget_and_a_budget_needs_a_queue() -> None:
    draws = ReviewDraws(deployment(review_per_day=0), MemoryKeyValues())
    assert asyncio.run(draws.known()) == {}
    with pytest.raises(ValidationError, match="review_per_day: needs review_queue"):
        UseCase(name="bot", review_per_day=5)


async def _drawn_share(started: Sequence[timedelta], *, per_day: float) -> tuple[Expected, ReviewDraws]:
    history, kept = memory_history(), MemoryKeyValues()
    rows = [row(f"t{n}", risk=0.2, started_at=NOW - before) for n, before in enumerate(started)]
    await history.writer.write(rows)
    draws = ReviewDraws(deployment(review_per_day=per_day), kept, {"grounding": 0.5}, history.reader)
    assert await draws.renew(NOW) == 1
    expected = (await draws.known())["bot"].expectations
    assert expected is not None
    return expected.latest, draws


def test_the_first_answers_of_a_busy_day_do_not_flood_people() -> None:
    """A first tick may see three answers of fifty thousand: a budget of 100 would be all of them for six hours."""

    async def check() -> None:
        latest, draws = await _drawn_share([timedelta(minutes=5)] * 3, per_day=100)
        assert latest.n == 100 / FIRST_SHARE
        assert await draws.renew(NOW + timedelta(hours=1)) == 1

    asyncio.run(check())


def test_a_launch_counts_at_once() -> None:
    async def check() -> None:
        latest, _ = await _drawn_share([6 * DAY, *[timedelta(hours=1)] * 500], per_day=5)
        assert latest.n == 500
        assert not latest.is_first

    asyncio.run(check())
