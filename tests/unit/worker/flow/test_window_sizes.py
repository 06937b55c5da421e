"""After an edit of `window_seconds`, each moment still lies in one window."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.flow.windows import aligned, tiles
from assay.worker.records.windows import WindowRecord
from tests.builders import NOW

SIZES = st.sampled_from([10, 15, 60, 300, 600, 900, 1800, 3600])
EDITS = st.lists(st.tuples(SIZES, st.integers(min_value=0, max_value=7200)), min_size=1, max_size=6)


@given(EDITS)
def test_windows_of_any_sizes_leave_no_gap_and_no_moment_twice(edits: list[tuple[int, int]]) -> None:
    recorded: list[WindowRecord] = []
    start, now = aligned(NOW, timedelta(hours=1)), NOW
    for seconds, later in edits:
        now += timedelta(seconds=later)
        recorded = tiles(start, now, timedelta(seconds=seconds), recorded)
    size = timedelta(seconds=edits[-1][0])
    assert all(before.end == after.start for before, after in pairwise(recorded))
    assert not recorded or recorded[0].start == start
    assert (recorded[-1].end if recorded else start) > now - size


def test_window_that_was_doubled_begins_where_the_shorter_ones_end() -> None:
    start = aligned(NOW, timedelta(hours=1))
    half = timedelta(minutes=30)
    recorded = [WindowRecord(start=start, end=start + half)]
    windows = tiles(start, start + 4 * half, 2 * half, recorded)
    assert [(each.start - start) / half for each in windows] == [0, 1, 2]
    assert windows[1].end == windows[2].start
