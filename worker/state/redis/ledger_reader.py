"""The ledger in Redis as reports read it. The keys are described in `ledger.py`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from assay.worker.ports.ledger import MOST_DEAD, SOON_S, InFlight
from assay.worker.records.ledger import LedgerEntry, LedgerEvent, LedgerState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import CHUNK, SEPARATOR, chunks, days_between
from assay.worker.state.redis.entries import load_entries, member

_OPEN_STATES = (LedgerState.OPEN, LedgerState.JUDGED, LedgerState.POSTED)

FIRST_DUE = 64
"""Entries of each state, those due first, among which the oldest is looked for."""


class RedisLedgerReader:
    """`assay.worker.ports.ledger.LedgerReader`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        entries = await load_entries(self._redis, [member(rubric, trace_id) for trace_id in trace_ids])
        return {entry.trace_id: entry for entry in entries}

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first."""
        key = self._redis.key(f"history:{member(rubric, trace_id)}")
        async with self._redis.guard():
            lines = await self._redis.client.lrange(key, 0, -1)
        return [LedgerEvent.model_validate_json(line) for line in lines]

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order."""
        for day in days_between(first, last):
            key = self._redis.key(f"day:{day}")
            async with self._redis.guard():
                members = {name.decode() async for name in self._redis.client.sscan_iter(key, count=CHUNK)}
            for chunk in chunks(sorted(members)):
                for entry in await load_entries(self._redis, chunk):
                    yield entry

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason)."""
        total: Counter[tuple[str, str, LedgerState, str]] = Counter()
        for parts, n in await self._fields("count", first, last):
            use_case, rubric, state, reason = parts
            total[use_case, rubric, LedgerState(state), reason] += n
        return {key: n for key, n in total.items() if n}

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric)."""
        total: Counter[tuple[str, str]] = Counter()
        for parts, n in await self._fields("promised", first, last):
            use_case, rubric = parts
            total[use_case, rubric] += n
        return total

    async def in_flight(self, now: datetime) -> InFlight:
        """What has not ended, and what gave up: three round trips, however much there is."""
        key = self._redis.key
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            pipe.zcount(key(f"due:{LedgerState.POSTED}"), "-inf", now.timestamp() + SOON_S)
            pipe.zcard(key("dead"))
            pipe.zrevrange(key("dead"), 0, MOST_DEAD - 1)
            pipe.hkeys(key("backlog:since"))
            for state in _OPEN_STATES:
                pipe.zrange(key(f"due:{state}"), 0, FIRST_DUE - 1)
            unverified, dead, latest, lanes, *due = await pipe.execute()
        oldest = await self._oldest([*await self._next_released(lanes), *(name for names in due for name in names)])
        by_rubric = Counter(name.decode().partition(SEPARATOR)[0] for name in latest)
        if dead > len(latest):
            by_rubric[""] += dead - len(latest)
        return InFlight(oldest, unverified, by_rubric)

    async def _next_released(self, lanes: Sequence[bytes]) -> list[bytes]:
        """The first member of each lane of the backlog, see `backlog.py`."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for lane in lanes:
                pipe.lindex(self._redis.key("backlog:list:").encode() + lane, 0)
            return [name for name in await pipe.execute() if name is not None]

    async def _oldest(self, members: Sequence[bytes]) -> datetime | None:
        """When the first of these was selected."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for name in members:
                pipe.hget(self._redis.key("entry:").encode() + name, "promise")
            promises = [raw for raw in await pipe.execute() if raw is not None]
        return min((datetime.fromisoformat(json.loads(raw)["selected_at"]) for raw in promises), default=None)

    async def _fields(self, name: str, first: date, last: date) -> list[tuple[list[str], int]]:
        """All fields of the hashes of these days: their names in parts, and the number of each."""
        days = await self._redis.hashes([f"{name}:{day}" for day in days_between(first, last)])
        return [(field.decode().split(SEPARATOR), int(n)) for day in days for field, n in day.items()]
