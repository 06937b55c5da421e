"""What becomes of a ledger entry after an attempt to judge it. Nothing here does I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.judges.rubric import Rubric
from assay.judges.schema import Failed, Outcome, Skipped
from assay.worker.flow.retry_policy import BACKOFF_FIRST_S, Disposition, backoff_s, policy_named
from assay.worker.flow.scores import judged_values, written_names
from assay.worker.flow.verdicts import KeptVerdict
from assay.worker.ports.clock import Clock
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreUnavailable, TraceTooLarge
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import FINAL_STATES, Judgement, LedgerEntry, LedgerState, Transition
from assay.worker.records.particulars import Particulars, Spent

_LONGEST_DETAIL = 300


@dataclass(frozen=True)
class AssessLimits:
    """How long things may take before they are given up.

    Attributes:
        batch_deadline: one message's judging. What is unfinished then is cancelled and tried again.
        trace_wait: how long a trace that the store does not show is waited for.
        max_age: how old an entry may become before a failed try parks it.
        record_deadline: how long after judging its scores are to be posted.
    """

    batch_deadline: timedelta
    trace_wait: timedelta
    max_age: timedelta
    record_deadline: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class AssessTransitions:
    """Turns what happened to a trace into the transition of its open ledger entry."""

    clock: Clock
    limits: AssessLimits

    def judged(
        self,
        entry: LedgerEntry,
        key: str,
        kept: KeptVerdict,
        rubric: Rubric,
        *,
        cost_usd: float | None,
        seen: Particulars | None = None,
        session_id: str | None = None,
    ) -> Transition:
        """There is a verdict, kept under a key: its scores are to be posted next.

        Args:
            entry: what was judged.
            key: where the verdict is kept.
            kept: the verdict.
            rubric: what it was judged by.
            cost_usd: what this trace adds to the bill.
            seen: what the record is told of it.
            session_id: the session whose scores are kept up to date, if the rubric asks for it.
        """
        seen = seen or Particulars()
        outcome, verdict = kept.outcome, kept.outcome.verdict
        judgement = Judgement(
            verdict_key=key,
            revision=outcome.revision,
            judge=verdict.judge if verdict else "none",
            state=outcome.state,
            values=judged_values(outcome, rubric),
            names=written_names(outcome, rubric),
            facts=seen.facts or TraceFacts(),
            session_id=session_id if rubric.write.sessions else None,
            prefix=rubric.write.prefix,
            cost_usd=cost_usd,
            screening=verdict.screening if verdict else None,
            degraded=verdict is not None and verdict.degraded,
            needs_review=verdict is not None and verdict.needs_review,
        )
        due = self.clock.now() + self.limits.record_deadline
        judged = from_open(entry, LedgerState.JUDGED, due=due, judgement=judgement)
        return judged.model_copy(update={"particulars": seen})

    def without_scores(self, entry: LedgerEntry, outcome: Outcome) -> Transition:
        """The outcome is no score: skipped, held, tried again or parked, by the table of `retry_policy`."""
        if isinstance(outcome, Skipped):
            return from_open(entry, LedgerState.SKIPPED, outcome.reason, outcome.detail)
        assert isinstance(outcome, Failed)  # noqa: S101  # narrows the union; Scored is handled by the caller
        policy = policy_named(outcome.error)
        if outcome.held is not None or policy.disposition is Disposition.HOLD:
            return self._not_asked(entry, outcome)
        if policy.disposition is Disposition.SKIP:
            return from_open(entry, LedgerState.SKIPPED, outcome.error, outcome.message)
        if policy.disposition is Disposition.PARK:
            return parked(entry, outcome.error, outcome.message)
        if entry.attempts + 1 >= policy.max_attempts:
            return parked(entry, outcome.error, f"{entry.attempts + 1} attempts: {outcome.message}")
        return self.retry(entry, outcome.error, outcome.message, retry_after_s=outcome.retry_after_s)

    def unread(self, entry: LedgerEntry, error: StoreError) -> Transition:
        """The trace could not be read."""
        if isinstance(error, TraceTooLarge):
            return self.without_scores(entry, Skipped(reason="trace_too_large", detail=str(error)))
        wish_s = error.retry_after_s if isinstance(error, StoreUnavailable) else None
        if isinstance(error, StoreBusy):
            # Waiting for room within our own limit costs no attempt: nothing was tried.
            return self.held(entry, "store_busy", wait_s=max(1.0, wish_s or 0.0))
        message = str(error)[:_LONGEST_DETAIL]
        return self.without_scores(entry, Failed(error=type(error).__name__, message=message, retry_after_s=wish_s))

    def _not_asked(self, entry: LedgerEntry, outcome: Failed) -> Transition:
        """A call was not made. What was paid before it is paid again next time, so such a try counts."""
        reason = f"held_{outcome.held or 'state'}"
        if outcome.usage.calls and outcome.held != "batch":  # what a batch has answered is kept
            return self.retry(entry, reason, outcome.message, retry_after_s=outcome.retry_after_s)
        wait_s = max(1.0, outcome.retry_after_s or BACKOFF_FIRST_S)
        return self.held(entry, reason, outcome.message, wait_s=wait_s)

    def held(self, entry: LedgerEntry, reason: str, detail: str = "", *, wait_s: float) -> Transition:
        """Nothing was tried: it waits for leave, which is no attempt and no age."""
        due = self.clock.now() + timedelta(seconds=wait_s)
        held = from_open(entry, LedgerState.OPEN, reason, detail, due=due)
        return held.model_copy(update={"held": True})

    def missing(self, entry: LedgerEntry) -> Transition:
        """The store does not show the trace yet. One that never comes is skipped, not failed."""
        if self.clock.now() - entry.since > self.limits.trace_wait:
            return from_open(entry, LedgerState.SKIPPED, "trace_not_found")
        due = self.clock.now() + timedelta(seconds=backoff_s(0))
        return from_open(entry, LedgerState.OPEN, "trace_not_found", due=due)

    def without_use_case(self, entry: LedgerEntry) -> Transition:
        """This worker knows no use case of that name. One that it has yet to read is waited for, a removed one not."""
        if self.clock.now() - entry.since > self.limits.trace_wait:
            return from_open(entry, LedgerState.SKIPPED, "use_case_removed")
        due = self.clock.now() + timedelta(seconds=backoff_s(0))
        return from_open(entry, LedgerState.OPEN, "unknown_use_case", due=due)

    def retry(
        self, entry: LedgerEntry, reason: str, detail: str = "", *, retry_after_s: float | None = None
    ) -> Transition:
        """A failed try: again after its back-off, or parked where the entry is too old."""
        now = self.clock.now()
        if now - entry.since > self.limits.max_age:
            return parked(entry, reason, f"too old: {detail}")
        due = now + timedelta(seconds=backoff_s(entry.attempts, retry_after_s))
        return from_open(entry, LedgerState.OPEN, reason, detail, due=due, failed_attempt=True)


def from_open(
    entry: LedgerEntry,
    state: LedgerState,
    reason: str = "",
    detail: str = "",
    *,
    due: datetime | None = None,
    judgement: Judgement | None = None,
    failed_attempt: bool = False,
) -> Transition:
    """The transition of an open entry to a state."""
    is_untried = state in FINAL_STATES and entry.attempts == 0 and entry.particulars.spent is None
    return Transition(
        trace_id=entry.trace_id,
        expected=(LedgerState.OPEN,),
        state=state,
        reason=reason,
        detail=detail[:_LONGEST_DETAIL],
        due=due,
        judgement=judgement,
        particulars=entry.particulars.model_copy(update={"spent": Spent()}) if is_untried else None,
        failed_attempt=failed_attempt,
    )


def parked(entry: LedgerEntry, reason: str, detail: str) -> Transition:
    """The transition of an open entry to a dead letter."""
    return from_open(entry, LedgerState.DEAD, reason, detail)
