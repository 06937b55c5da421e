"""The fleet's state in Redis or Valkey, with its Lua; the only file that imports redis.

Keys, all under one prefix:
    entry:RUBRIC␟TRACE     hash: promise (JSON), state, reason, attempts, deliveries, writes, judgement,
                           unanswered, owner, until
    history:RUBRIC␟TRACE   list: what happened, at most 100 lines
    promised:DATE          hash: use case␟rubric → promises ever made
    due:STATE              sorted set of members by deadline (open, judged, posted)
    dead                   sorted set of members by the time they gave up
    day:DATE, count:DATE   members and counts by UTC day of the trace's start
    windows:DATE           hash: window id → record
    lost:DATE              hash: calls, cost_usd and unpriced_calls of judging that led to no score
    kept:KEY, doc:HASH, lock:NAME, epoch
    limit:NAME             hash: see worker/state/redis/limits.py
    reviews, review:KEY    see worker/state/redis/reviews.py
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import DataError, RedisError

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.ledger import (
    Judgement,
    LedgerEntry,
    LedgerEvent,
    LedgerState,
    LostSpend,
    Move,
    Promise,
    Unanswered,
)
from assay.worker.records.windows import WindowRecord
from assay.worker.state.redis.limits import RedisLimits
from assay.worker.state.redis.reviews import RedisReviews

FINAL_TTL_S = 14 * 24 * 3600
"""How long a final entry lives: long enough that no sweep can meet its trace again."""
MEMBERS_TTL_S = 30 * 24 * 3600
DOCUMENT_TTL_S = 30 * 24 * 3600
COUNTS_TTL_S = 400 * 24 * 3600
_CHUNK = 500
_SEP = "\x1f"
T = TypeVar("T")


class RedisState:
    """`assay.worker.ports.state.FleetState` on one Redis or Valkey server."""

    def __init__(self, url: str, *, prefix: str, timeout_s: float = 10.0) -> None:
        self._address = _redacted(url)
        self._broker_prefix = prefix
        self._prefix = f"{prefix}state:"
        self._client: redis.Redis = redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
            health_check_interval=25,
        )
        self._scripts = {path.stem: self._client.register_script(path.read_text()) for path in _LUA.glob("*.lua")}
        self.limits = RedisLimits(self._run, prefix=self._prefix)
        self.reviews = RedisReviews(self._run, prefix=self._prefix)

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        async with self._guard():
            await self._client.set(self._key("epoch"), now.timestamp(), nx=True)
            return _moment(await self._client.get(self._key("epoch")))

    async def windows(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        async with self._guard():
            pipe = self._client.pipeline(transaction=False)
            for day in _days(start.astimezone(UTC).date(), end.astimezone(UTC).date()):
                pipe.hvals(self._key(f"windows:{day}"))
            raw = [record for records in await pipe.execute() for record in records]
        found = await in_thread(lambda: [WindowRecord.model_validate_json(record) for record in raw])
        return sorted((w for w in found if start <= w.start < end), key=lambda w: w.start)

    async def open_window(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one; add rates that are not stored yet."""
        key = self._key(f"windows:{_day(window.start)}")
        async with self._guard():
            args: list[str | int] = [
                window.id,
                window.model_dump_json(),
                window.model_dump_json(include={"rates"}),
                COUNTS_TTL_S,
            ]
            raw = await self._scripts["open_window"](keys=[key], args=args)
        return WindowRecord.model_validate_json(raw)

    async def put_window(self, window: WindowRecord) -> None:
        """Write or replace one window's record."""
        key = self._key(f"windows:{_day(window.start)}")
        async with self._guard(), self._client.pipeline() as pipe:
            pipe.hset(key, window.id, window.model_dump_json())
            pipe.expire(key, COUNTS_TTL_S)
            await pipe.execute()

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet; returns those that were new."""
        fresh: list[Promise] = []
        event = _event(now, LedgerState.OPEN, "selected")
        for chunk in _chunks(promises):
            args: list[str | float] = [
                *(self._prefix, now.timestamp(), due.timestamp()),
                *(MEMBERS_TTL_S, COUNTS_TTL_S, event),
            ]
            for p in chunk:
                args += [p.rubric, p.trace_id, _day(p.start), p.use_case, p.model_dump_json()]
            fresh += await self._pick("promise", args, chunk)
        return fresh

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id; missing ones are absent."""
        found = await self._load([f"{rubric}{_SEP}{trace_id}" for trace_id in trace_ids])
        return {entry.trace_id: entry for entry in found}

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first."""
        async with self._guard():
            raw = await self._client.lrange(self._key(f"history:{rubric}{_SEP}{trace_id}"), 0, -1)
        return [LedgerEvent.model_validate_json(line) for line in raw]

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime, alone: bool = False
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment."""
        args: list[str | float] = [self._prefix, rubric, owner, now.timestamp(), until.timestamp()]
        args += [int(alone), *trace_ids]
        taken = await self._pick("begin", args, trace_ids)
        return list((await self.entries(rubric, taken)).values())

    async def move(self, rubric: str, moves: Sequence[Move], *, now: datetime) -> Sequence[str]:
        """Apply moves whose entry is still in an expected state."""
        applied: list[str] = []
        for chunk in _chunks(moves):
            args: list[str | float] = [self._prefix, rubric, now.timestamp(), FINAL_TTL_S]
            for m in chunk:
                args += [
                    m.trace_id,
                    ",".join(m.expected),
                    m.state,
                    m.reason,
                    m.detail,
                    m.due.timestamp() if m.due else "",
                    m.judgement.model_dump_json() if m.judgement else "",
                    int(m.failed_attempt),
                    int(m.wrote),
                    int(m.fresh_start),
                    _event(now, m.state, m.reason),
                    m.unanswered.model_dump_json() if m.unanswered else "",
                ]
            applied += [m.trace_id for m in await self._pick("move", args, chunk)]
        return applied

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed; their deadline is pushed."""
        async with self._guard():
            args: list[str | float] = [self._prefix, now.timestamp(), push_to.timestamp(), limit, *states]
            members = await self._scripts["overdue"](args=args)
        return await self._load([member.decode() for member in members])

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order."""
        for day in _days(first, last):
            async with self._guard():
                members = [m.decode() async for m in self._client.sscan_iter(self._key(f"day:{day}"), count=_CHUNK)]
            for chunk in _chunks(sorted(set(members))):
                for entry in await self._load(chunk):
                    yield entry

    async def dead_letters(self) -> Sequence[LedgerEntry]:
        """Everything that gave up, oldest first."""
        async with self._guard():
            members: Any = await self._client.zrange(self._key("dead"), 0, -1)
        return await self._load([member.decode() for member in members])

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason)."""
        total: dict[tuple[str, str, LedgerState, str], int] = defaultdict(int)
        async with self._guard():
            pipe = self._client.pipeline(transaction=False)
            for day in _days(first, last):
                pipe.hgetall(self._key(f"count:{day}"))
            for counts in await pipe.execute():
                for field, n in counts.items():
                    use_case, rubric, state, reason = field.decode().split(_SEP)
                    total[use_case, rubric, LedgerState(state), reason] += int(n)
        return {key: n for key, n in total.items() if n}

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric)."""
        total: dict[tuple[str, str], int] = defaultdict(int)
        async with self._guard():
            pipe = self._client.pipeline(transaction=False)
            for day in _days(first, last):
                pipe.hgetall(self._key(f"promised:{day}"))
            for counts in await pipe.execute():
                for field, n in counts.items():
                    use_case, rubric = field.decode().split(_SEP)
                    total[use_case, rubric] += int(n)
        return total

    async def add_lost_spend(self, day: date, spend: LostSpend) -> None:
        """Count what was paid on a UTC day for no score."""
        key = self._key(f"lost:{day}")
        async with self._guard(), self._client.pipeline() as pipe:
            for field, amount in spend.model_dump().items():
                pipe.hincrbyfloat(key, field, amount)
            pipe.expire(key, COUNTS_TTL_S)
            await pipe.execute()

    async def lost_spend(self, first: date, last: date) -> LostSpend:
        """What was paid for no score on these UTC days together."""
        async with self._guard():
            pipe = self._client.pipeline(transaction=False)
            for day in _days(first, last):
                pipe.hgetall(self._key(f"lost:{day}"))
            days = await pipe.execute()
        names = LostSpend.model_fields
        return LostSpend.model_validate({n: sum(float(day.get(n.encode(), 0)) for day in days) for n in names})

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Keep a verdict under its content key unless one is there (or replace it); returns the one that is kept."""
        async with self._guard():
            if await self._client.set(self._key(f"kept:{key}"), value, ex=ttl_s, nx=not replace):
                return value
            kept: Any = await self._client.get(self._key(f"kept:{key}"))
        return value if kept is None else kept

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Kept values by key; expired ones are absent."""
        if not keys:
            return {}
        async with self._guard():
            values: Any = await self._client.mget([self._key(f"kept:{key}") for key in keys])
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    async def put_document(self, digest: str, content: str) -> None:
        """Publish a rubric or calibration under its hash."""
        async with self._guard():
            await self._client.set(self._key(f"doc:{digest}"), content, ex=DOCUMENT_TTL_S)

    async def document(self, digest: str) -> str | None:
        """A published document, or None."""
        async with self._guard():
            raw: Any = await self._client.get(self._key(f"doc:{digest}"))
        return raw.decode() if raw is not None else None

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock, or hold one's own for longer."""
        async with self._guard():
            taken = await self._scripts["acquire"](keys=[self._key(f"lock:{name}")], args=[owner, int(ttl_s * 1000)])
        return bool(taken)

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        async with self._guard():
            await self._scripts["release"](keys=[self._key(f"lock:{name}")], args=[owner])

    async def queue_depth(self, queue: str) -> int:
        """Messages waiting in a Celery queue."""
        async with self._guard():
            return int(await self._client.llen(f"{self._broker_prefix}{queue}"))

    async def renew_deliveries(self, tags: Sequence[str], *, now: datetime) -> None:
        """Move the visibility deadline of unacknowledged deliveries; XX: an acknowledged one must not come back."""
        if tags:
            async with self._guard():
                scores = dict.fromkeys(tags, now.timestamp())
                await self._client.zadd(f"{self._broker_prefix}unacked_index", scores, xx=True)

    async def ping(self) -> None:
        """Return if the server answers."""
        async with self._guard():
            await self._client.ping()

    async def close(self) -> None:
        """Release connections."""
        await self._client.aclose()

    def _key(self, name: str) -> str:
        return self._prefix + name

    @asynccontextmanager
    async def _guard(self) -> AsyncIterator[None]:
        try:
            yield
        except DataError:
            raise  # a value of ours that Redis cannot hold: a bug, not an outage
        except (RedisError, OSError) as exc:
            raise StateUnavailable(
                f"Redis at {self._address}: {type(exc).__name__}: {exc}; check ASSAY_REDIS_URL and that the server runs"
            ) from exc

    async def _run(self, script: str, keys: Sequence[str], args: Sequence[str | float]) -> Any:
        async with self._guard():
            return await self._scripts[script](keys=keys, args=args)

    async def _pick(self, script: str, args: Sequence[str | float], items: Sequence[T]) -> list[T]:
        if not items:
            return []
        async with self._guard():
            positions = await self._scripts[script](args=args)
        return [items[int(position) - 1] for position in positions]

    async def _load(self, members: Sequence[str]) -> list[LedgerEntry]:
        if not members:
            return []
        async with self._guard():
            pipe = self._client.pipeline(transaction=False)
            for member in members:
                pipe.hgetall(self._key(f"entry:{member}"))
            return [_entry(fields) for fields in await pipe.execute() if fields]


_LUA = Path(__file__).parent / "lua"


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
        since=_moment(fields[b"since"]),
        changed_at=_moment(fields[b"changed_at"]),
        judgement=Judgement.model_validate_json(judgement) if judgement else None,
        unanswered=Unanswered.model_validate_json(unanswered) if unanswered else None,
    )


def _event(now: datetime, state: LedgerState, reason: str) -> str:
    return json.dumps({"at": now.isoformat(), "state": state, "reason": reason})


def _moment(raw: Any) -> datetime:
    return datetime.fromtimestamp(float(raw), UTC)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _days(first: date, last: date) -> list[str]:
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    iterator = iter(items)
    return list(iter(lambda: list(islice(iterator, _CHUNK)), []))


def _redacted(url: str) -> str:
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}"


def check_connection(url: str) -> None:
    """One PING, for programs that want to know before they start.

    Raises:
        StateUnavailable
    """

    async def ping() -> None:
        state = RedisState(url, prefix="assay:", timeout_s=3.0)
        try:
            await state.ping()
        finally:
            await state.close()

    asyncio.run(ping())
