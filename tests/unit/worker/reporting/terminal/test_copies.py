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


def test_it_is_told_why_copies_wait() -> None:
    held = CopyCounts(waiting=3, oldest=NOW, held="POST /v1/traces: 500: no message", held_until=NOW)
    line = "copies to audit: 3 traces to write, 0 to be shown"
    why = f"; left alone until {NOW:%H:%M:%S} UTC: POST /v1/traces: 500: no message"
    assert copies_line("audit", held, NOW) == line + why
    gone = CopyCounts(waiting=3, oldest=NOW, is_named=False)
    remedy = "; no use case names it any more: name audit in `copies_to` again, or they are given up after 24 h"
    assert copies_line("audit", gone, NOW) == line + remedy
    assert copies_line("audit", CopyCounts(is_named=False), NOW).endswith("; no use case names it any more")
