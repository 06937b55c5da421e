"""Ticks: what beat asks for again and again, by Redis' clock and once at a time.

A tick carries the moment it was sent. No tick expires: a machine's clock that is off would discard all of them. One
whose work a later run has done is let go instead, and one that waited long is told as an error.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from assay.worker.fleet.app import tick_intervals
from assay.worker.fleet.process import run_task
from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime

LATE_AFTER_S = 60.0
"""A tick that waited so long, and at least three of its intervals, means that its work was not done meanwhile."""

log = structlog.get_logger(__name__)


def run_tick(task: Any, tick: object, work: Callable[[Runtime], Awaitable[Report]]) -> None:
    """Do the work of a tick, unless a run that began after it was sent has done it.

    Args:
        task: the bound Celery task.
        tick: what came with it; None: nobody sent it by a clock.
        work: what is to be done.
    """
    name = task.name.removeprefix("assay.")
    sent_at = _sent_at(tick)

    async def once(runtime: Runtime, _owner: str) -> Report:
        pulse = runtime.state.pulse
        turn = await pulse.tick_begins(name, sent_at=sent_at)
        if turn.is_done:
            return Report()
        _tell_if_late(name, turn.late_s, tick_intervals(runtime.settings).get(name, 0.0))
        report = await work(runtime)
        await pulse.tick_done(name, began_at=turn.began_at)
        return report

    run_task(task, once, is_tick=True)


def _sent_at(tick: object) -> float | None:
    moment = tick.get("sent_at") if isinstance(tick, Mapping) else None
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return None
    try:
        seconds = float(moment)
    except OverflowError:  # an integer of some hundred digits
        return None
    return seconds if math.isfinite(seconds) else None


def _tell_if_late(name: str, late_s: float, every_s: float) -> None:
    if late_s > max(LATE_AFTER_S, 3 * every_s):
        log.error("tick.late", tick=name, seconds=round(late_s, 1), remedy="no control worker took it; is one up?")
