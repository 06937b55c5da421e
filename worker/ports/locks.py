"""Named locks that all workers see."""

from __future__ import annotations

from typing import Protocol


class Locks(Protocol):
    """Named locks that end by themselves: a holder that died stops the others for a while, never for ever.

    Raises (all methods):
        StateUnavailable
    """

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock for at most `ttl_s` seconds, or hold one's own for longer.

        Returns:
            False if another owner has it.
        """
        ...

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        ...
