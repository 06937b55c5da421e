"""Outcomes in Redis: a script reads the few fields of many entries at once. The keys are described in `ledger.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic_core import from_json

from assay.worker.records.outcomes import FirstPhase, Judged, Outcome, Silent
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import CHUNK, chunks, days_between

_FIELDS = 6
"""Values of one entry in the script's answer."""


class RedisOutcomes:
    """`assay.worker.ports.outcomes.OutcomeReader`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def outcomes(self, first: date, last: date) -> AsyncIterator[Outcome]:
        """Scored, skipped and dead traces that started on one of these UTC days, in order."""
        for day in days_between(first, last):
            key = self._redis.key(f"day:{day}")
            async with self._redis.guard():
                members = {name async for name in self._redis.client.sscan_iter(key, count=CHUNK)}
            for chunk in chunks(sorted(members)):
                for outcome in _outcomes(await self._redis.run("outcomes", [], [self._redis.prefix, *chunk])):
                    yield outcome


def _outcomes(answer: Sequence[bytes]) -> list[Outcome]:
    return [_outcome(*answer[at : at + _FIELDS]) for at in range(0, len(answer), _FIELDS)]


def _outcome(
    state: bytes, reason: bytes, changed_at: bytes, promise_json: bytes, judgement: bytes, unanswered: bytes
) -> Outcome:
    """One entry. Its JSON is ours and was checked when it was written, so it is not checked once more."""
    promise: dict[str, Any] = from_json(promise_json)
    return Outcome(
        trace_id=promise["trace_id"],
        observation_id=promise.get("observation_id"),
        use_case=promise["use_case"],
        rubric=promise["rubric"],
        version=(promise["rubric_hash"], promise.get("calibration_hash")),
        pi=float(promise["pi"]),
        start=datetime.fromisoformat(promise["start"]),
        state=state.decode(),
        reason=reason.decode(),
        changed_at=float(changed_at),
        judged=_judged(from_json(judgement)) if judgement else None,
        silent=_silent(from_json(unanswered)) if unanswered else None,
    )


def _judged(judgement: Mapping[str, Any]) -> Judged:
    screening = judgement.get("screening")
    return Judged(
        revision=judgement["revision"],
        judge=judgement["judge"],
        state=judgement["state"],
        values=judgement["values"],
        cost_usd=judgement.get("cost_usd"),
        session_id=(judgement.get("facts") or {}).get("session_id"),
        first=_first(screening) if screening else None,
        degraded=judgement.get("degraded", False),
        needs_review=judgement.get("needs_review", False),
    )


def _silent(unanswered: Mapping[str, Any]) -> Silent:
    return Silent(unanswered["revision"], _first(unanswered["screening"]))


def _first(screening: Mapping[str, Any]) -> FirstPhase:
    return FirstPhase(screening["scores"], screening["pi2"], screening["why"], screening["phase2"])
