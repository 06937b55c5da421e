"""When the weekly message is due, and which parts of it were sent: each once, whichever worker dies."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues
from assay.worker.records.local_times import LocalTimes

LOCK = "digest:send"
LOCK_S = 60.0
"""How long the lock of a worker that was killed keeps others from sending. The living hold on to it."""

_KEPT_S = 400 * 86_400

TRIED_FOR = timedelta(hours=24)
"""How long a message is tried again that somebody does not take."""


class DigestSlot(Record):
    """What became of one week's messages.

    Attributes:
        slot: when it was due.
        begun_at: when it was first sent.
        sent: when each part was taken, by `slack/team-support`.
        given_up: why a part never will be.
        tried: how often a part was not taken.
        problems: what was answered last, by part that is neither sent nor given up.
    """

    slot: AwareDatetime
    begun_at: AwareDatetime
    sent: dict[str, AwareDatetime] = Field(default_factory=dict)
    given_up: dict[str, str] = Field(default_factory=dict)
    tried: dict[str, int] = Field(default_factory=dict)
    problems: dict[str, str] = Field(default_factory=dict)
    is_done: bool = False

    def is_settled(self, part: str) -> bool:
        """Whether a part was sent, or given up."""
        return part in self.sent or part in self.given_up

    @property
    def troubles(self) -> tuple[str, ...]:
        """What was not taken, in words: `slack/team-support: answered 404, it is tried again`."""
        return (
            *(f"{part}: {words}, given up" for part, words in sorted(self.given_up.items())),
            *(f"{part}: {words}, it is tried again" for part, words in sorted(self.problems.items())),
        )


class DigestSlots:
    """The slots in the fleet's state.

    Raises (all methods):
        StateUnavailable
    """

    def __init__(self, key_values: KeyValues) -> None:
        self._key_values = key_values

    async def due(self, times: LocalTimes, now: datetime) -> DigestSlot | None:
        """The slot that is to be sent now: the last that has come, unless it was sent, or its times are newer.

        Of the slots that came while nobody looked only the last one is sent.
        """
        slot = times.latest(now)
        first = await self._key_values.keep(_first_key(times), now.isoformat().encode(), ttl_s=_KEPT_S)
        known_since = datetime.fromisoformat(first.decode())
        if known_since > now:  # the clock was set back: else nothing would be due until then
            await self._key_values.keep(_first_key(times), now.isoformat().encode(), ttl_s=_KEPT_S, replace=True)
        if slot < known_since:
            return None  # before these times were written: nobody has missed it
        mine = DigestSlot(slot=slot, begun_at=now)
        raw = await self._key_values.keep(_slot_key(slot), mine.model_dump_json().encode(), ttl_s=_KEPT_S)
        try:
            record = DigestSlot.model_validate_json(raw)
        except ValidationError:
            return None  # of another version, which sent it
        return None if record.is_done else record

    async def latest(self, times: LocalTimes, now: datetime) -> DigestSlot | None:
        """What became of the last slot that has come. None: nothing was sent for it."""
        key = _slot_key(times.latest(now))
        raw = (await self._key_values.kept([key])).get(key)
        try:
            return DigestSlot.model_validate_json(raw) if raw else None
        except ValidationError:
            return None

    async def now(self, record: DigestSlot) -> DigestSlot:
        """The same as it is kept now: another worker may have sent parts since."""
        raw = (await self._key_values.kept([_slot_key(record.slot)])).get(_slot_key(record.slot))
        try:
            return DigestSlot.model_validate_json(raw) if raw else record
        except ValidationError:
            return record

    async def settle(self, record: DigestSlot, parts: Collection[str], now: datetime) -> None:
        """Note what a person has sent by hand of what was not taken."""
        troubled = {part for part in parts if part in record.given_up or part in record.problems}
        given_up, problems = (
            {part: words for part, words in kept.items() if part not in troubled}
            for kept in (record.given_up, record.problems)
        )
        sent = {**record.sent, **dict.fromkeys(troubled, now)}
        await self.put(record.model_copy(update={"sent": sent, "given_up": given_up, "problems": problems}))

    async def put(self, record: DigestSlot) -> None:
        """Remember what became of it."""
        packed = record.model_dump_json().encode()
        await self._key_values.keep(_slot_key(record.slot), packed, ttl_s=_KEPT_S, replace=True)


def week_of(slot: datetime) -> tuple[datetime, datetime]:
    """The seven UTC days before a slot's day: the first moment, and the first after the last."""
    until = slot.replace(hour=0, minute=0, second=0, microsecond=0)
    return until - timedelta(days=7), until


def _first_key(times: LocalTimes) -> str:
    return f"digest:first:{hashlib.sha256(times.model_dump_json().encode()).hexdigest()[:16]}"


def _slot_key(slot: datetime) -> str:
    return f"digest:slot:{slot.isoformat()}"
