"""The sweeps of a deployment with several stores: each store has its own, and they run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from assay.worker.config.calibration_sets import CalibrationSet
from assay.worker.flow.store_order import StoreOrder
from assay.worker.flow.sweep import Sweeper, SweepReport
from assay.worker.flow.window_scan import WindowScanner

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sweeps:
    """Looks through the windows of all stores.

    Attributes:
        by_store: the sweeper of each store by its name. One store's sweep never waits for another's.
        scanner: looks at the traces of all stores, for plans. It records nothing.
        order: knows which store was the first. None: nothing is remembered.
    """

    by_store: Mapping[str, Sweeper]
    scanner: WindowScanner
    order: StoreOrder | None = None

    @property
    def calibrations(self) -> Mapping[str, CalibrationSet]:
        """Those in force."""
        return next(iter(self.by_store.values())).calibrations

    async def sweep(self) -> SweepReport:
        """Scan every window of each store that is due. What is due of a store that fails stays due.

        Raises:
            StateUnavailable
        """
        if self.order is not None:
            if trouble := await self.order.trouble():
                log.error("sweep.other_first_store", error=trouble)
                return SweepReport()
            await self.order.remember()
        if len(self.by_store) == 1:
            return await next(iter(self.by_store.values())).sweep()
        sweeps = [sweeper.sweep() for sweeper in self.by_store.values()]
        results = await asyncio.gather(*sweeps, return_exceptions=True)
        reports = [result for result in results if isinstance(result, SweepReport)]
        for result in results:
            if isinstance(result, BaseException):
                raise result
        total = sum(reports, SweepReport())
        # One store's sweep that runs already, or waits, is told where all of them do.
        return total.model_copy(
            update={
                "skipped_because_running": all(report.skipped_because_running for report in reports),
                "held_back": all(report.held_back for report in reports),
            }
        )
