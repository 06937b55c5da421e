"""What the tick of alerts does: rules are evaluated, and people told."""

from __future__ import annotations

from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime


async def look_for_alerts(_runtime: Runtime) -> Report:
    """Evaluate the rules."""
    return Report()
