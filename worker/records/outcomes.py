"""What a report needs of a ledger entry that ended: plain tuples, because a month of traffic has a million of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from assay.judges.schema import Screening
from assay.worker.records.ledger import Judgement, LedgerEntry


class FirstPhase(NamedTuple):
    """The first phase of a cascade. See `assay.judges.schema.Screening`."""

    scores: Mapping[str, float]
    pi2: float
    why: str
    phase2: bool


class Judged(NamedTuple):
    """What was judged. See `assay.worker.records.ledger.Judgement`."""

    revision: str
    judge: str
    state: str
    values: Mapping[str, float | str]
    cost_usd: float | None
    session_id: str | None
    first: FirstPhase | None
    degraded: bool
    needs_review: bool


class Silent(NamedTuple):
    """What a first tier concluded where a later one gave no answer, and under which revision."""

    revision: str
    first: FirstPhase


class Outcome(NamedTuple):
    """How one selected trace ended, or stands.

    Attributes:
        version: the versions of rubric and calibration that it was promised to be judged with.
        changed_at: when it ended, in seconds since 1970.
    """

    trace_id: str
    observation_id: str | None
    use_case: str
    rubric: str
    version: tuple[str, str | None]
    pi: float
    start: datetime
    state: str
    reason: str
    changed_at: float
    judged: Judged | None
    silent: Silent | None


def outcome_of(entry: LedgerEntry) -> Outcome:
    """The outcome of an entry."""
    promise, unanswered = entry.promise, entry.unanswered
    return Outcome(
        trace_id=entry.trace_id,
        observation_id=promise.observation_id,
        use_case=promise.use_case,
        rubric=promise.rubric,
        version=promise.version,
        pi=promise.pi,
        start=promise.start,
        state=entry.state.value,
        reason=entry.reason,
        changed_at=entry.changed_at.timestamp(),
        judged=_judged(entry.judgement) if entry.judgement else None,
        silent=Silent(unanswered.revision, _first(unanswered.screening)) if unanswered else None,
    )


def _judged(judgement: Judgement) -> Judged:
    return Judged(
        revision=judgement.revision,
        judge=judgement.judge,
        state=judgement.state,
        values=judgement.values,
        cost_usd=judgement.cost_usd,
        session_id=judgement.facts.session_id,
        first=_first(judgement.screening) if judgement.screening else None,
        degraded=judgement.degraded,
        needs_review=judgement.needs_review,
    )


def _first(screening: Screening) -> FirstPhase:
    return FirstPhase(screening.scores, screening.pi2, screening.why, screening.phase2)
