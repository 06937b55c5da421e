"""When a golden set runs by itself."""

from __future__ import annotations

from typing import Literal

from assay.worker.records.local_times import LocalTimes


class Schedule(LocalTimes):
    """`weekly: "Mon 06:00"` or `"Mon-Fri 06:00"`, or `daily: "06:00"`, or lists of these; in the zone `timezone`.

    In spring the skipped hour runs one hour later. In autumn the repeated hour runs once, the first time.
    `judge_by: batch` has the judge's calls answered by a provider's batches: at half the price, within days.
    """

    judge_by: Literal["live", "batch"] = "live"
