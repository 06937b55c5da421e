"""Who may have ended a worker: traces that it worked on when it vanished."""

from __future__ import annotations

from typing import Protocol


class Suspects(Protocol):
    """Blame that is laid on a ledger entry before a step that may end the process, and taken back after it.

    A worker that vanishes takes nothing back. Any outcome clears an entry. Only its owner changes an entry.

    Raises (all methods):
        StateUnavailable
    """

    async def blame(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """If the worker vanishes from now on, it was this trace."""
        ...

    async def absolve(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """The worker lives on."""
        ...
