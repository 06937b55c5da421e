"""Verifying in a deployment with several stores: one that hangs or is down holds up no other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from assay.worker.flow.batching import by_store
from assay.worker.flow.verify import Verifier, VerifyReport
from assay.worker.ports.store_errors import StoreBusy, StoreError
from assay.worker.records.ledger import LedgerEntry

PATIENCE_S = 2.0
"""For so long the entries of one store wait for what another one answers."""

log = structlog.get_logger(__name__)


class Verifies(Protocol):
    """Makes sure that scores arrived."""

    async def verify(self) -> VerifyReport:
        """Read back what is posted and due."""
        ...


@dataclass(frozen=True)
class VerifierOfStores:
    """Makes sure that scores arrived, in each store.

    Attributes:
        verifiers: by the store's name, each with a lock of its own.
        store_of: the name of the store that a trace is in.
    """

    verifiers: Mapping[str, Verifier]
    store_of: Callable[[str], str]

    async def verify(self) -> VerifyReport:
        """Read back what is posted and due. A store that another verifier still waits for is left to that one.

        Raises:
            StateUnavailable
        """
        owner = uuid.uuid4().hex
        free = {name: v for name, v in self.verifiers.items() if await v.alone(owner)}
        look = _Look(free, self.store_of, owner)
        try:
            return await look.all()
        finally:
            await look.end()


class _Look:
    """One look at all stores that nobody else looks at."""

    def __init__(self, free: Mapping[str, Verifier], store_of: Callable[[str], str], owner: str) -> None:
        self._free = dict(free)
        self._store_of = store_of
        self._owner = owner
        self._running: dict[str, tuple[asyncio.Task[VerifyReport], int]] = {}
        self._total = VerifyReport()

    async def all(self) -> VerifyReport:
        """Begin with all, go on with those that answer, and wait for the others last, with their locks alone."""
        if not self._free:
            return self._total
        first = next(iter(self._free.values()))
        now = first.clock.now()
        while len(self._free) > len(self._running) and (entries := await first.posted(now)):
            self._begin(entries)
            if self._running:
                await asyncio.wait([task for task, _ in self._running.values()], timeout=PATIENCE_S)
            await self._collect()
        for name in [name for name in self._free if name not in self._running]:
            await self._free.pop(name).release(self._owner)
        while self._running:
            await asyncio.wait([task for task, _ in self._running.values()])
            await self._collect()
        return self._total

    async def end(self) -> None:
        """Let go of everything."""
        for task, _ in self._running.values():
            task.cancel()
        await asyncio.gather(*(task for task, _ in self._running.values()), return_exceptions=True)
        for verifier in self._free.values():
            await verifier.release(self._owner)

    def _begin(self, entries: Sequence[LedgerEntry]) -> None:
        """Read back what is of a store that is free. The rest comes again within seconds."""
        for name, group in by_store(entries, self._store_of, lambda entry: entry.trace_id).items():
            verifier = self._free.get(name)
            if verifier is not None and name not in self._running:
                self._running[name] = asyncio.create_task(verifier.look_for(group, self._owner)), len(group)

    async def _collect(self) -> None:
        """Add what is done. A store that failed is not asked again in this look."""
        for name, (task, n) in list(self._running.items()):
            if not task.done():
                continue
            del self._running[name]
            try:
                self._total += task.result()
            except StoreBusy as exc:
                log.info("verify.store_busy", store=name, retry_after_s=exc.retry_after_s)
            except StoreError as exc:
                log.warning("verify.store_unavailable", store=name, error=str(exc)[:200])
                self._total += VerifyReport(put_off=n)
            else:
                continue
            await self._free.pop(name).release(self._owner)
