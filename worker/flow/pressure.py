"""Backpressure: no new windows are looked through while what is selected already would take too long to be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.ports.backlog import BACKFILL, PACE_OVER_S, Backlog, Lane
from assay.worker.ports.key_values import KeyValues

RESUMES_AT = 0.5
"""The sweep goes on once the time to drain is below this share of the bound, or it would go on and off each minute."""

_KNOWN_AFTER = timedelta(seconds=2 * PACE_OVER_S)
"""What waits for less tells nothing: the drain rate is a mean of about a minute, and a lane that was idle has none."""

_KEY = "sweep:held_back"
_TTL_S = 24 * 3600

log = structlog.get_logger(__name__)


class Drain(Record):
    """How long what waits under one rubric would take.

    Attributes:
        rubric: its name.
        waiting: judgements that wait, without those on hold for a budget, a breaker or access.
        drain_s: seconds until they are judged, at the pace of the last minute.
    """

    rubric: str
    waiting: int
    drain_s: float


class HeldBack(Drain):
    """Why no new windows are looked through, and since when."""

    since: AwareDatetime

    @property
    def sentence(self) -> str:
        """Why, for people."""
        return (
            f"the sweep waits since {self.since:%Y-%m-%d %H:%M} UTC: {self.waiting:,} judgements by {self.rubric} "
            f"would take {self.drain_s / 3600:.1f} h at the present pace; add workers, raise the judge's limits, or "
            "lower rates. No trace is lost: windows stay due"
        )


@dataclass(frozen=True)
class Pressure:
    """Decides whether sweeps go on. It remembers that they do not, for all processes.

    Attributes:
        backlog: what waits.
        key_values: where it is remembered.
        limit: the longest time to drain with which sweeps go on.
    """

    backlog: Backlog
    key_values: KeyValues
    limit: timedelta

    async def look(self, now: datetime) -> HeldBack | None:
        """What holds sweeps back; None: they go on.

        Raises:
            StateUnavailable
        """
        before = await read_pressure(self.key_values)
        bound = self.limit.total_seconds() * (RESUMES_AT if before else 1.0)
        worst = max(drains(await self.backlog.lanes(now), now), key=lambda d: d.drain_s, default=None)
        if worst is None or worst.drain_s <= bound:
            if before:
                log.info("sweep.goes_on", held_back_since=before.since.isoformat())
                await self._remember(None)
            return None
        held = HeldBack(**worst.model_dump(), since=before.since if before else now)
        if not before:
            log.warning("sweep.held_back", **worst.model_dump())
        await self._remember(held)
        return held

    async def _remember(self, held: HeldBack | None) -> None:
        value = held.model_dump_json().encode() if held else b""
        await self.key_values.keep(_KEY, value, ttl_s=_TTL_S, replace=True)


async def read_pressure(key_values: KeyValues) -> HeldBack | None:
    """What holds sweeps back since their last tick. None where nothing does.

    Raises:
        StateUnavailable
    """
    raw = (await key_values.kept([_KEY])).get(_KEY)
    return HeldBack.model_validate_json(raw) if raw else None


def drains(lanes: Sequence[Lane], now: datetime) -> list[Drain]:
    """The time to drain of each rubric under which something has been waiting for a while.

    What is on hold for a budget, an open breaker or access does not count: it waits for midnight, for an endpoint or
    for a person, and other use cases go on.
    """
    by_rubric: dict[str, list[Lane]] = defaultdict(list)
    for lane in lanes:
        if lane.turn != BACKFILL and lane.hold not in ("budget", "breaker", "access"):
            by_rubric[lane.rubric].append(lane)
    return [drain for rubric, group in by_rubric.items() if (drain := _drain(rubric, group, now)) is not None]


def _drain(rubric: str, lanes: Sequence[Lane], now: datetime) -> Drain | None:
    since = min((lane.since for lane in lanes if lane.since is not None), default=now)
    waiting = sum(lane.waiting for lane in lanes)
    if not waiting or now - since < _KNOWN_AFTER:
        return None
    per_second = sum(lane.per_second or 0.0 for lane in lanes)
    # Where nothing ever ended, it takes at least as long as it has waited.
    drain_s = waiting / per_second if per_second else (now - since).total_seconds()
    return Drain(rubric=rubric, waiting=waiting, drain_s=drain_s)
