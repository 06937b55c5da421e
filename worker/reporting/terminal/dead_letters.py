"""Dead letters as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from assay.worker.flow.dead_letters import DeadCount
from assay.worker.records.dead_letters import DeadLetter
from assay.worker.reporting.dead_reasons import remedy_of
from assay.worker.reporting.terminal.text import shown


def count_table(counts: Iterable[DeadCount]) -> Table:
    """How many gave up for which reason, and what to do about it."""
    table = Table("reason", "use case", "rubric", "letters", "what to do")
    for count in counts:
        table.add_row(
            shown(count.reason),
            shown(count.use_case),
            shown(count.rubric),
            f"{count.letters:,}",
            shown(remedy_of(count.reason)),
        )
    return table


def dead_table(letters: Iterable[DeadLetter]) -> Table:
    """What gave up, and why."""
    table = Table("gave up at", "use case", "rubric", "trace", "reason", "attempts", "detail")
    for letter in letters:
        table.add_row(
            f"{letter.gave_up_at:%Y-%m-%d %H:%M:%S}",
            shown(letter.use_case),
            shown(letter.rubric),
            shown(letter.trace_id),
            shown(letter.reason),
            str(letter.attempts),
            shown(letter.detail),
        )
    return table
