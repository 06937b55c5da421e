"""From message to verified score: every way a trace can go, and that each ends in exactly one place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.judges import errors
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Usage
from assay.worker.flow import dead_letters
from assay.worker.flow.assess import MAX_ALONE, SUSPICIOUS_DELIVERIES, Assessor, AssessReport
from assay.worker.flow.batching import group_messages
from assay.worker.flow.reconcile import FULL_QUEUE, Reconciler
from assay.worker.flow.record import Recorder
from assay.worker.flow.transitions import AssessLimits
from assay.worker.flow.verify import MAX_WRITES, Verifier
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise, Transition, UnscoredSpend
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.reporting.why import TraceStory, tell
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_trace
from tests.fakes import DOWN, FlakyStore, PlannedJudge, supported

RUBRIC = Rubric(name="grounding")
S = LedgerState


class Line:
    """The way of a trace from promise to verified score, in one process, with a clock of its own."""

    def __init__(self, traces: Sequence[Trace], plan: Callable[[Sample], Any] = supported) -> None:
        self.clock = FixedClock(NOW)
        self.kept = MemoryKeyValues()
        self.state = replace(memory_state(), verdicts=self.kept)
        self.store = FlakyStore(traces)
        self.judge = PlannedJudge(plan)
        self.evaluator: Evaluator | None = Evaluator(RUBRIC, self.judge)
        self.published: list[AssessMessage | RecordMessage] = []
        self.deadline = timedelta(seconds=120)
        self.unavailable: Exception | None = None
        self.allowed = True
        self.promises = [_promise(trace) for trace in traces]
        asyncio.run(self.state.ledger.promise(self.promises, now=NOW, due=NOW + timedelta(seconds=120)))

    async def publish(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        self.published += messages

    async def _evaluator(self, rubric_hash: str, calibration_hash: str | None) -> Evaluator | None:
        if self.unavailable is not None:
            raise self.unavailable
        return self.evaluator

    def assess(self, owner: str = "m1") -> list[AssessReport]:
        assessor = Assessor(
            source=self.store,
            ledger=self.state.ledger,
            verdicts=self.state.verdicts,
            spend=self.state.spend,
            evaluator=self._evaluator,
            publish=self.publish,
            clock=self.clock,
            limits=AssessLimits(
                batch_deadline=self.deadline,
                trace_wait=timedelta(minutes=15),
                max_age=timedelta(hours=6),
                verdict_ttl_s=86400,
            ),
            may_see=lambda use_case, rubric: self.allowed,
        )
        messages = group_messages(self.promises)
        return [asyncio.run(assessor.assess(message, owner=owner)) for message in messages]

    @property
    def recorder(self) -> Recorder:
        return Recorder(
            project=self.store,
            sink=self.store,
            ledger=self.state.ledger,
            verdicts=self.state.verdicts,
            clock=self.clock,
        )

    @property
    def verifier(self) -> Verifier:
        return Verifier(
            project=self.store,
            sink=self.store,
            ledger=self.state.ledger,
            locks=self.state.locks,
            reviews=self.state.reviews,
            publish=self.publish,
            clock=self.clock,
            rewrite_after=timedelta(seconds=60),
        )

    def record(self) -> None:
        messages = [m for m in self.published if isinstance(m, RecordMessage)]
        self.published = [m for m in self.published if not isinstance(m, RecordMessage)]
        for message in messages:
            asyncio.run(self.recorder.record(message))

    def verify(self, after_s: float = 2) -> None:
        self.clock.moment += timedelta(seconds=after_s)
        asyncio.run(self.verifier.verify())

    def reconcile(self, after_s: float = 0) -> list[AssessMessage | RecordMessage]:
        self.clock.moment += timedelta(seconds=after_s)
        reconciler = Reconciler(
            ledger=self.state.ledger,
            deliveries=self.state.deliveries,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
            assess_queue="assess",
        )
        before = len(self.published)
        asyncio.run(reconciler.reconcile())
        return self.published[before:]

    def entry(self, trace_id: str = "t0") -> LedgerEntry:
        return asyncio.run(self.state.ledger.entries("grounding", [trace_id]))[trace_id]

    def story(self, trace_id: str) -> TraceStory:
        state = self.state
        return asyncio.run(
            tell(
                trace_id,
                make_deployment(),
                source=self.store,
                sink=self.store,
                ledger=state.ledger_reader,
                windows=state.windows,
                verdicts=state.verdicts,
            )
        )

    def counts(self) -> dict[tuple[LedgerState, str], int]:
        day = (NOW - timedelta(hours=2)).date()
        return {(s, r): n for (_, _, s, r), n in asyncio.run(self.state.ledger_reader.counts(day, day)).items()}


def _promise(trace: Trace) -> Promise:
    return Promise(
        trace_id=trace.id,
        rubric="grounding",
        rubric_hash=RUBRIC.content_hash(),
        use_case="bot",
        window="w",
        start=trace.root.start,
        end=trace.root.end,
        environment="production",
        pi=0.25,
        stratum="standard",
        selected_at=NOW,
    )


def traces(n: int, **over: Any) -> list[Trace]:
    return [make_trace(f"t{i}", **{"input": {"question": f"Question {i}?"}, **over}) for i in range(n)]


def test_traces_are_judged_written_and_only_then_scored() -> None:
    line = Line(traces(20))
    assert [r.judged for r in line.assess()] == [16, 4]
    assert line.counts() == {(S.JUDGED, ""): 20}
    line.record()
    assert line.counts() == {(S.POSTED, ""): 20}
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 20}
    assert len(line.store.scores) == 20 * 5
    score = next(s for s in line.store.scores.values() if s.trace_id == "t3" and s.name == "groundedness")
    assert score.value == 1.0
    assert score.metadata["pi"] == 0.25
    assert score.environment == "production"


def test_repeated_messages_judge_nothing_twice_and_double_no_score() -> None:
    line = Line(traces(3))
    line.assess()
    line.assess(owner="m2")
    messages = [m for m in line.published if isinstance(m, RecordMessage)]
    line.published += messages
    line.record()
    line.verify()
    assert len(line.judge.seen) == 3
    assert line.counts() == {(S.SCORED, "judged"): 3}
    assert len(line.store.scores) == 15


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
    assert [(s.name, s.value) for s in line.store.scores.values()] == [("grounding_state", "no_evidence")]
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
    assert len(line.store.scores) == 10


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


def test_work_that_grows_too_old_is_parked_and_can_be_replayed() -> None:
    line = Line(traces(1), lambda _: errors.ModelUnavailable("down"))
    line.clock.moment += timedelta(hours=7)
    line.assess()
    assert line.counts() == {(S.DEAD, "ModelUnavailable"): 1}
    assert asyncio.run(dead_letters.replay(line.state.ledger, line.clock, None, None)) == 1
    line.judge.plan = supported
    assert len(line.reconcile()) == 1
    line.assess(owner="m2")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 1}


def test_dismissed_dead_letter_counts_as_skipped_with_its_reason() -> None:
    line = Line(traces(1), lambda _: errors.ModelAccessDenied("bad key"))
    line.assess()
    assert asyncio.run(dead_letters.drop(line.state.ledger, line.clock, ["t0"], None)) == 1
    assert line.counts() == {(S.SKIPPED, "dismissed:ModelAccessDenied"): 1}


class WorkerDies(BaseException):
    """What a test raises where a real worker process would vanish."""


def test_trace_that_kills_its_worker_is_parked_alone_and_its_neighbours_are_judged() -> None:
    line = Line(traces(5))
    apply = line.state.ledger.apply

    async def dies_over_t2(rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        """The worker is gone before the outcome of anything judged together with t2 is in the ledger."""
        if any(t.trace_id == "t2" and t.reason != "poison" for t in transitions):
            raise WorkerDies
        return await apply(rubric, transitions, now=now)

    line.state.ledger.apply = dies_over_t2  # type: ignore[method-assign]
    for _ in range(SUSPICIOUS_DELIVERIES + MAX_ALONE + 2):
        try:
            line.assess()
        except WorkerDies:
            line.clock.moment += timedelta(minutes=5)
    assert line.counts() == {(S.JUDGED, ""): 4, (S.DEAD, "poison"): 1}
    assert line.entry("t2").state is S.DEAD


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


def test_duplicate_message_does_not_shorten_a_back_off() -> None:
    line = Line(traces(1), lambda _: errors.RateLimited("slow down", retry_after_s=300.0))
    line.assess()
    line.assess(owner="m2")
    assert len(line.judge.seen) == 1
    assert line.entry().attempts == 1


def test_unreadable_kept_verdict_is_as_good_as_expired() -> None:
    line = Line(traces(2))
    line.assess()
    line.kept._values = dict.fromkeys(line.kept._values, b"not zlib")
    line.record()
    assert line.counts() == {(S.OPEN, "verdict_expired"): 2}
    line.assess(owner="m2")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2}


def test_message_of_a_foreign_error_reaches_neither_ledger_nor_log(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line(traces(1))
    line.state.verdicts.kept = _quotes_private_text  # type: ignore[method-assign]
    line.assess()
    assert line.counts() == {(S.DEAD, "ValueError"): 1}
    assert "private" not in line.entry().detail + capsys.readouterr().out


async def _quotes_private_text(keys: Sequence[str]) -> dict[str, bytes]:
    raise ValueError("private answer text")


def test_hanging_judge_is_cut_off_at_the_batch_deadline_and_the_rest_is_kept() -> None:
    line = Line(traces(2), lambda sample: 30.0 if sample.id == "t1" else supported(sample))
    line.deadline = timedelta(seconds=0.3)
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


def test_slow_fetch_leaves_the_judge_what_is_left_of_the_batch_deadline() -> None:
    line = Line(traces(1), lambda sample: 30.0)
    fetch = line.store.fetch_traces

    async def slow(keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        line.clock.moment += timedelta(seconds=119.9)
        return await fetch(keys)

    line.store.fetch_traces = slow  # type: ignore[method-assign]  # time passes while it is asked
    line.assess()
    assert line.counts() == {(S.OPEN, "batch_deadline"): 1}


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


def test_store_outage_while_writing_never_pays_the_judge_twice() -> None:
    line = Line(traces(2))
    line.assess()
    line.store.failing = DOWN
    line.record()
    assert line.counts() == {(S.JUDGED, "store_down"): 2}
    line.store.failing = None
    assert len(line.reconcile(after_s=60)) == 1
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2}
    assert len(line.judge.seen) == 2


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


def test_refused_score_is_parked_alone() -> None:
    line = Line(traces(3))
    line.assess()
    line.store.refuse["t1"] = StoreRejected("no such trace")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2, (S.DEAD, "StoreRejected"): 1}


def test_expired_verdict_is_judged_again() -> None:
    line = Line(traces(1))
    line.assess()
    line.kept._values.clear()
    line.record()
    assert line.counts() == {(S.OPEN, "verdict_expired"): 1}
    assert len(line.reconcile()) == 1


def test_lost_message_is_published_again_once_per_deadline() -> None:
    line = Line(traces(20))
    assert line.reconcile(after_s=60) == []
    again = line.reconcile(after_s=61)
    assert [len(m.items) for m in again if isinstance(m, AssessMessage)] == [16, 4]
    assert line.reconcile(after_s=5) == []


def test_reconciler_waits_while_the_queue_is_full() -> None:
    line = Line(traces(1))

    async def depth(queue: str) -> int:
        return FULL_QUEUE

    line.state.deliveries.queue_depth = depth  # type: ignore[method-assign]
    assert line.reconcile(after_s=500) == []


ERRORS = [
    None,
    errors.RateLimited("x"),
    errors.ModelTimeout("x"),
    errors.InvalidVerdict("x"),
    errors.IncompleteVerdict("x"),
    errors.ModelRefused("x"),
    errors.ModelAccessDenied("x"),
    errors.UnjudgeableSample("odd"),
    ValueError("x"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(ERRORS), min_size=1, max_size=20))
def test_no_failure_ever_becomes_a_score_and_the_counts_add_up(plans: list[Exception | None]) -> None:
    """DESIGN's first invariant: whatever fails, the store shows scores for exactly the traces that were judged."""
    line = Line(traces(len(plans)), lambda sample: plans[int(sample.id[1:])] or supported(sample))
    line.assess()
    line.record()
    line.verify()
    good = {f"t{n}" for n, plan in enumerate(plans) if plan is None}
    assert {score.trace_id for score in line.store.scores.values()} == good
    assert sum(line.counts().values()) == len(plans)
    assert line.counts().get((S.SCORED, "judged"), 0) == len(good)


def _reopened(trace_id: str) -> Any:
    return Transition(trace_id=trace_id, expected=(S.JUDGED,), state=S.OPEN, due=NOW)
