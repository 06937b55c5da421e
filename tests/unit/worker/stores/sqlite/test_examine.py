"""What the embedded store says of itself: how many traces, how old, and the next step where there are none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assay.worker.records.traces import utc_iso
from assay.worker.stores.sqlite.examine import ages_check
from tests.builders import NOW


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ((timedelta(seconds=20),), "1 trace, just now"),
        ((timedelta(minutes=1), timedelta(minutes=1)), "2 traces, 1 minute old"),
        ((timedelta(minutes=30), timedelta(days=8)), "2 traces, newest 30 minutes old, oldest 8 days old"),
        ((timedelta(hours=30),), "1 trace, 30 hours old"),
        ((timedelta(minutes=90),), "1 trace, 90 minutes old"),
        ((-timedelta(days=3),), "1 trace, dated in the future (2026-11-24T12:00)"),
    ],
)
def test_count_and_ages_are_told(ages: tuple[timedelta, ...], words: str) -> None:
    starts = [utc_iso(NOW - age) for age in ages]
    check = ages_check("p", {"traces": len(starts), "newest": max(starts), "oldest": min(starts)}, NOW)
    assert check.message == f"embedded, project p: {words}"
    assert check.status == "ok"


def test_an_empty_store_names_the_next_step() -> None:
    check = ages_check("p", {"traces": 0, "newest": None, "oldest": None}, NOW)
    assert (check.status, "assay import" in check.remedy) == ("warn", True)
