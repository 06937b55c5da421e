"""Looking at batches beside all other work of the control worker: a provider that hangs keeps nobody waiting."""

from __future__ import annotations

import asyncio
from contextvars import Context

import structlog

from assay.worker.flow.batch_calls.answers import BatchReport
from assay.worker.flow.batch_calls.collecting import BatchCollector
from assay.worker.ports.state import StateUnavailable

TICK_S = 3.0
"""Seconds for which a tick waits for the look. Answers of many megabytes, or a provider that hangs, take longer: then
the look goes on by itself."""

log = structlog.get_logger(__name__)


class BackgroundLook:
    """At most one look at a time. One instance serves a process; it belongs to its event loop."""

    def __init__(self) -> None:
        """Nothing is looked at yet."""
        self._look: asyncio.Task[BatchReport] | None = None

    async def tick(self, collector: BatchCollector) -> BatchReport:
        """Look at every open batch, unless a look is still under way. Returns what came of it by now.

        Raises:
            StateUnavailable
        """
        if self._look is None:
            # Of no context: the thread that brought this tick serves its CPU work only while the tick lasts.
            self._look = asyncio.get_running_loop().create_task(collector.tick(), context=Context())
        look = self._look
        ended, _ = await asyncio.wait({look}, timeout=TICK_S)
        if not ended:
            look.remove_done_callback(self._ended)
            look.add_done_callback(self._ended)
            return BatchReport()
        self._look = None
        return look.result()

    async def close(self) -> None:
        """End the look. Cut off anywhere, another process does it again."""
        look, self._look = self._look, None
        if look is not None:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)

    def _ended(self, look: asyncio.Task[BatchReport]) -> None:
        """A look that took longer than its tick is told here."""
        if self._look is look:
            self._look = None
        if look.cancelled():
            return
        error = look.exception()
        if isinstance(error, StateUnavailable):
            log.warning("batch.look_failed", error=str(error)[:200])
        elif error is not None:
            log.error("batch.look_failed", error=str(error)[:200], exc_info=error)
