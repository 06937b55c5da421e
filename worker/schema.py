"""Records of the worker: traces as a store gives them, scores as they are written, messages as they travel."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from judges.schema import Failed, Record, Screening, Skipped

BATCH_SIZE = 16
"""Traces in one message: a Celery message costs about ten Redis commands, so one trace a message would cost
more than judging it; larger batches wait for their slowest call."""

LONGEST_RUN_S = 24 * 3600.0
"""After this a scheduled golden run is given up whatever its manifest says."""

OWN_ENVIRONMENT = "assay"
"""Environment of everything we record about ourselves; never sampled, so no judge is ever judged."""

STATE_SCORE = "grounding_state"
"""The categorical score of grounding (others: `Rubric.state_score`); its id tells whether the store has our scores."""

_SCORE_NAMESPACE = uuid.UUID("7d0c3f0e-6a53-5d0f-9a3e-1f6f2b5a9d41")


class Observation(Record):
    """One step inside a trace: a retrieval, a generation, a tool call."""

    id: str
    type: str = "span"
    name: str = ""
    parent_id: str | None = None
    start: AwareDatetime
    end: AwareDatetime | None = None
    level: str = "DEFAULT"
    input: JsonValue = None
    output: JsonValue = None
    model: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class TraceRoot(Record):
    """The columns of a trace that selection may look at; content is fetched only for what was selected."""

    trace_id: str
    observation_id: str
    name: str = ""
    environment: str = "default"
    start: AwareDatetime
    end: AwareDatetime | None = None
    level: str = "DEFAULT"
    release: str | None = None
    version: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Trace(Record):
    """One recorded run of the user's application, normalised: its root and the observations under it."""

    root: TraceRoot
    input: JsonValue = None
    output: JsonValue = None
    observations: tuple[Observation, ...] = ()

    @property
    def id(self) -> str:
        """The store's own id of the trace: an opaque string."""
        return self.root.trace_id


class TraceKey(Record):
    """How to find one selected trace again: its id and the time bounds a store needs to find it cheaply."""

    trace_id: str
    start: AwareDatetime
    end: AwareDatetime | None = None


class Score(Record):
    """A named value ready to be written on a trace. `value` is a float, or a string for a categorical score.

    `timestamp` is the trace's start, never "now": some stores hold (id, name, day of timestamp) as identity,
    and a rewrite must hit the same row.
    """

    id: str
    trace_id: str
    observation_id: str | None = None
    name: str
    value: float | str
    comment: str = ""
    environment: str = "default"
    timestamp: AwareDatetime
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def data_type(self) -> Literal["NUMERIC", "CATEGORICAL"]:
        """NUMERIC for floats, CATEGORICAL for strings."""
        return "CATEGORICAL" if isinstance(self.value, str) else "NUMERIC"


class ScoreSpec(Record):
    """What a score of ours may be: a range, or categories; a store that knows such things is told."""

    name: str
    data_type: Literal["NUMERIC", "CATEGORICAL"]
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    description: str = ""


def score_id(
    project: str, trace_id: str, observation_id: str | None, *, rubric_name: str, rubric_hash: str, name: str
) -> str:
    """The one id a score has, however often and by whichever tier it is computed.

    Judge, tier and model are left out on purpose: a retry under another tier overwrites.
    """
    key = "\x1f".join((project, trace_id, observation_id or "", rubric_name, rubric_hash, name))
    return str(uuid.uuid5(_SCORE_NAMESPACE, key))


class ResolvedRate(Record):
    """The base rate of one use case in one window, and why it is that."""

    rate: float = Field(gt=0.0, le=1.0)
    why: Literal["configured", "low_traffic", "min_per_day"]


Pi = Annotated[float, Field(gt=0.0, le=1.0)]
"""Probability with which a trace was selected; 1/pi is its weight in every reported rate."""


class BatchItem(Record):
    """One selected trace in a message: ids and survey design, never its content."""

    trace_id: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    pi: Pi
    stratum: str
    sample: Literal["base", "boost"] = "base"


class AssessMessage(Record):
    """Version 1 of the message that asks a worker to judge up to 16 traces of one use case by one rubric."""

    v: Literal[1] = 1
    use_case: str
    rubric: str
    rubric_hash: str
    calibration_hash: str | None = None
    window: str
    attempt: int = Field(default=1, ge=1)
    items: tuple[BatchItem, ...] = Field(min_length=1, max_length=BATCH_SIZE)


class RecordMessage(Record):
    """Version 1 of the message that asks a worker to write the kept verdicts of some traces to the store."""

    v: Literal[1] = 1
    rubric: str
    rubric_hash: str
    trace_ids: tuple[str, ...] = Field(min_length=1, max_length=100)


class GoldenRunMessage(Record):
    """Version 1 of the message that asks a control worker to run a golden set for one slot of its schedule."""

    v: Literal[1] = 1
    golden_set: str
    slot: AwareDatetime


class GoldenJudgeMessage(Record):
    """Version 1 of the message that asks a worker to judge samples of a golden run, which lie in the state by key.

    `revision` is the evaluator's that asked: a worker whose own differs must not judge.
    """

    v: Literal[1] = 1
    rubric_hash: str
    calibration_hash: str | None = None
    revision: str
    keys: tuple[str, ...] = Field(min_length=1, max_length=BATCH_SIZE)


Message = AssessMessage | RecordMessage | GoldenRunMessage | GoldenJudgeMessage
"""Whatever travels through a queue."""


class LedgerState(StrEnum):
    """Where a selected trace stands. Every entry is in exactly one; the last three are final."""

    OPEN = "open"
    JUDGED = "judged"
    POSTED = "posted"
    SCORED = "scored"
    SKIPPED = "skipped"
    DEAD = "dead"


FINAL_STATES = frozenset({LedgerState.SCORED, LedgerState.SKIPPED, LedgerState.DEAD})


class Promise(Record):
    """What was promised when a trace was selected; never changes. Key: (rubric name, trace id)."""

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


class Judgement(Record):
    """What the ledger remembers of a verdict: enough to write, verify and report, no text of the trace.

    `judge` is the one that decided. `screening` is the first phase of a cascade, None for a single judge.
    """

    verdict_key: str
    revision: str
    judge: str
    state: str
    values: dict[str, float | str]
    cost_usd: float | None = None
    screening: Screening | None = None
    degraded: bool = False
    needs_review: bool = False


class Unanswered(Record):
    """What a cascade's first tier had said, under which evaluator revision, where a later one gave no answer."""

    revision: str
    screening: Screening

    @classmethod
    def after(cls, outcome: Skipped | Failed, revision: str) -> Unanswered | None:
        """What an outcome without scores leaves of a first phase; None where it had none."""
        return cls(revision=revision, screening=outcome.screening) if outcome.screening else None


class LedgerEntry(Record):
    """A promise and how far it was kept.

    `attempts` counts failed tries, `deliveries` how often work began since the last outcome (a worker that dies
    leaves no outcome), `alone` how often of these it was the only one in work, `writes` how often scores were
    posted. `since` is when its age began: at selection, and anew when a dead letter is replayed. `unanswered` is the
    latest failure of a later tier; it counts only while the entry is skipped or dead.
    """

    promise: Promise
    state: LedgerState = LedgerState.OPEN
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    deliveries: int = 0
    alone: int = 0
    writes: int = 0
    since: AwareDatetime
    changed_at: AwareDatetime
    judgement: Judgement | None = None
    unanswered: Unanswered | None = None

    @property
    def trace_id(self) -> str:
        """The trace this entry is about."""
        return self.promise.trace_id


class LostSpend(Record):
    """What judging took that led to no score: model calls, USD as far as known, and the calls whose price is not."""

    calls: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0.0)
    unpriced_calls: int = Field(default=0, ge=0)


class Move(Record):
    """One change of one entry: applied only if the entry is still in one of `expected`."""

    trace_id: str
    expected: tuple[LedgerState, ...]
    state: LedgerState
    reason: str = ""
    detail: str = ""
    due: AwareDatetime | None = None
    judgement: Judgement | None = None
    unanswered: Unanswered | None = None
    failed_attempt: bool = False
    wrote: bool = False
    fresh_start: bool = False


class LedgerEvent(Record):
    """One line of an entry's history, for `assay why`."""

    at: AwareDatetime
    state: LedgerState
    reason: str = ""


def count_key(use_case: str, rubric: str) -> str:
    """Key of counts that are kept for each use case under each of its rubrics."""
    return f"{use_case}\x1f{rubric}"


class WindowRecord(Record):
    """What sweeps saw in one window of root start times.

    `rates` is resolved at the first scan and written before anything is promised, so that a trace has one answer
    and one pi however often its window is scanned. `seen` counts the last scan's traces by use case,
    `not_selected` those the hash passed over, by `count_key`; what was selected is counted by the ledger.
    `late` is how many of them turned up only after `late_seconds`: they ran for long, or arrived late.
    `rootless` is about how many traces no sweep can see, because none of their steps is a root; None where nobody
    looked, which is most windows.
    """

    start: AwareDatetime
    end: AwareDatetime
    scans: int = 0
    is_final: bool = False
    next_scan: AwareDatetime | None = None
    seen: dict[str, int] = Field(default_factory=dict)
    not_selected: dict[str, int] = Field(default_factory=dict)
    rates: dict[str, ResolvedRate] = Field(default_factory=dict)
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0
    late: int = 0
    rootless: int | None = None

    @property
    def id(self) -> str:
        """The window's start, as text that sorts in time."""
        return utc_iso(self.start)

    @property
    def total(self) -> int:
        """Traces that the last scan saw, whosever they are."""
        return sum(self.seen.values()) + self.unmatched + self.excluded + self.unfinished


def utc_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
