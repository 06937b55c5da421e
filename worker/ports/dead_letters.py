"""Dead letters as they are looked through: there may be more of them than fit into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from assay.worker.records.dead_letters import DeadChoice, DeadLetter


class DeadLetters(Protocol):
    """Everything that gave up and was neither replayed nor dropped. They change in the ledger, by its transitions.

    Raises (all methods):
        StateUnavailable
    """

    def scan(self, choice: DeadChoice) -> AsyncIterator[DeadLetter]:
        """Those that are meant, oldest first; few of them are in memory at once.

        One that comes or goes meanwhile may be left out. A second look finds it.
        """
        ...
