"""A fleet's pulse in Redis, by Redis time.

Keys:
    pulse:ticks      hash: NAME:sent, NAME:done, NAME:began (of the last run that was done), NAME:waiting
    pulse:seen       sorted set of processes by the moment they were last seen
    pulse:about      hash: process → what it told of itself (JSON)
    pulse:dropped    hash: reason → messages that were none of ours; written by the transport, lives seven days
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.worker.ports.pulse import SEEN_WITHIN_S, ProcessSeen, TickTimes, TickTurn
from assay.worker.state.redis.connection import RedisConnection

DROPPED_KEY = "pulse:dropped"
"""Where the transport counts what it dropped, behind the prefix of the state's keys."""


class RedisPulse:
    """`assay.worker.ports.pulse.FleetPulse`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def tick_sends(self, name: str, *, queue: str) -> float | None:
        """The moment, or None where one waits already."""
        args = [self._redis.prefix, name, f"{self._redis.broker_prefix}{queue}"]
        moment = await self._redis.run("pulse_sends", [], args)
        return float(moment) if moment else None

    async def tick_begins(self, name: str, *, sent_at: float | None) -> TickTurn:
        """Take a tick up."""
        sent = "" if sent_at is None else f"{sent_at:.6f}"
        began, late, is_done = await self._redis.run("pulse_begins", [], [self._redis.prefix, name, sent])
        return TickTurn(began_at=float(began), late_s=float(late), is_done=bool(is_done))

    async def tick_done(self, name: str, *, began_at: float) -> None:
        """Its work is done."""
        await self._redis.run("pulse_done", [], [self._redis.prefix, name, f"{began_at:.6f}"])

    async def ticks(self) -> Mapping[str, TickTimes]:
        """All kinds that were ever sent or done."""
        moment, flat = await self._redis.run("pulse_ticks", [], [self._redis.prefix])
        now = float(moment)
        times = {field.decode(): float(value) for field, value in zip(flat[::2], flat[1::2], strict=True)}

        def ago(name: str, what: str) -> float | None:
            then = times.get(f"{name}:{what}")
            return None if then is None else max(0.0, now - then)

        names = sorted({field.rpartition(":")[0] for field in times})
        return {name: TickTimes(sent_ago_s=ago(name, "sent"), done_ago_s=ago(name, "done")) for name in names}

    async def seen(self, name: str, *, queues: Sequence[str], offset_s: float | None, version: str) -> None:
        """A process lives."""
        about = json.dumps({"queues": list(queues), "offset_s": offset_s, "version": version})
        await self._redis.run("pulse_seen", [], [self._redis.prefix, name, about])

    async def gone(self, name: str) -> None:
        """A process ends."""
        async with self._redis.guard():
            await self._redis.client.zrem(self._redis.key("pulse:seen"), name)

    async def processes(self) -> Sequence[ProcessSeen]:
        """Processes that were seen lately, by name."""
        answer: list[bytes] = await self._redis.run("pulse_processes", [], [self._redis.prefix, SEEN_WITHIN_S])
        seen = [_process(*answer[i : i + 3]) for i in range(0, len(answer), 3)]
        return sorted(seen, key=lambda process: process.name)

    async def dropped(self) -> Mapping[str, int]:
        """Messages by reason that were dropped."""
        async with self._redis.guard():
            counts: Any = await self._redis.client.hgetall(self._redis.key(DROPPED_KEY))
        return {reason.decode(): int(count) for reason, count in counts.items()}


def _process(name: bytes, ago: bytes, about: bytes) -> ProcessSeen:
    told = json.loads(about)
    return ProcessSeen(
        name=name.decode(),
        queues=tuple(told.get("queues", ())),
        offset_s=told.get("offset_s"),
        seen_ago_s=float(ago),
        version=told.get("version", ""),
    )
