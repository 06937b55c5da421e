"""What commands ask of a store to say which traces no sweep will look at."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from assay.worker.ports.capabilities import WithTotals, WithTraceImport

if TYPE_CHECKING:
    from assay.worker.flow.coverage import Coverage
    from assay.worker.wiring.runtime import Runtime


async def read_coverage(
    runtime: Runtime, *, most: int, between: tuple[datetime, datetime] | None = None
) -> Coverage | None:
    """What sweeps will do with traces they have not looked at. None for empty stores and those that are dear to list.

    Args:
        runtime: the deployment's.
        most: traces after which no more are looked at.
        between: only traces that started in this range.

    Raises:
        StateUnavailable, StoreUnavailable, StoreRejected
    """
    part = next((part for part in runtime.stores.parts if isinstance(part.store, WithTraceImport)), None)
    if part is None or (isinstance(part.store, WithTotals) and not await part.store.count_traces()):
        return None
    from assay.worker.flow.candidates import Chooser
    from assay.worker.flow.coverage import EARLIEST, LATEST, look_for_uncovered

    return await look_for_uncovered(
        part.store,
        runtime.state.windows.of(part.mark),
        Chooser(deployment=runtime.deployment.of_store(part.place.name), rubrics=runtime.rubrics, calibrations={}),
        runtime.clock.now(),
        between=between or (EARLIEST, LATEST),
        most=most,
    )
