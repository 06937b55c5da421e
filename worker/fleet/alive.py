"""A file that says a process can do its work: for health checks that cannot ask it over HTTP."""

from __future__ import annotations

import structlog

from assay.worker.config.settings import Settings

MARK_EVERY_S = 5.0
"""How often a worker marks it. A health check may call a process dead that has missed several, e.g. for 60 s."""

log = structlog.get_logger(__name__)


def mark_alive(settings: Settings) -> None:
    """Set the time of change of ASSAY_ALIVE_FILE to now; nothing where it is not set.

    A file that cannot be written is told and stops no work: the health check will see it.
    """
    if settings.alive_file is None:
        return
    try:
        settings.alive_file.touch()
    except OSError as exc:
        log.warning("process.alive_file", file=str(settings.alive_file), error=exc.strerror)
