"""Scores on sessions: what a conversation of several traces comes to, brought up to date with every judged turn.

A session has two numbers: the risk of its worst judged turn, and the share of its judged turns that are flagged. Turns
that were not selected, and turns without a risk (a refusal, no evidence), are not counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import structlog
from pydantic import AwareDatetime, Field, ValidationError

from assay.judges.rubric import RISK_LEVEL
from assay.judges.rubric.writing import SESSION_FLAGGED_SHARE as FLAGGED_SHARE
from assay.judges.rubric.writing import SESSION_WORST_RISK as WORST_RISK
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithSessionScores
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.scores import SessionScore, session_score_id

SESSION_SCORES = {
    WORST_RISK: "hallucination_risk of the worst judged turn of the session",
    FLAGGED_SHARE: "Share of the session's judged turns whose risk is high by the rubric's cut",
}

REMEMBERED_S = 14 * 24 * 3600
"""As long as final ledger entries live. A turn that comes later begins the session's numbers anew."""

MOST_TURNS = 1000
"""A session of more is no conversation: its numbers stay those of the first so many judged turns."""

LOCK_TTL_S = 10.0
TRIES = 50
BETWEEN_TRIES_S = 0.1

log = structlog.get_logger(__name__)


class Turn(Record):
    """What one judged turn adds."""

    risk: float
    is_flagged: bool


class Session(Record):
    """The judged turns of one session under one rubric; `changes` counts how often they changed."""

    session_id: str
    rubric: str
    rubric_hash: str
    prefix: str
    environment: str
    first: AwareDatetime
    changes: int = 0
    turns: dict[str, Turn] = Field(default_factory=dict)

    def with_turns(self, turns: Mapping[str, Turn | None]) -> Session:
        """With these turns; one that has no risk any more is gone."""
        both: dict[str, Turn | None] = {**self.turns, **turns}
        kept = {trace_id: turn for trace_id, turn in both.items() if turn is not None}
        kept = dict(list(kept.items())[:MOST_TURNS])
        return self if kept == self.turns else self.model_copy(update={"turns": kept, "changes": self.changes + 1})


@dataclass(frozen=True)
class SessionScorer:
    """Keeps sessions' scores in step with the turns that are recorded."""

    sink: WithSessionScores
    key_values: KeyValues
    locks: Locks

    async def update(self, entries: Sequence[LedgerEntry], project: str) -> None:
        """Write the scores of the sessions that these turns belong to, where their rubrics ask for it.

        Raises:
            StoreUnavailable, StateUnavailable: nothing is lost; doing it again changes nothing.
        """
        scores: list[SessionScore] = []
        for key, turns in _by_session(entries).items():
            session = await self._with_turns(key, turns)
            if session is not None:
                scores += session_scores(session, project)
        if not scores:
            return
        try:
            await self.sink.write_session_scores(scores)
        except StoreRejected as exc:
            # The turns' own scores are written. A session's are a summary of them, and no reason to lose those.
            log.warning("record.session_scores_refused", sessions=len(scores), error=str(exc)[:200])

    async def _with_turns(self, key: str, turns: Sequence[LedgerEntry]) -> Session | None:
        """The session with these turns noted. None where others held it for too long: their next turn tells all."""
        owner, lock = uuid.uuid4().hex, f"session:{key}"
        for _ in range(TRIES):
            if await self.locks.acquire(lock, owner=owner, ttl_s=LOCK_TTL_S):
                break
            await asyncio.sleep(BETWEEN_TRIES_S)
        else:
            log.warning("record.session_busy", turns=len(turns))
            return None
        try:
            return await self._note(f"session:{key}", turns)
        finally:
            await self.locks.release(lock, owner=owner)

    async def _note(self, key: str, turns: Sequence[LedgerEntry]) -> Session | None:
        kept = (await self.key_values.kept([key])).get(key)
        session = (_session_in(kept) if kept else None) or _new_session(turns)
        noted = session.with_turns({entry.trace_id: _turn(entry) for entry in turns})
        if noted is not session:
            await self.key_values.keep(key, noted.model_dump_json().encode(), ttl_s=REMEMBERED_S, replace=True)
        return noted if noted.turns else None


def session_scores(session: Session, project: str) -> list[SessionScore]:
    """The two scores of a session that has a judged turn."""
    worst = max(session.turns, key=lambda trace_id: (session.turns[trace_id].risk, trace_id))
    flagged, judged = sum(turn.is_flagged for turn in session.turns.values()), len(session.turns)
    values = {
        WORST_RISK: (session.turns[worst].risk, f"The worst of {_turns(judged)} is trace {worst}."),
        FLAGGED_SHARE: (flagged / judged, f"{flagged} of {_turns(judged)} {'is' if flagged == 1 else 'are'} flagged."),
    }
    named = {"rubric_name": session.rubric, "rubric_hash": session.rubric_hash}
    return [
        SessionScore(
            id=session_score_id(project, session.session_id, name=name, **named),
            session_id=session.session_id,
            name=f"{session.prefix}{name}",
            value=value,
            comment=comment,
            environment=session.environment,
            timestamp=_dated(session),
            metadata={"rubric": session.rubric, "rubric_hash": session.rubric_hash, "turns": judged},
        )
        for name, (value, comment) in values.items()
    ]


def _turns(count: int) -> str:
    return "1 judged turn" if count == 1 else f"{count} judged turns"


def _dated(session: Session) -> datetime:
    """The start of the first turn, later by two milliseconds with each change.

    Of two writes a store may keep the one with the later date. And the date's day is part of what a score is, so it
    never moves into the next day.
    """
    last = datetime.combine(session.first.date(), time.max, session.first.tzinfo) - timedelta(seconds=3)
    return min(session.first, last) + timedelta(milliseconds=min(2 * session.changes, 2900))


def _by_session(entries: Sequence[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
    """Turns by the key of their session under their rubric's version."""
    sessions: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.judgement is not None and entry.judgement.session_id is not None:
            parts = "\x1f".join((entry.promise.rubric, entry.promise.rubric_hash, entry.judgement.session_id))
            sessions.setdefault(hashlib.sha256(parts.encode()).hexdigest(), []).append(entry)
    return sessions


def _new_session(turns: Sequence[LedgerEntry]) -> Session:
    first = min(turns, key=lambda entry: entry.promise.start)
    judgement = first.judgement
    return Session(
        session_id=(judgement.session_id or "") if judgement else "",
        rubric=first.promise.rubric,
        rubric_hash=first.promise.rubric_hash,
        prefix=judgement.prefix if judgement else "",
        environment=first.promise.environment,
        first=first.promise.start,
    )


def _session_in(raw: bytes) -> Session | None:
    """What was kept. None if it cannot be read, as after an upgrade."""
    try:
        return Session.model_validate_json(raw)
    except ValidationError:
        return None


def _turn(entry: LedgerEntry) -> Turn | None:
    values = entry.judgement.values if entry.judgement else {}
    risk = values.get("hallucination_risk")
    return Turn(risk=risk, is_flagged=values.get(RISK_LEVEL) == "high") if isinstance(risk, float) else None
