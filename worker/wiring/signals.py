"""What the tick of signals does: rates, costs and SLOs of the record, computed and kept."""

from __future__ import annotations

from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime


async def keep_signals(_runtime: Runtime) -> Report:
    """Compute what is due."""
    return Report()
