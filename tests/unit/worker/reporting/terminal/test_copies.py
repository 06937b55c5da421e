"""How copies stand, on one line."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.copies import CopyCounts, EndedCopies
from assay.worker.reporting.terminal.copies import copies_line
from tests.builders import NOW


def test_copies_are_told_on_one_line() -> None:
    ended = (
        EndedCopies(outcome="given_up", reason="rejected", traces=1),
        EndedCopies(outcome="verified", traces=4120),
    )
    counts = CopyCounts(waiting=3, written=2, oldest=NOW, ended=ended)
    line = "copies to audit: 3 traces to write, 2 to be shown, 1 given up (rejected), 4,120 verified"
    assert copies_line("audit", counts, NOW) == line
    assert copies_line("audit", counts, NOW + timedelta(hours=2)) == f"{line}; the oldest waits for 120 min"
