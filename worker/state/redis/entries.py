"""Ledger entries as Redis holds them: a hash each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise, Unanswered
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import SEPARATOR, moment


def member(rubric: str, trace_id: str) -> str:
    """What an entry is known by in sets and in the names of its keys."""
    return f"{rubric}{SEPARATOR}{trace_id}"


async def load_entries(redis: RedisConnection, members: Sequence[str]) -> list[LedgerEntry]:
    """The entries of these members that are there."""
    hashes = await redis.hashes([f"entry:{name}" for name in members]) if members else []
    return [_entry(fields) for fields in hashes if fields]


def history_line(now: datetime, state: LedgerState, reason: str) -> str:
    """One line of an entry's history, as JSON."""
    return json.dumps({"at": now.isoformat(), "state": state, "reason": reason})


def _entry(fields: Mapping[bytes, bytes]) -> LedgerEntry:
    judgement, unanswered = fields.get(b"judgement"), fields.get(b"unanswered")
    return LedgerEntry(
        promise=Promise.model_validate_json(fields[b"promise"]),
        state=LedgerState(fields[b"state"].decode()),
        reason=fields[b"reason"].decode(),
        detail=fields[b"detail"].decode(),
        attempts=int(fields[b"attempts"]),
        deliveries=int(fields[b"deliveries"]),
        alone=int(fields[b"alone"]),
        writes=int(fields[b"writes"]),
        since=moment(fields[b"since"]),
        changed_at=moment(fields[b"changed_at"]),
        judgement=Judgement.model_validate_json(judgement) if judgement else None,
        unanswered=Unanswered.model_validate_json(unanswered) if unanswered else None,
    )
