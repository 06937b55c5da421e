"""Who is told of each trace that is judged and of each whose scores were posted: nobody, unless wiring says so.

Judging knows nothing of spans. It tells a watch, which must neither wait nor raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from assay.judges.schema import Outcome
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.scores import Score

Told = Callable[[Outcome], None]
"""Takes what the judging of a trace came to."""


class AssessmentWatch(Protocol):
    """What happens to single traces, in the process in which it happens."""

    def judging(self, entry: LedgerEntry, root_id: str) -> AbstractContextManager[Told]:
        """What the judging of a trace runs within, in a task of its own.

        Args:
            entry: its ledger entry.
            root_id: the store's id of the trace's root observation.
        """
        ...

    def posted(self, judged: Sequence[tuple[LedgerEntry, Sequence[Score]]]) -> None:
        """The store took the scores of these traces. They may be told again: posting is repeated after a crash."""
        ...


class NoWatch:
    """Nobody is told."""

    def judging(self, entry: LedgerEntry, root_id: str) -> AbstractContextManager[Told]:
        """Nothing."""
        return nullcontext(_ignore)

    def posted(self, judged: Sequence[tuple[LedgerEntry, Sequence[Score]]]) -> None:
        """Nothing."""


def _ignore(_outcome: Outcome) -> None:
    pass
