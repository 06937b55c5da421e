"""Assess while the state is away, while another delivery runs, while it is cancelled, and without leave to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from assay.judges import errors
from assay.judges.models.call_context import call_context
from assay.judges.schema import Sample, Usage
from assay.worker.flow import outbox
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.outbox import Outbox
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.ledger import LedgerState, Transition
from assay.worker.records.messages import AssessMessage
from tests.builders import NOW
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line, traces
from tests.waiting import PATIENCE_S

S = LedgerState
AWAY = StateUnavailable("Redis is away")


@pytest.fixture(autouse=True)
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.01)


def failing_first(times: int, work: Callable[..., Awaitable[Any]]) -> Any:
    """The same work, after it failed so many times."""
    left = times

    async def flaky(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            raise AWAY
        return await work(*args, **kwargs)

    return flaky


async def finished(line: Line, box: Outbox, message: AssessMessage, owner: str) -> AssessReport:
    """Assess with an outbox that is emptied before the loop ends."""
    try:
        return await line.assessor(box).assess(message, owner=owner)
    finally:
        assert await box.drain(60)


def test_state_that_is_away_for_a_while_costs_no_attempt_and_no_second_call() -> None:
    line = Line(traces(3))
    line.kept.kept = failing_first(3, line.kept.kept)  # type: ignore[method-assign]
    line.kept.keep_all = failing_first(3, line.kept.keep_all)  # type: ignore[method-assign]
    ledger = line.state.ledger
    ledger.apply = failing_first(3, ledger.apply)  # type: ignore[method-assign]
    assert line.assess()[0].judged == 3
    assert sorted(line.judge.seen) == ["t0", "t1", "t2"]
    assert {line.entry(f"t{n}").attempts for n in range(3)} == {0}


def test_state_that_stays_away_ends_the_batch_and_keeps_what_was_paid_for_later() -> None:
    line = Line(traces(2))
    line.deadline = timedelta(seconds=0.3)
    message = line.messages()[0]

    async def check() -> None:
        box = Outbox(line.kept, ttl_s=60)
        keep_all, apply = line.kept.keep_all, line.state.ledger.apply
        line.kept.keep_all = failing_first(10**9, keep_all)  # type: ignore[method-assign]
        report = await line.assessor(box).assess(message, owner="a")
        assert (report.held, report.hold, report.held_until) == (2, "state", NOW + timedelta(seconds=15))
        line.kept.keep_all, line.state.ledger.apply = keep_all, apply  # type: ignore[method-assign]
        line.clock.moment += timedelta(seconds=15)
        assert (await finished(line, box, message, "b")).judged == 2

    asyncio.run(check())
    assert sorted(line.judge.seen) == ["t0", "t1"]
    assert line.entry().attempts == 0


def test_delivery_that_begins_while_the_first_still_runs_judges_nothing() -> None:
    waiting: list[str] = []
    line = Line(traces(2))

    async def check() -> None:
        box, assess, release = Outbox(line.kept, ttl_s=60), line.judge.assess, asyncio.Event()

        async def slow(sample: Sample, rubric: Any) -> Any:
            waiting.append(sample.id)
            await release.wait()
            return await assess(sample, rubric)

        line.judge.assess = slow  # type: ignore[method-assign]
        message = line.messages()[0]
        first = asyncio.create_task(finished(line, box, message, "first"))
        async with asyncio.timeout(60):
            while not waiting:
                await asyncio.sleep(0.01)
        again = await line.assessor(box).assess(message, owner="redelivered")
        release.set()
        assert (again.judged, again.not_ours) == (0, 2)
        assert (await first).judged == 2

    asyncio.run(check())
    assert line.entry().deliveries == 0


def test_work_that_is_cancelled_is_given_back_at_once_and_counts_for_nothing() -> None:
    line = Line(traces(2), lambda sample: 600.0 if sample.id == "t1" else supported(sample))
    keep_all = line.kept.keep_all
    is_kept = asyncio.Event()

    async def keep_and_tell(values: Mapping[str, bytes], **more: Any) -> Mapping[str, bytes]:
        kept = await keep_all(values, **more)
        is_kept.set()
        return kept

    line.kept.keep_all = keep_and_tell  # type: ignore[method-assign]

    async def check() -> None:
        box, message = Outbox(line.kept, ttl_s=60), line.messages()[0]
        work = asyncio.create_task(finished(line, box, message, "first"))
        async with asyncio.timeout(PATIENCE_S):
            while len(line.judge.seen) < 2:
                await asyncio.sleep(0.01)
            await is_kept.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        line.judge.plan = supported
        assert (await finished(line, box, message, "second")).judged == 2

    asyncio.run(check())
    assert line.judge.seen.count("t0") == 1
    assert line.entry("t1").attempts == 0


def test_what_ended_is_recorded_while_the_rest_of_the_batch_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.flow.assess.STRETCH_S", 0.05)
    line = Line(traces(2), lambda sample: 600.0 if sample.id == "t1" else supported(sample))

    async def check() -> None:
        work = asyncio.create_task(line.assessor(Outbox(line.kept, ttl_s=60)).assess(line.messages()[0], owner="a"))
        async with asyncio.timeout(60):
            while not line.published:
                await asyncio.sleep(0.01)
        assert not work.done()
        work.cancel()

    asyncio.run(check())
    assert line.counts()[S.JUDGED, ""] == 1


def test_bug_of_a_whole_batch_is_a_failed_try_and_loud() -> None:
    line = Line(traces(2))

    async def broken(keys: Sequence[Any]) -> Mapping[str, Any]:
        raise ZeroDivisionError

    line.store.fetch_traces = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        line.assess()
    assert line.counts() == {(S.OPEN, "Bug:ZeroDivisionError"): 2}
    assert line.entry().attempts == 1


def held(reason: Any, *, paid: int = 0) -> errors.CallHeld:
    error = errors.CallHeld("no room", reason=reason, retry_after_s=90.0)
    error.usage = Usage(calls=paid)
    return error


def test_what_may_not_be_asked_yet_is_held_without_attempt_and_without_age() -> None:
    line = Line(traces(2), lambda sample: held("breaker" if sample.id == "t0" else "budget"))
    report = line.assess()[0]
    assert (report.held, report.retried, report.held_until) == (2, 0, NOW + timedelta(seconds=90))
    for _ in range(50):
        line.clock.moment += timedelta(hours=1)
        line.assess()
    assert line.counts() == {(S.OPEN, "held_breaker"): 1, (S.OPEN, "held_budget"): 1}
    assert line.entry().attempts == 0
    line.judge.plan = supported
    line.clock.moment += timedelta(hours=1)
    assert line.assess()[0].judged == 2


def test_hold_after_a_paid_call_counts_as_a_try() -> None:
    line = Line(traces(1), lambda _: held("limit", paid=1))
    line.assess()
    assert line.counts() == {(S.OPEN, "held_limit"): 1}
    assert line.entry().attempts == 1


def test_calls_are_made_for_the_use_case_of_their_trace() -> None:
    seen: list[tuple[str, str]] = []

    def plan(sample: Sample) -> Any:
        seen.append((call_context().use_case, call_context().purpose))
        return supported(sample)

    line = Line(traces(1), plan)
    line.assess()
    assert seen == [("bot", "traffic")]


def test_entries_that_another_worker_took_over_meanwhile_are_left_to_it() -> None:
    line = Line(traces(1))
    apply = line.state.ledger.apply

    async def too_late(rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        await apply(rubric, transitions, now=now)
        return await apply(rubric, transitions, now=now)

    line.state.ledger.apply = too_late  # type: ignore[method-assign]
    assert line.assess()[0].judged == 0
    assert line.published == []
