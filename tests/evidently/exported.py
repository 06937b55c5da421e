"""What `assay drift export` writes of a small bot."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from assay.worker.config.drifting import Drifting
from assay.worker.reporting.drift.evidently_files import write_evidently
from assay.worker.signals.drift.capturing import Origin
from assay.worker.signals.drift.desk import DriftDesk, Period
from tests.unit.worker.signals.drift.bots import MONDAY, record_of, traffic

WEEK = Period(MONDAY, MONDAY + timedelta(days=7))
NEXT = Period(WEEK.until, WEEK.until + timedelta(days=7))


def exported(folder: Path) -> Path:
    """A baseline of 400 traces and 300 others, written."""

    async def write() -> None:
        now = traffic(300, since=NEXT.since, seed=1, german=0.6, newtopic=0.1)
        desk = DriftDesk(await record_of(traffic(400), now), Drifting())
        seen = await desk.traces("bot", WEEK)
        origin = Origin("bot", "first", "period", "a week", *WEEK)
        baseline = await desk.capture(origin, seen.observations, WEEK.until)
        write_evidently(folder, baseline, (await desk.traces("bot", NEXT)).observations)

    asyncio.run(write())
    return folder
