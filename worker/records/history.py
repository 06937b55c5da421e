"""The record: one durable row per (trace, rubric) that came to an end. No text of the trace is in it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Probability, Record
from assay.worker.records.messages import Pi

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RowKey(NamedTuple):
    """What makes two rows the same promise."""

    store: str
    project: str
    trace_id: str
    observation_id: str
    rubric: str
    rubric_hash: str


class HistoryRow(Record):
    """How one promise ended. The fields are the columns, in this order.

    Key: (store, project, trace_id, observation_id, rubric, rubric_hash). Of two rows with one key the one with the
    later `changed_at` counts (`replaces`).

    Attributes:
        store: kind of the trace store; `KIND/NAME` for any but the first of several.
        project: the store's project.
        observation_id: '' where the scores are those of the trace itself.
        pi: probability that the trace was kept by whoever recorded it (`upstream_pi`, where that is known) and
            then selected. Its weight in every rate is 1/pi.
        stratum: what raised its rate, e.g. `base` or `feedback`.
        sample: whether the base rate alone selected it (`base`), or only a raised one (`boost`). Both count in rates
            with their `pi`. Only `boost` of the stratum `feedback` does not, since nobody knows how likely it was.
        pi2: probability that a sample judged so by a cascade's first tier goes on. None: no cascade.
        state: how the promise ended.
        reason: of skipped and dead why; of scored the outcome's state, e.g. `judged`, `refusal`.
        changed_at: when it ended.
        tags, scores, rule_hits, screening, unanswered: JSON.
        risk: the score `hallucination_risk`, as are `faithfulness` and `groundedness`; others are in `scores`.
        flagged_kind: verdict of the worst claim, e.g. `contradicted`, or the id of the rule that fired.
        worst: offsets of the worst claim in the response and of its evidence: `{"span": [3, 40],
            "evidence": [[0, 10, 60]]}`. Numbers, so that a page can mark the sentence in the text of the trace store.
        sample_hash: sha256 over what was judged, so that an audit can tell whether the store still shows it.
        judge_cost_usd: what judging took. None: no known price.
        screening: the first phase of a cascade, as `assay.judges.schema.Screening`.
        unanswered: what a first tier concluded, and its revision, where a later tier gave no answer.
        from_store: judged under an earlier ledger, and read back from the store.
        question_chars: length of the question, without private values, as is `answer_chars` that of the answer.
        question_language: e.g. `de`, or those that come into question, as `es/pt`.
        question_vector: what the question is about, as 64 numbers (`assay.judges.text.fingerprints`).
        vectors_from: how the vectors were made, e.g. `hashed-1`. Others cannot be compared with them.
        feature, user_tier: what the application says it is, by the section `facts` of assay.yaml.
        upstream_pi: probability with which a sampler before the trace store kept the trace, as its spans tell
            (`ot=th:` in their trace state). None: they do not tell.
    """

    store: str
    project: str
    trace_id: str
    observation_id: str = ""
    session_id: str | None = None
    rubric: str
    rubric_hash: str
    calibration_hash: str | None = None
    use_case: str
    window: str
    pi: Pi
    stratum: str
    sample: Literal["base", "boost"] = "base"
    pi2: Probability | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    selected_at: AwareDatetime
    trace_name: str | None = None
    environment: str | None = None
    release: str | None = None
    version: str | None = None
    level: str | None = None
    tags: tuple[str, ...] = ()
    prompt_name: str | None = None
    prompt_version: str | None = None
    model_asked: str | None = None
    model_served: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    duration_s: float | None = None
    first_token_s: float | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    cost_from: str | None = None
    model_calls: int | None = None
    passages: int | None = None
    state: Literal["scored", "skipped", "dead"]
    reason: str = ""
    changed_at: AwareDatetime
    attempts: int = Field(default=0, ge=0)
    revision: str | None = None
    judge: str | None = None
    tier: str | None = None
    judge_model: str | None = None
    risk: Probability | None = None
    faithfulness: Probability | None = None
    groundedness: Probability | None = None
    scores: dict[str, float | str] = Field(default_factory=dict)
    flagged_kind: str | None = None
    rule_hits: tuple[str, ...] = ()
    worst: dict[str, JsonValue] | None = None
    sample_hash: str | None = None
    calibrated: bool | None = None
    degraded: bool = False
    needs_review: bool = False
    judge_calls: int | None = None
    judge_input_tokens: int | None = None
    judge_output_tokens: int | None = None
    judge_cost_usd: float | None = None
    screening: dict[str, JsonValue] | None = None
    unanswered: dict[str, JsonValue] | None = None
    from_store: bool = False
    question_chars: int | None = None
    answer_chars: int | None = None
    question_language: str | None = None
    answer_language: str | None = None
    question_vector: str | None = None
    answer_vector: str | None = None
    vectors_from: str | None = None
    feature: str | None = None
    user_tier: str | None = None
    upstream_pi: Pi | None = None

    @property
    def key(self) -> RowKey:
        """Rows with one key are of one promise."""
        return RowKey(*(getattr(self, name) for name in RowKey._fields))

    def replaces(self, other: HistoryRow) -> bool:
        """Whether it counts rather than another row with its key: the later one does, but what we judged comes first.

        What was read back from the store tells less, and it is always later.
        """
        if self.from_store != other.from_store:
            return other.from_store
        return self.changed_at > other.changed_at


class UserOpinion(Record):
    """What a user said of a trace: whether it is a complaint by the rule of its use case. No word of it.

    Key: (store, project, trace_id, name, use_case). Of two with one key the later counts.

    Attributes:
        name: the score that the user gave, e.g. `user-feedback`.
        use_case: whose rule it was held to. Empty: the rules of all use cases that read this score agree.
        at: when it was given.
    """

    store: str
    project: str
    trace_id: str
    name: str
    use_case: str = ""
    is_complaint: bool
    at: AwareDatetime

    def replaces(self, other: UserOpinion) -> bool:
        """Whether it counts rather than another one with its key. Of one moment the complaint does."""
        return (self.at, self.is_complaint) > (other.at, other.is_complaint)


class HistoryQuery(Record):
    """Which rows: of traces that started in [since, until), of these use cases and rubrics. Empty: of all."""

    since: AwareDatetime
    until: AwareDatetime
    use_cases: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()

    def before(self) -> HistoryQuery:
        """The same over a period of the same length that ends where this one begins."""
        return self.model_copy(update={"since": self.since - (self.until - self.since), "until": self.since})


def microseconds(moment: datetime) -> int:
    """A moment as columns hold it: whole microseconds since 1970 in UTC, e.g. 1795996800000000."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(microseconds_since_1970: int) -> datetime:
    """The moment that a column holds."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def cluster_of(session_id: str | None, trace_id: str) -> int:
    """A number for the traces that move together: those of a session. A trace without one is its own cluster."""
    content = f"session {session_id}" if session_id else f"trace {trace_id}"
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
