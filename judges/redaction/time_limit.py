"""How long the search for private values of one sample may take."""

from __future__ import annotations

import time

from assay.judges.errors import UnjudgeableSample

FAILED = "redaction_failed"
"""Why a trace is skipped whose private values could not be found for certain."""

SECONDS = 10.0
"""A million characters of prose take about 2 s. Time of the processor counts, not that of a busy machine's clock."""


class TimeLimit:
    """Ends a search that takes too long. The sample is not judged then: what was not searched may be private."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Go on, or end it.

        Raises:
            UnjudgeableSample: the time is up (`redaction_failed`).
        """
        if time.thread_time() > self._end:
            raise UnjudgeableSample(FAILED, f"the search for private values took more than {self._seconds:g} s")
