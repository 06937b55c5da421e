"""What becomes of an open ledger entry, whatever came of judging it. No store, no state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assay.judges.rubric import Rubric
from assay.judges.schema import Failed, GroundingState, Scored, Skipped
from assay.worker.flow.retry_policy import BACKOFF_FIRST_S
from assay.worker.flow.transitions import AssessLimits, AssessTransitions
from assay.worker.flow.verdicts import KeptVerdict
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreUnavailable, TraceTooLarge
from assay.worker.records.ledger import LedgerEntry, LedgerState
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import promise_of

S = LedgerState
LIMITS = AssessLimits(
    batch_deadline=timedelta(seconds=120),
    trace_wait=timedelta(minutes=15),
    max_age=timedelta(hours=6),
)


def entry(*, attempts: int = 0) -> LedgerEntry:
    return LedgerEntry(promise=promise_of(make_trace("t0")), attempts=attempts, since=NOW, changed_at=NOW)


def transitions(age: timedelta = timedelta(0)) -> AssessTransitions:
    return AssessTransitions(clock=FixedClock(NOW + age), limits=LIMITS)


def test_a_verdict_is_to_be_recorded_within_the_deadline_and_its_price_is_the_trace_s_own() -> None:
    outcome = Scored(
        scores={"groundedness": 1.0}, not_applicable={}, state=GroundingState.JUDGED, comment="", revision="r"
    )
    kept = KeptVerdict(trace_id="another", outcome=outcome)
    judged = transitions().judged(entry(), "key", kept, Rubric(name="grounding"), cost_usd=kept.cost_for("t0"))
    assert (judged.state, judged.due) == (S.JUDGED, NOW + LIMITS.record_deadline)
    assert judged.judgement is not None
    assert (judged.judgement.verdict_key, judged.judgement.revision, judged.judgement.cost_usd) == ("key", "r", 0.0)


@pytest.mark.parametrize(
    ("outcome", "attempts", "state", "reason"),
    [
        (Skipped(reason="no_response"), 0, S.SKIPPED, "no_response"),
        (Failed(error="ModelRefused", message="no"), 0, S.SKIPPED, "ModelRefused"),
        (Failed(error="ModelAccessDenied", message="403"), 0, S.OPEN, "ModelAccessDenied"),
        (Failed(error="InvalidVerdict", message="not JSON"), 0, S.OPEN, "InvalidVerdict"),
        (Failed(error="InvalidVerdict", message="not JSON"), 1, S.DEAD, "InvalidVerdict"),
        (Failed(error="NobodyKnowsIt", message=""), 0, S.DEAD, "NobodyKnowsIt"),
    ],
)
def test_outcome_without_scores_goes_where_its_row_says(
    outcome: Skipped | Failed, attempts: int, state: LedgerState, reason: str
) -> None:
    change = transitions().without_scores(entry(attempts=attempts), outcome)
    assert (change.expected, change.state, change.reason) == ((S.OPEN,), state, reason)
    assert change.failed_attempt == (state is S.OPEN)


def test_try_comes_back_after_its_back_off_and_is_parked_when_it_is_too_old() -> None:
    again = transitions().retry(entry(), "RateLimited", retry_after_s=300)
    assert (again.state, again.due) == (S.OPEN, NOW + timedelta(seconds=300))
    first = transitions().retry(entry(), "RateLimited")
    assert first.due == NOW + timedelta(seconds=BACKOFF_FIRST_S)
    old = transitions(timedelta(hours=7)).retry(entry(), "RateLimited", "x" * 999)
    assert (old.state, old.due, len(old.detail)) == (S.DEAD, None, 300)


@pytest.mark.parametrize(
    ("error", "state", "costs_an_attempt"),
    [
        (StoreBusy("no room", retry_after_s=60), S.OPEN, False),
        (StoreUnavailable("no answer"), S.OPEN, True),
        (TraceTooLarge("413"), S.SKIPPED, False),
    ],
)
def test_only_a_store_that_was_asked_costs_an_attempt(
    error: StoreError, state: LedgerState, costs_an_attempt: bool
) -> None:
    change = transitions().unread(entry(), error)
    assert (change.state, change.failed_attempt) == (state, costs_an_attempt)


def test_trace_that_is_not_there_yet_is_waited_for_by_age() -> None:
    assert transitions(LIMITS.trace_wait).missing(entry()).state is S.OPEN
    assert transitions(LIMITS.trace_wait + timedelta(seconds=1)).missing(entry()).state is S.SKIPPED
