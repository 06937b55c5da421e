"""Ended entries in Redis that wait for their row in the record: a sorted set of members by the moment they ended.

Keys:
    ended                sorted set of members by the time they ended. `transition.lua` and `reopen.lua` keep it in step
    entry:␟ENDED␟MEMBER  an entry as it was when it was opened again before its row was written; it is in `ended`, too

The entries themselves are described in `ledger.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from pydantic import ValidationError

from assay.worker.ports.ended_entries import Ended, Unreadable, Unrecorded
from assay.worker.records.ledger import LedgerEntry
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import CHUNK, SEPARATOR, chunks, days_between, moment
from assay.worker.state.redis.entries import ended_entry, member

FINAL_TTL_S = 14 * 24 * 3600
"""How long a final entry lives after its end: long enough that no sweep can meet its trace again."""

UNRECORDED_TTL_S = 60 * 24 * 3600
"""How long one lives that waits for its row: longer than any database is away unseen. Not for ever, since a Redis that
is full takes no work."""

SHORTEST_TTL_S = 24 * 3600
"""How long one lives at least after its row was written, however late that was."""


class RedisEndedEntries:
    """`assay.worker.ports.ended_entries.EndedEntries`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def ended(self, *, limit: int, skip: int = 0) -> Ended:
        """Those that ended first. They stay until `recorded`."""
        entries: list[LedgerEntry] = []
        unreadable: list[Unreadable] = []
        for name, flat in await self._redis.run("ended", [], [self._redis.prefix, limit, skip]):
            try:
                entries.append(ended_entry(flat))
            except (KeyError, ValueError) as exc:
                unreadable.append(Unreadable(*_named(name), _cause(exc)))
        return Ended(entries, unreadable)

    async def recorded(self, entries: Sequence[LedgerEntry]) -> None:
        """Let go of entries whose row is written. One that has ended anew meanwhile stays."""
        for chunk in chunks(entries):
            args: list[str | float] = [self._redis.prefix, FINAL_TTL_S, SHORTEST_TTL_S]
            for entry in chunk:
                args += [member(entry.promise.rubric, entry.trace_id), entry.changed_at.timestamp()]
            await self._redis.run("ended_recorded", [], args)

    async def unrecorded(self) -> Unrecorded:
        """What waits."""
        key = self._redis.key("ended")
        async with self._redis.guard():
            entries = await self._redis.client.zcard(key)
            oldest = await self._redis.client.zrange(key, 0, 0, withscores=True)
        return Unrecorded(entries, moment(oldest[0][1]) if oldest else None)

    async def enqueue_all(self, first: date, last: date) -> int:
        """Queue every final entry whose trace started on one of these UTC days."""
        queued = 0
        async for members in self._members(first, last):
            args: list[str | float] = [self._redis.prefix, UNRECORDED_TTL_S, first.isoformat(), last.isoformat()]
            queued += await self._redis.run("ended_enqueue", [], [*args, *members])
        return queued

    async def _members(self, first: date, last: date) -> AsyncIterator[Sequence[str]]:
        """Members of these days, and all dead letters: they outlive the list of their day."""
        for day in days_between(first, last):
            async with self._redis.guard():
                scan = self._redis.client.sscan_iter(self._redis.key(f"day:{day}"), count=CHUNK)
                names = [name.decode() async for name in scan]
            for chunk in chunks(names):
                yield chunk
        async with self._redis.guard():
            letters: list[bytes] = await self._redis.client.zrange(self._redis.key("dead"), 0, -1)  # type: ignore[assignment]
        for chunk in chunks([name.decode() for name in letters]):
            yield chunk


def _named(name: bytes) -> tuple[str, str]:
    """Rubric and trace of a member, or of the copy of one."""
    text = name.decode("utf-8", "replace")
    if text.startswith(SEPARATOR):
        text = text.split(SEPARATOR, 2)[-1]
    rubric, _, trace_id = text.partition(SEPARATOR)
    return rubric, trace_id


def _cause(exc: KeyError | ValueError) -> str:
    """What is wrong, e.g. `Judgement: state: missing`. What a field holds is never told."""
    if not isinstance(exc, ValidationError):
        return type(exc).__name__
    error = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(map(str, error["loc"]))
    return f"{exc.title}: {place}: {error['type']}".encode("ascii", "replace").decode()[:100]
