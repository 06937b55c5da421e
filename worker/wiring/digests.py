"""What the tick of the digest does: once a week a message for each team."""

from __future__ import annotations

from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime


async def send_digest(_runtime: Runtime) -> Report:
    """Send what is due."""
    return Report()
