"""Ledger entries as Redis holds them: a hash each."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pydantic import ValidationError

from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise, Unanswered
from assay.worker.records.particulars import Particulars
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import SEPARATOR, moment


def member(rubric: str, trace_id: str) -> str:
    """What an entry is known by in sets and in the names of its keys."""
    return f"{rubric}{SEPARATOR}{trace_id}"


def promise_document(promise: Promise) -> str:
    """A promise as it is kept. Older workers know no batches, and read the promises of all others."""
    return promise.model_dump_json(exclude=None if promise.by_batch else {"by_batch"})


def judgement_document(judgement: Judgement) -> str:
    """A judgement as it is kept. Older workers know the facts that go beside a score, and refuse all others."""
    facts = TraceFacts.model_validate(judgement.facts.known())
    return judgement.model_copy(update={"facts": facts}).model_dump_json(exclude_defaults=True)


def particulars_document(particulars: Particulars) -> bytes:
    """Particulars as they are kept: half as long as JSON, and a month of traffic has many."""
    return zlib.compress(particulars.model_dump_json(exclude_defaults=True).encode("utf-8", "surrogatepass"))


def _particulars(raw: bytes | None) -> Particulars:
    """What cannot be read, as after an upgrade, is not known. The entry still is."""
    try:
        return Particulars.model_validate_json(zlib.decompress(raw), extra="ignore") if raw else Particulars()
    except (zlib.error, ValidationError):
        return Particulars()


async def load_entries(redis: RedisConnection, members: Sequence[str]) -> list[LedgerEntry]:
    """The entries of these members that are there."""
    hashes = await redis.hashes([f"entry:{name}" for name in members]) if members else []
    return [_entry(fields) for fields in hashes if fields]


def entries_of(hashes: Sequence[Sequence[bytes]]) -> list[LedgerEntry]:
    """The entries of hashes as scripts return them: names and values in turn."""
    return [_entry(dict(zip(flat[::2], flat[1::2], strict=True))) for flat in hashes]


def ended_entry(flat: Sequence[bytes]) -> LedgerEntry:
    """An entry that ended, of names and values in turn. What a newer Assay knows beside it is left out.

    Its work is done, so nothing depends on what is left out. An entry with work to do is read as a whole or not at all.

    Raises:
        ValueError, KeyError: it cannot be read.
    """
    return _entry(dict(zip(flat[::2], flat[1::2], strict=True)), unknown_fields="ignore")


@lru_cache(maxsize=64)  # a message's traces mostly change together
def history_line(now: datetime, state: LedgerState, reason: str) -> str:
    """One line of an entry's history, as JSON."""
    return json.dumps({"at": now.isoformat(), "state": state, "reason": reason})


def _entry(fields: Mapping[bytes, bytes], *, unknown_fields: Literal["ignore"] | None = None) -> LedgerEntry:
    judgement, unanswered = fields.get(b"judgement"), fields.get(b"unanswered")
    return LedgerEntry(
        promise=Promise.model_validate_json(fields[b"promise"], extra=unknown_fields),
        state=LedgerState(fields[b"state"].decode()),
        reason=fields[b"reason"].decode(),
        detail=fields[b"detail"].decode(),
        attempts=int(fields[b"attempts"]),
        deliveries=int(fields[b"deliveries"]),
        blamed=int(fields.get(b"blamed", 0)),
        writes=int(fields[b"writes"]),
        since=moment(fields[b"since"] or fields[b"changed_at"]),
        changed_at=moment(fields[b"changed_at"]),
        judgement=Judgement.model_validate_json(judgement, extra=unknown_fields) if judgement else None,
        unanswered=Unanswered.model_validate_json(unanswered, extra=unknown_fields) if unanswered else None,
        particulars=_particulars(fields.get(b"particulars")),
    )
