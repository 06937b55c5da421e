"""Scores on their way to further places in the memory of one process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from assay.worker.ports.copies import Copy, CopyCounts, CopyKey, EndedCopies, Outcome


class MemoryCopies:
    """`assay.worker.ports.copies.Copies` without a server."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[CopyKey, tuple[Copy, datetime]]] = defaultdict(dict)
        self._asked: dict[str, datetime] = {}
        self._ended: dict[str, Counter[tuple[Outcome, str]]] = defaultdict(Counter)

    async def ask(self, place: str, keys: Sequence[CopyKey], *, now: datetime) -> None:
        """Have scores copied."""
        if keys:
            self._asked[place] = max(now, self._asked.get(place, now))
        for key in keys:
            self._waiting[place][key] = Copy(rubric=key.rubric, trace_id=key.trace_id, asked_at=now), now

    async def due(self, place: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Copy]:
        """Copies that are due."""
        waiting = self._waiting[place]
        due = sorted((at, key) for key, (_, at) in waiting.items() if at <= now)[:limit]
        for _, key in due:
            waiting[key] = waiting[key][0], until
        return [waiting[key][0] for _, key in due]

    async def put_off(self, place: str, copies: Sequence[Copy], *, due: datetime) -> None:
        """Make copies due at another moment."""
        for copy in copies:
            if self._is_same(place, copy):
                self._waiting[place][copy.key] = copy, due

    async def end(self, place: str, copies: Sequence[Copy], outcome: Outcome, reason: str = "") -> None:
        """Nothing more is done for these copies."""
        for copy in copies:
            if self._is_same(place, copy):
                del self._waiting[place][copy.key]
                self._ended[place][outcome, reason] += 1

    async def places(self, *, since: datetime) -> Sequence[str]:
        """The places that copies were asked for."""
        return sorted(place for place, at in self._asked.items() if at >= since)

    async def counts(self, place: str) -> CopyCounts:
        """How the copies for a place stand."""
        copies = [copy for copy, _ in self._waiting[place].values()]
        written = sum(copy.written_at is not None for copy in copies)
        return CopyCounts(
            waiting=len(copies) - written,
            written=written,
            oldest=min((copy.asked_at for copy in copies), default=None),
            ended=tuple(
                EndedCopies(outcome=outcome, reason=reason, traces=n)
                for (outcome, reason), n in sorted(self._ended[place].items())
            ),
        )

    def _is_same(self, place: str, copy: Copy) -> bool:
        stored = self._waiting[place].get(copy.key)
        return stored is not None and stored[0].asked_at == copy.asked_at
