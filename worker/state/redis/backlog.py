"""The backlog in Redis: two Lua scripts, each atomic.

Keys:
    backlog:turns           sorted set of turns with something waiting, by their pass: who had least is next
    backlog:lanes:TURN      sorted set of its lanes (use case␟rubric), the same
    backlog:list:TURN␟LANE  list of ledger members, the next one first
    backlog:since           hash: TURN␟LANE → since when something waits there
    backlog:pace            hash: lane, or * for all → what ended lately (it fades), when last, since when
    backlog:narrow          hash: lane whose traces came back held → messages it may have out, those out, held until,
                            forgotten at, what for
    backlog:workers         sorted set of worker processes by when they last reported
    backlog:slots           hash: worker process → messages it holds at once

An open entry of the ledger waits either here or in `due:open`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from assay.worker.ports import backlog as port
from assay.worker.ports.backlog import Asking, Lane, Waiting
from assay.worker.records.ledger import Promise
from assay.worker.records.messages import BATCH_SIZE
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import SEPARATOR, chunks, moment


class RedisBacklog:
    """`assay.worker.ports.backlog.Backlog`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def enter(
        self, promises: Sequence[Promise], *, now: datetime, turn: str | None = None, is_again: bool = False
    ) -> None:
        """Let open promises wait for their release instead of their deadline."""
        for chunk in chunks(promises):
            args: list[str | float] = [self._redis.prefix, now.timestamp(), int(is_again)]
            for p in chunk:
                args += [turn or p.use_case, p.use_case, p.rubric, p.trace_id]
            await self._redis.run("backlog_enter", [], args)

    async def release(self, asking: Asking) -> Sequence[Sequence[Waiting]]:
        """Hand out what fits into the room, in turns by weight."""
        slices = await self._redis.run("backlog_release", [], self._arguments(asking))
        return [
            [Waiting(Promise.model_validate_json(flat[at + 1]), int(flat[at])) for at in range(0, len(flat), 2)]
            for flat in slices
        ]

    def _arguments(self, asking: Asking) -> list[str | float]:
        worker, finished = asking.worker, asking.finished
        held_until = finished.held_until if finished else None
        return [
            *(self._redis.prefix, self._redis.broker_prefix, asking.queue),
            *(asking.now.timestamp(), asking.due.timestamp()),
            *(asking.most, asking.least, asking.ahead_s, json.dumps(dict(asking.weights)), BATCH_SIZE),
            *(
                port.PACE_OVER_S,
                port.WIDEST,
                port.FIRST_WIDTH,
                port.STUCK_AFTER_S,
                port.WORKER_SEEN_S,
                port.SLOTS_FILLED,
                port.LONGEST_HOLD_S,
            ),
            *((worker.name, worker.slots) if worker else ("", 0)),
            *((finished.use_case, finished.rubric, finished.ended) if finished else ("", "", 0)),
            *((finished.held, finished.hold) if finished else (0, "")),
            held_until.timestamp() if held_until else "",
            finished.why[: port.LONGEST_WHY] if finished else "",
        ]

    async def lanes(self, now: datetime) -> Sequence[Lane]:
        """What waits, and what was judged lately."""
        since, pace, narrow, whys = await self._redis.hashes(
            ["backlog:since", "backlog:pace", "backlog:narrow", "backlog:why"]
        )
        names = [name.decode() for name in since]
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for name in names:
                pipe.llen(self._redis.key(f"backlog:list:{name}"))
            lengths: list[int] = await pipe.execute()
        counts = dict(zip(names, lengths, strict=True))
        seen = {SEPARATOR.join(name.split(SEPARATOR)[1:]) for name in names}
        known = [name.decode() for name in dict.fromkeys((*pace, *whys)) if name != b"*"]
        idle = [f"{lane.split(SEPARATOR)[0]}{SEPARATOR}{lane}" for lane in known if lane not in seen]
        lanes = [
            _lane(name, counts.get(name, 0), since.get(name.encode()), pace, narrow, now) for name in [*names, *idle]
        ]
        return [_with_why(lane, whys) for lane in lanes]


def _lane(
    name: str,
    waiting: int,
    since: bytes | None,
    pace: Mapping[bytes, bytes],
    narrow: Mapping[bytes, bytes],
    now: datetime,
) -> Lane:
    turn, use_case, rubric = name.split(SEPARATOR, 2)
    lane = f"{use_case}{SEPARATOR}{rubric}".encode()
    hold: dict[str, Any] = {}
    if lane in narrow:
        *_, until, _, kind = narrow[lane].decode().split()
        if float(until) > now.timestamp() and kind in get_args(port.Hold):
            hold = {"hold": kind, "held_until": moment(until)}
    return Lane(
        turn=turn,
        use_case=use_case,
        rubric=rubric,
        waiting=waiting,
        since=moment(since) if since is not None else None,
        per_second=_per_second(pace[lane], now) if lane in pace else None,
        **hold,
    )


def _with_why(lane: Lane, whys: Mapping[bytes, bytes]) -> Lane:
    """The lane with the cause of its hold, where a person has to act."""
    why = whys.get(f"{lane.use_case}{SEPARATOR}{lane.rubric}".encode())
    if lane.hold is None or why is None:
        return lane
    return lane.model_copy(update={"why": why.decode("utf-8", "replace")})


def _per_second(raw: bytes, now: datetime) -> float:
    amount, at, began = map(float, raw.split())
    faded = amount * math.exp(-max(0.0, now.timestamp() - at) / port.PACE_OVER_S)
    over = max(1.0, now.timestamp() - began)
    return faded / (port.PACE_OVER_S * (1 - math.exp(-over / port.PACE_OVER_S)))
