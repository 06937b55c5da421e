"""Dead letters as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from assay.worker.records.ledger import LedgerEntry
from assay.worker.reporting.terminal.text import shown


def dead_table(letters: Sequence[LedgerEntry]) -> Table:
    """What gave up, and why."""
    table = Table("gave up at", "use case", "rubric", "trace", "reason", "attempts", "detail")
    for letter in letters:
        table.add_row(
            f"{letter.changed_at:%Y-%m-%d %H:%M:%S}",
            letter.promise.use_case,
            letter.promise.rubric,
            shown(letter.trace_id),
            letter.reason,
            str(letter.attempts),
            shown(letter.detail),
        )
    return table
