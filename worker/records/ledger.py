"""The ledger: what was promised of a selected trace, and how far it was kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Failed, Record, Screening, Skipped
from assay.worker.records.facts import TraceFacts
from assay.worker.records.messages import Pi
from assay.worker.records.particulars import Particulars
from assay.worker.records.scores import ScoreKey, score_id


class LedgerState(StrEnum):
    """Where a selected trace stands. Every entry is in exactly one state. The last three are final."""

    OPEN = "open"
    JUDGED = "judged"
    POSTED = "posted"
    SCORED = "scored"
    SKIPPED = "skipped"
    DEAD = "dead"


FINAL_STATES = frozenset({LedgerState.SCORED, LedgerState.SKIPPED, LedgerState.DEAD})


class Promise(Record):
    """What was promised when a trace was selected. It never changes. Key: (rubric name, trace id).

    `by_batch`: the calls of its judges may wait for a provider's batch, up to a day.
    """

    trace_id: str
    rubric: str
    rubric_hash: str
    calibration_hash: str | None = None
    use_case: str
    window: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    observation_id: str | None = None
    environment: str = "default"
    pi: Pi
    stratum: str
    sample: Literal["base", "boost"] = "base"
    selected_at: AwareDatetime
    by_batch: bool = False

    @property
    def version(self) -> tuple[str, str | None]:
        """The versions of rubric and calibration that the trace is judged with."""
        return self.rubric_hash, self.calibration_hash

    def score_id(self, project: str, name: str) -> str:
        """The id of this trace's score of a name, in a store's project."""
        return score_id(
            project,
            self.trace_id,
            self.observation_id,
            rubric_name=self.rubric,
            rubric_hash=self.rubric_hash,
            name=name,
        )

    def score_key(self, project: str, name: str) -> ScoreKey:
        """How to find this trace's score of a name."""
        return ScoreKey(self.score_id(project, name), self.trace_id, self.start, self.end, self.observation_id)


class Judgement(Record):
    """What the ledger remembers of a verdict: enough to write, verify and report. No text of the trace.

    Attributes:
        judge: the judge that decided.
        values: every score by its own name, whether or not it is written.
        names: the scores that are written, and under which names. None for an entry of an older Assay, which wrote
            all of them under their own names.
        facts: those that go beside a score. All facts of the trace are in the entry's particulars.
        session_id: the session whose scores are to be kept up to date, too. None where the rubric does not ask for it.
        prefix: stands before the names of the session's scores.
        screening: the first phase of a cascade; None for a single judge.
    """

    verdict_key: str
    revision: str
    judge: str
    state: str
    values: dict[str, float | str]
    names: dict[str, str] | None = None
    facts: TraceFacts = TraceFacts()
    session_id: str | None = None
    prefix: str = ""
    cost_usd: float | None = None
    screening: Screening | None = None
    degraded: bool = False
    needs_review: bool = False


class Unanswered(Record):
    """What a cascade's first tier concluded, under which evaluator revision, where a later tier gave no answer."""

    revision: str
    screening: Screening

    @classmethod
    def after(cls, outcome: Skipped | Failed, revision: str) -> Unanswered | None:
        """What an outcome without scores leaves of a first phase; None where it had none."""
        return cls(revision=revision, screening=outcome.screening) if outcome.screening else None


class LedgerEntry(Record):
    """A promise and how far it was kept.

    Attributes:
        attempts: failed tries.
        deliveries: how often a worker took it since the last outcome. One that dies leaves no outcome.
        blamed: how often a worker vanished while it worked on this very trace, or is working on it. Counted only for
            a trace that a worker has vanished with before.
        writes: how often its scores were posted.
        since: when its age began: when it was first taken, and anew after a dead letter is replayed. What it waited for
            leave is taken out.
        unanswered: the latest failure of a later tier. It counts only while the entry is skipped or dead.
        particulars: what its row in the record needs beside all this.
    """

    promise: Promise
    state: LedgerState = LedgerState.OPEN
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    deliveries: int = 0
    blamed: int = 0
    writes: int = 0
    since: AwareDatetime
    changed_at: AwareDatetime
    judgement: Judgement | None = None
    unanswered: Unanswered | None = None
    particulars: Particulars = Particulars()

    @property
    def trace_id(self) -> str:
        """The trace this entry is about."""
        return self.promise.trace_id


class UnscoredSpend(Record):
    """What judging took that led to no score: model calls, their known cost, and how many had no known price."""

    calls: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0.0)
    unpriced_calls: int = Field(default=0, ge=0)


class Transition(Record):
    """One change of one entry. It is applied only if the entry is still in one of the `expected` states.

    Attributes:
        due: the next deadline; of an open entry also the moment before which nobody takes it.
        failed_attempt: counts a failed try.
        wrote: counts a write of its scores.
        fresh_start: its age and its counts begin anew.
        held: it stays open and waits for leave: no try was made, and the time until it is taken is no age.
        particulars: take the place of the entry's, all of them. None: those stay.
    """

    trace_id: str
    expected: tuple[LedgerState, ...]
    state: LedgerState
    reason: str = ""
    detail: str = ""
    due: AwareDatetime | None = None
    judgement: Judgement | None = None
    unanswered: Unanswered | None = None
    particulars: Particulars | None = None
    failed_attempt: bool = False
    wrote: bool = False
    fresh_start: bool = False
    held: bool = False


class LedgerEvent(Record):
    """One line of an entry's history, for `assay why`."""

    at: AwareDatetime
    state: LedgerState
    reason: str = ""


def count_key(use_case: str, rubric: str) -> str:
    """Key of counts that are kept for each use case under each of its rubrics."""
    return f"{use_case}\x1f{rubric}"
