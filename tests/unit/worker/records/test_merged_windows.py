"""Windows of several stores: one record for each time, with the sums of all."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.records.windows import ResolvedRate, WindowRecord, merged_windows
from tests.builders import NOW


def window(store: str = "", minutes: int = 0, **over: object) -> WindowRecord:
    start = NOW + timedelta(minutes=minutes)
    return WindowRecord.model_validate({"start": start, "end": start + timedelta(minutes=5), "store": store, **over})


def test_windows_of_one_time_are_summed_and_others_stay() -> None:
    rate = ResolvedRate(rate=0.1, why="configured")
    first = window(seen={"bot": 5}, rates={"bot": rate}, scans=2, is_final=True, unmatched=1, rootless=3)
    second = window("rag", seen={"docs": 7}, rates={"docs": rate}, scans=1, next_scan=NOW, excluded=2, late=1)
    alone = window(minutes=5, seen={"bot": 1})
    together, later = merged_windows([alone, second, first])
    assert together.seen == {"bot": 5, "docs": 7}
    assert set(together.rates) == {"bot", "docs"}
    assert (together.scans, together.is_final, together.next_scan, together.total) == (1, False, None, 15)
    assert (together.unmatched, together.excluded, together.late, together.rootless) == (1, 2, 1, 3)
    assert later == alone
