"""A fleet's pulse in memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from assay.worker.ports.pulse import SEEN_WITHIN_S, ProcessSeen, TickTimes, TickTurn


class MemoryPulse:
    """`assay.worker.ports.pulse.FleetPulse`."""

    def __init__(self) -> None:
        self._sent: dict[str, float] = {}
        self._done: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._seen: dict[str, tuple[float, tuple[str, ...], float | None, str]] = {}

    async def tick_sends(self, name: str, *, queue: str) -> float | None:
        """The moment, or None where one waits already."""
        del queue  # nothing is lost on the way here
        if name in self._waiting:
            return None
        self._waiting.add(name)
        self._sent[name] = time.time()
        return self._sent[name]

    async def tick_begins(self, name: str, *, sent_at: float | None) -> TickTurn:
        """Take a tick up."""
        self._waiting.discard(name)
        now = time.time()
        sent = now if sent_at is None else sent_at
        return TickTurn(began_at=now, late_s=now - sent, is_done=self._began.get(name, float("-inf")) > sent)

    async def tick_done(self, name: str, *, began_at: float) -> None:
        """Its work is done."""
        self._done[name], self._began[name] = time.time(), began_at

    async def ticks(self) -> Mapping[str, TickTimes]:
        """All kinds that were ever sent or done."""
        now = time.time()
        return {
            name: TickTimes(
                sent_ago_s=now - self._sent[name] if name in self._sent else None,
                done_ago_s=now - self._done[name] if name in self._done else None,
            )
            for name in sorted({*self._sent, *self._done})
        }

    async def seen(self, name: str, *, queues: Sequence[str], offset_s: float | None, version: str) -> None:
        """A process lives."""
        self._seen[name] = (time.time(), tuple(queues), offset_s, version)

    async def gone(self, name: str) -> None:
        """A process ends."""
        self._seen.pop(name, None)

    async def processes(self) -> Sequence[ProcessSeen]:
        """Processes that were seen lately, by name."""
        now = time.time()
        return [
            ProcessSeen(name=name, queues=queues, offset_s=offset_s, seen_ago_s=now - at, version=version)
            for name, (at, queues, offset_s, version) in sorted(self._seen.items())
            if now - at <= SEEN_WITHIN_S
        ]

    async def dropped(self) -> Mapping[str, int]:
        """Nothing comes from elsewhere here."""
        return {}
