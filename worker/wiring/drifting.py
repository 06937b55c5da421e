"""What the tick of drift does: once a day the traffic is held against its baseline."""

from __future__ import annotations

from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime


async def check_drift(_runtime: Runtime) -> Report:
    """Check what is due."""
    return Report()
