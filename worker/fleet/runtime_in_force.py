"""The runtime that new work begins with, replaced when the configuration's files were edited."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from assay.worker.wiring.config_announcement import keep_last_edit, keep_start
from assay.worker.wiring.config_version import config_version
from assay.worker.wiring.reload import ConfigWatch, Edit
from assay.worker.wiring.runtime import Runtime

log = structlog.get_logger(__name__)


class RuntimeInForce:
    """Lends the runtime. What has begun keeps the one it began with, so no work sees half an edit.

    All methods belong to one event loop.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._borrowers: Counter[Runtime] = Counter()
        self._replaced: set[Runtime] = set()

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Runtime]:
        """The runtime in force, the same to the end of the block."""
        runtime = self.runtime
        self._borrowers[runtime] += 1
        try:
            yield runtime
        finally:
            self._borrowers[runtime] -= 1
            await self._close_if_done(runtime)

    async def watch_files(self) -> None:
        """Take up edits, for ever. An edit is seen twice, so it is taken up within two looks and what reading takes."""
        watch = ConfigWatch(self.runtime)
        await self._tell_start()
        while True:
            await asyncio.sleep(self.runtime.settings.config_look_every_s)
            try:
                edit = await asyncio.to_thread(watch.look, self.runtime)
                if edit is not None:
                    await self._take_up(edit)
                    await keep_last_edit(self.runtime.state.key_values, self.runtime.clock, edit)
            except Exception:  # a look that fails must not be the last one
                log.exception("config.look_failed")

    async def _tell_start(self) -> None:
        """Replace what was told of an edit before this start, where it is no longer true."""
        try:
            await keep_start(self.runtime.state.key_values, self.runtime.clock, config_version(self.runtime))
        except Exception:  # to tell it is not worth a worker
            log.exception("config.look_failed")

    async def _take_up(self, edit: Edit) -> None:
        if edit.problem:
            log.error("config.not_taken_up", error=edit.problem, in_force=edit.was)
            return
        if edit.successor is None:
            log.info("config.mended", in_force=edit.was)
            return
        replaced, self.runtime = self.runtime, edit.successor
        edit.successor.come_into_force()
        log.info("config.taken_up", was=edit.was, now=config_version(edit.successor), changes=edit.changes)
        self._replaced.add(replaced)
        await self._close_if_done(replaced)

    async def _close_if_done(self, runtime: Runtime) -> None:
        """Close the store of a runtime that nobody uses any more. What it shares with its successor stays open."""
        if runtime in self._replaced and not self._borrowers[runtime]:
            self._replaced.discard(runtime)
            del self._borrowers[runtime]
            await runtime.stores.close()
