"""Holding what the sweeps counted against what the store's own metrics say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from assay.judges.errors import EvaluationError
from assay.worker.flow.windows import is_nearly_counted
from assay.worker.ports.capabilities import WithRootCounts
from assay.worker.ports.health import Check
from assay.worker.records.windows import WindowRecord
from assay.worker.wiring.runtime import Runtime

LOOKED_AT = timedelta(hours=24)
TOLERANCE, FEW = 0.02, 3
NAME = "denominators"


async def check_denominators(runtime: Runtime) -> Check | None:
    """Whether sweeps saw as many traces as the store counts roots; None where there is nothing to hold together.

    The last windows that were scanned for good, or all but, in one piece, against one request.
    """
    if not isinstance(runtime.store, WithRootCounts):
        return None
    try:
        now = runtime.clock.now()
        windows = last_piece(await runtime.state.windows.between(now - LOOKED_AT, now))
        if not windows:
            return None
        roots = await runtime.store.count_roots(windows[0].start, windows[-1].end)
        return None if roots is None else compared(windows, roots)
    except EvaluationError as exc:
        return Check(name=NAME, status="warn", message=str(exc), remedy="not held against the metrics API this time")


def last_piece(windows: Sequence[WindowRecord]) -> list[WindowRecord]:
    """The last windows that are as good as counted and follow each other without a gap."""
    piece: list[WindowRecord] = []
    for window in windows:
        if not is_nearly_counted(window):
            continue
        piece = [*piece, window] if piece and piece[-1].end == window.start else [window]
    return piece


def compared(windows: Sequence[WindowRecord], roots: int) -> Check:
    """The two counts side by side."""
    seen = sum(window.total for window in windows)
    when = f"{windows[0].start:%d %b %H:%M} to {windows[-1].end:%H:%M} UTC"
    message = f"{when}: sweeps saw {seen:,} traces, the metrics count {roots:,} roots"
    if abs(roots - seen) <= max(FEW, TOLERANCE * max(roots, seen)):
        return Check(name=NAME, status="ok", message=message)
    if roots > seen:
        remedy = (
            "traces with several roots count more than once there; if yours have one, some came after hours and are "
            "counted when a window is a day old, or later still: raise late_seconds beyond a day"
        )
    else:
        remedy = "traces were deleted since, or their root was: rates of that time speak of more than is there now"
    return Check(name=NAME, status="warn", message=message, remedy=remedy)
