"""Scores on their way to further places in Redis: five Lua scripts over keys for each place.

Keys:
    copies:PLACE          sorted set: rubric and trace, by due moment
    copies:PLACE:copies   hash: rubric and trace → document
    copies:PLACE:asked    sorted set: rubric and trace, by the moment they were asked for, for the oldest
    copies:PLACE:written  set: rubric and trace of what was written and is to be shown
    copies:PLACE:ended    hash: outcome and reason → number

And over all places:
    copies-places         sorted set: places, by the moment that copies were last asked for
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from assay.worker.ports.copies import Copy, CopyCounts, CopyKey, EndedCopies, Outcome
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import moment

FORGOTTEN_S = 14 * 24 * 3600
"""What waits for a place that no use case names any more is forgotten after so long, as ledger entries are."""

PLACES = "copies-places"
"""The key of all places' names. No place's own key has this form."""


class RedisCopies:
    """`assay.worker.ports.copies.Copies`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def ask(self, place: str, keys: Sequence[CopyKey], *, now: datetime) -> None:
        """Have scores copied."""
        args: list[str | float] = [now.timestamp(), FORGOTTEN_S]
        for key in dict.fromkeys(keys):
            copy = Copy(rubric=key.rubric, trace_id=key.trace_id, asked_at=now)
            args += [_member(key), copy.model_dump_json()]
        if keys:
            names = [*self._keys(place), self._redis.key(PLACES)]
            await self._redis.run("copies_ask", names, [place, *args])

    async def due(self, place: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Copy]:
        """Copies that are due."""
        args: list[str | float] = [now.timestamp(), until.timestamp(), limit]
        documents = await self._redis.run("copies_due", self._keys(place), args)
        return [Copy.model_validate_json(document) for document in cast("list[Any]", documents)]

    async def put_off(self, place: str, copies: Sequence[Copy], *, due: datetime) -> None:
        """Make copies due at another moment."""
        await self._change(place, copies, due=due.timestamp())

    async def end(self, place: str, copies: Sequence[Copy], outcome: Outcome, reason: str = "") -> None:
        """Nothing more is done for these copies."""
        await self._change(place, copies, ended=f"{outcome}\x1f{reason}")

    async def places(self, *, since: datetime) -> Sequence[str]:
        """The places that copies were asked for."""
        names = await self._redis.run("copies_places", [self._redis.key(PLACES)], [since.timestamp()])
        return sorted(map(_text, cast("list[bytes | str]", names)))

    async def counts(self, place: str) -> CopyCounts:
        """How the copies for a place stand."""
        every, written, oldest, ended = await self._redis.run("copies_counts", self._keys(place), [])
        pairs = dict(zip(map(_text, ended[::2]), map(int, ended[1::2]), strict=True))
        return CopyCounts(
            waiting=int(every) - int(written),
            written=int(written),
            oldest=moment(oldest) if oldest else None,
            ended=tuple(_ended(name, n) for name, n in sorted(pairs.items())),
        )

    async def _change(self, place: str, copies: Sequence[Copy], *, due: float = 0.0, ended: str = "") -> None:
        args: list[str | float] = [due, ended]
        for copy in copies:
            args += [_member(copy.key), copy.model_dump_json(), _asked(copy), int(copy.written_at is not None)]
        if copies:
            await self._redis.run("copies_change", self._keys(place), args)

    def _keys(self, place: str) -> list[str]:
        names = ("", ":copies", ":asked", ":written", ":ended")
        return [self._redis.key(f"copies:{place}{name}") for name in names]


def _member(key: CopyKey) -> str:
    return f"{key.rubric}\x1f{key.trace_id}"


def _asked(copy: Copy) -> str:
    """The moment as it stands in a document: two copies of one trace are told apart by it."""
    return str(json.loads(copy.model_dump_json(include={"asked_at"}))["asked_at"])


def _ended(name: str, traces: int) -> EndedCopies:
    outcome, _, reason = name.partition("\x1f")
    return EndedCopies(outcome=cast("Outcome", outcome), reason=reason, traces=traces)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
