"""Named locks in the memory of one process. They end only when they are given back."""

from __future__ import annotations


class MemoryLocks:
    """`assay.worker.ports.locks.Locks` without a server."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock, or hold one's own for longer."""
        return self._owners.setdefault(name, owner) == owner

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        if self._owners.get(name) == owner:
            del self._owners[name]
