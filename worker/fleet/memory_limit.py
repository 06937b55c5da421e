"""A worker whose memory has grown to a limit asks to be started again, before the system ends it amid its work."""

from __future__ import annotations

import math
import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


ROOM = 1.3
"""A limit must be this much more than a worker holds that has just begun, or it would be started again for ever."""


def usable_limit(limit_mb: int | None) -> int | None:
    """The limit, if a worker that has begun, and has done nothing yet, has room below it. None is told as an error.

    Args:
        limit_mb: as for `is_over`.
    """
    needed_mb = math.ceil(ROOM * _resident_mb())
    if limit_mb is None or limit_mb >= needed_mb:
        return limit_mb
    log.error(
        "process.memory_limit_too_low",
        limit_mb=limit_mb,
        remedy=f"without work a worker needs more than that; set ASSAY_MEMORY_LIMIT_MB to {needed_mb} at least",
        then="goes on without a limit",
    )
    return None


def is_over(limit_mb: int | None) -> bool:
    """Whether this process holds as much memory as it may. That is logged.

    Args:
        limit_mb: in units of 1024 × 1024 bytes; None: no limit.
    """
    if limit_mb is None:
        return False
    held_mb = _resident_mb()
    if held_mb < limit_mb:
        return False
    log.warning("process.memory_limit", held_mb=held_mb, limit_mb=limit_mb, then="ends in order, to be started again")
    return True


def _resident_mb() -> int:
    """What this process holds in memory now. Where the system does not say, 0."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)
