"""What came of writing some entries, and how it is told what could not be written."""

from __future__ import annotations

from dataclasses import dataclass

from assay.judges.errors import EvaluationError
from assay.worker.ports.ended_entries import Unreadable
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.records.ledger import LedgerEntry

_OTHERS = "it waits, and other rows are written"


@dataclass(frozen=True)
class Attempt:
    """How many rows were written, how many the database took not, and why not the first of those."""

    written: int = 0
    refused: int = 0
    problem: HistoryUnavailable | None = None

    def and_then(self, other: Attempt) -> Attempt:
        """Both together."""
        return Attempt(self.written + other.written, self.refused + other.refused, self.problem or other.problem)


def refusal(entry: LedgerEntry, error: Exception) -> str:
    """Which row is refused. What a library says of it may quote what is in the row."""
    what = str(error) if isinstance(error, EvaluationError) else type(error).__name__
    return (
        f"the record takes no row of {_shown(entry.trace_id, entry.promise.rubric)}: {what}; this is a fault "
        f"of Assay's, please report it; {_OTHERS}"
    )


def not_read(entry: Unreadable) -> HistoryUnavailable:
    """Which entry cannot be read. Mostly an older Assay works beside a newer one."""
    return HistoryUnavailable(
        f"the entry of {_shown(entry.trace_id, entry.rubric)} cannot be read ({entry.cause}); if a newer Assay wrote "
        f"it, upgrade this control worker too; {_OTHERS}"
    )


def failure(error: Exception) -> str:
    """What is told where nobody foresaw an error."""
    return f"the record cannot be written: {type(error).__name__}; this is a fault of Assay's, please report it"


def _shown(trace_id: str, rubric: str) -> str:
    return f"trace {trace_id[:100]!a} (rubric {rubric[:100]})"
