"""Assess: every way that judging a trace can go, and that its neighbours never notice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from assay.judges import errors
from assay.judges.rubric import SamplePaths
from assay.judges.schema import Sample, Usage
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.flow import preparing
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.suspicion import MOST_BLAMED
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.ledger import LedgerState, Transition, UnscoredSpend
from assay.worker.records.traces import Trace, TraceKey
from tests.builders import NOW
from tests.fakes import DOWN, supported
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def test_batch_in_other_hands_is_left_alone_until_its_time_is_over() -> None:
    line = Line(traces(1))
    far = NOW + timedelta(seconds=90)
    asyncio.run(line.state.ledger.begin("grounding", ["t0"], owner="other", now=NOW, until=far))
    assert line.assess()[0].not_ours == 1
    line.clock.moment = far
    assert line.assess()[0].judged == 1


@pytest.mark.parametrize(
    ("over", "state", "reason"),
    [
        ({"output": {"answer": "  "}}, S.SKIPPED, "no_response"),
        ({"output": None}, S.SKIPPED, "no_response"),
        ({"output": {"answer": "x. " * 700_000}}, S.SKIPPED, "response_too_large"),
    ],
)
def test_what_cannot_be_judged_is_skipped_with_its_reason(
    over: dict[str, Any], state: LedgerState, reason: str
) -> None:
    line = Line(traces(1, **over))
    line.assess()
    assert line.counts() == {(state, reason): 1}


def test_answer_without_evidence_gets_its_state_and_no_number() -> None:
    line = Line(traces(1, contexts=()))
    line.assess()
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "no_evidence"): 1}
    assert [(s.name, s.value) for s in line.store.scores.values()] == [("answer_check", "no evidence")]
    assert line.judge.seen == []


def test_bad_trace_in_a_batch_changes_nothing_for_the_others() -> None:
    def plan(sample: Sample) -> Any:
        return {"t1": ZeroDivisionError("bug"), "t2": errors.ModelRefused("no")}.get(sample.id) or supported(sample)

    line = Line(traces(4), plan)
    line.assess()
    line.record()
    line.verify()
    counts = line.counts()
    assert counts.pop((S.SCORED, "judged")) == 2
    assert counts == {(S.DEAD, "Bug:ZeroDivisionError"): 1, (S.SKIPPED, "model_refused"): 1}
    assert len(line.store.scores) == 2 * 4


def test_provider_that_is_down_is_waited_for_and_its_wish_honoured() -> None:
    line = Line(traces(1), lambda _: errors.RateLimited("slow down", retry_after_s=300.0))
    line.assess()
    assert line.counts() == {(S.OPEN, "RateLimited"): 1}
    assert line.reconcile(after_s=200) == []
    assert len(line.reconcile(after_s=120)) == 1
    line.judge.plan = supported
    line.assess(owner="m2")
    assert line.counts() == {(S.JUDGED, ""): 1}
    assert line.entry().attempts == 1


def test_broken_replies_are_tried_once_more_and_then_parked() -> None:
    line = Line(traces(1), lambda _: errors.InvalidVerdict("not JSON"))
    line.assess()
    assert line.counts() == {(S.OPEN, "InvalidVerdict"): 1}
    line.clock.moment += timedelta(minutes=1)
    line.assess(owner="m2")
    assert line.counts() == {(S.DEAD, "InvalidVerdict"): 1}
    assert line.store.scores == {}


class WorkerDies(BaseException):
    """What a test raises where a real worker process would vanish."""


def test_trace_that_kills_its_worker_is_parked_and_its_neighbours_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(traces(5))
    absolve = line.state.suspects.absolve
    is_gone = False

    async def unless_gone(rubric: str, trace_id: str, *, owner: str) -> None:
        if is_gone:
            raise WorkerDies
        await absolve(rubric, trace_id, owner=owner)

    def dies_of_t2(trace: Trace, paths: SamplePaths) -> Extraction:
        nonlocal is_gone
        if trace.id == "t2":
            is_gone = True
            raise WorkerDies
        return extract(trace, paths)

    monkeypatch.setattr(preparing, "extract", dies_of_t2)
    monkeypatch.setattr(line.state.suspects, "absolve", unless_gone)
    deaths = 0
    while line.entry("t2").state is S.OPEN and deaths < 20:
        try:
            line.assess()
        except WorkerDies:
            deaths += 1
            line.clock.moment += timedelta(minutes=5)
            is_gone = False
    assert line.counts() == {(S.JUDGED, ""): 4, (S.DEAD, "poison"): 1}
    assert deaths == 1 + MOST_BLAMED + 1


def test_traces_that_wait_for_the_model_when_workers_are_killed_are_never_blamed() -> None:
    line = Line(traces(16), lambda _: 600.0)
    for _ in range(10):
        asyncio.run(_killed_while_waiting(line))
        line.clock.moment += timedelta(minutes=5)
    line.judge.plan = supported
    line.assess()
    assert line.counts() == {(S.JUDGED, ""): 16}


async def _killed_while_waiting(line: Line) -> None:
    """Everything waits for the model, and then the process is gone: nothing is given back."""
    box, seen = Outbox(line.kept, ttl_s=60), len(line.judge.seen)
    work = asyncio.create_task(line.assessor(box).assess(line.messages()[0], owner=f"m{seen}"))
    async with asyncio.timeout(60):
        while len(line.judge.seen) < seen + 16:
            await asyncio.sleep(0.01)
    box.owe = lambda debt: None  # type: ignore[method-assign]  # the dead tell nothing
    work.cancel()
    await asyncio.wait([work])


def test_worker_that_cannot_build_the_evaluator_leaves_the_work_to_others_and_in_the_end_parks_it() -> None:
    line = Line(traces(2))
    line.unavailable = errors.ConfigurationError("no key")
    line.assess()
    assert line.counts() == {(S.OPEN, "evaluator_unavailable"): 2}
    line.clock.moment += timedelta(hours=7)
    line.assess(owner="m2")
    assert line.counts() == {(S.DEAD, "evaluator_unavailable"): 2}
    assert "no key" in line.entry().detail


def test_text_a_use_case_forbids_never_reaches_the_judge_whatever_the_message_says() -> None:
    line = Line(traces(2))
    line.allowed = False
    line.assess()
    assert line.counts() == {(S.DEAD, "egress_forbidden"): 2}
    assert line.judge.seen == []


def test_use_case_that_this_worker_has_not_read_yet_is_waited_for_and_judged() -> None:
    line = Line(traces(2))
    line.allowed = None
    line.assess()
    assert line.counts() == {(S.OPEN, "unknown_use_case"): 2}
    assert line.entry().attempts == 0
    assert line.judge.seen == []
    line.allowed = True
    line.clock.moment += timedelta(seconds=30)
    line.assess(owner="m2")
    assert [state for state, _ in line.counts()] == [S.JUDGED]


def test_use_case_that_was_removed_is_skipped_with_that_reason() -> None:
    line = Line(traces(2))
    line.allowed = None
    line.assess()
    line.clock.moment += timedelta(minutes=16)
    line.assess(owner="m2")
    assert line.counts() == {(S.SKIPPED, "use_case_removed"): 2}
    assert line.judge.seen == []


def test_duplicate_message_does_not_shorten_a_back_off() -> None:
    line = Line(traces(1), lambda _: errors.RateLimited("slow down", retry_after_s=300.0))
    line.assess()
    line.assess(owner="m2")
    assert len(line.judge.seen) == 1
    assert line.entry().attempts == 1


def test_message_of_a_foreign_error_reaches_neither_ledger_nor_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def quotes_private_text(trace: Trace, paths: SamplePaths) -> Extraction:
        if trace.id == "t1":
            raise ValueError("private answer text")
        return extract(trace, paths)

    monkeypatch.setattr(preparing, "extract", quotes_private_text)
    line = Line(traces(2))
    line.assess()
    assert line.counts() == {(S.DEAD, "ValueError"): 1, (S.JUDGED, ""): 1}
    assert "private" not in line.entry("t1").detail + capsys.readouterr().out


def test_hanging_judge_is_cut_off_at_the_batch_deadline_and_the_rest_is_kept() -> None:
    line = Line(traces(2), lambda sample: 30.0 if sample.id == "t1" else supported(sample))
    line.deadline = timedelta(seconds=2)
    line.assess()
    assert line.counts() == {(S.JUDGED, ""): 1, (S.OPEN, "batch_deadline"): 1}


def test_missing_trace_is_waited_for_and_then_skipped() -> None:
    line = Line(traces(1))
    late = line.store.traces.pop("t0")
    line.assess()
    assert line.counts() == {(S.OPEN, "trace_not_found"): 1}
    assert line.entry().attempts == 0
    line.clock.moment += timedelta(minutes=16)
    line.assess(owner="m2")
    assert line.counts() == {(S.SKIPPED, "trace_not_found"): 1}
    line.store.traces["t0"] = late


@pytest.mark.parametrize(
    ("error", "state", "reason", "attempts"),
    [
        (TraceTooLarge("Langfuse: 413"), S.SKIPPED, "trace_too_large", 0),
        (StoreBusy("no room", retry_after_s=60), S.OPEN, "store_busy", 0),
        (StoreUnavailable("no answer", retry_after_s=40), S.OPEN, "StoreUnavailable", 1),
        (StoreRejected("the id does not fit"), S.DEAD, "StoreRejected", 0),
    ],
)
def test_trace_that_cannot_be_read_goes_its_own_way_and_its_neighbours_are_judged(
    error: StoreError, state: LedgerState, reason: str, attempts: int
) -> None:
    line = Line(traces(16))
    line.store.unreadable["t3"] = error
    line.assess()
    assert line.counts() == {(S.JUDGED, ""): 15, (state, reason): 1}
    assert line.entry("t3").attempts == attempts
    assert str(error) in line.entry("t3").detail or state is S.OPEN


def test_fetch_that_hangs_is_cut_off_at_the_batch_deadline() -> None:
    line = Line(traces(1))
    line.deadline = timedelta(seconds=0.2)

    async def slow(keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        await asyncio.sleep(600)
        return {}

    line.store.fetch_traces = slow  # type: ignore[method-assign]
    line.assess()
    assert line.counts() == {(S.OPEN, "batch_deadline"): 1}
    assert line.judge.seen == []


def test_unknown_rubric_version_is_retried_by_age_and_never_replaced() -> None:
    line = Line(traces(1))
    line.evaluator = None
    line.assess()
    assert line.counts() == {(S.OPEN, "unknown_rubric_version"): 1}
    line.clock.moment += timedelta(hours=7)
    line.assess(owner="m2")
    assert line.counts() == {(S.DEAD, "unknown_rubric_version"): 1}


def test_what_judging_costs_without_a_score_is_counted_on_its_day() -> None:
    def plan(sample: Sample) -> Any:
        known, unknown = errors.ModelRefused("no"), errors.InvalidVerdict("broken twice")
        known.usage, known.cost_usd = Usage(calls=1, prompt_tokens=9), 0.25
        unknown.usage, unknown.cost_usd = Usage(calls=2, prompt_tokens=9), None
        return {"t0": known, "t1": unknown}.get(sample.id) or supported(sample)

    line = Line(traces(3), plan)
    line.assess()
    today = NOW.date()
    assert asyncio.run(line.state.spend.total(today, today)) == UnscoredSpend(calls=3, cost_usd=0.25, unpriced_calls=2)
    line.reconcile(after_s=3600)
    line.assess(owner="m2")
    assert asyncio.run(line.state.spend.total(today, today)).calls == 5, "trying again costs again"


def test_store_outage_while_fetching_costs_a_retry_and_no_judging() -> None:
    line = Line(traces(2))
    line.store.failing = DOWN
    line.assess()
    assert line.counts() == {(S.OPEN, "StoreUnavailable"): 2}
    assert line.judge.seen == []


def test_redelivery_after_a_crash_takes_the_kept_verdict() -> None:
    line = Line(traces(1))
    line.assess()
    asyncio.run(line.state.ledger.apply("grounding", [_reopened("t0")], now=NOW))
    line.assess(owner="m2")
    assert len(line.judge.seen) == 1
    assert line.counts() == {(S.JUDGED, ""): 1}


def test_equal_content_is_judged_once_and_paid_for_once() -> None:
    line = Line(traces(17, input={"question": "the same"}))
    line.assess()
    costs = [line.entry(f"t{n}").judgement for n in range(17)]
    assert len(line.judge.seen) == 16, "the second batch finds the first one's verdict"
    assert sorted(j.cost_usd for j in costs if j and j.cost_usd is not None) == [0.0] + [0.01] * 16


def _reopened(trace_id: str) -> Any:
    return Transition(trace_id=trace_id, expected=(S.JUDGED,), state=S.OPEN, due=NOW)
