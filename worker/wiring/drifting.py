"""What the tick of drift does: once a day the traffic is held against its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.signals.drift.desk import DriftDesk


async def check_drift(runtime: Runtime) -> Report:
    """Check what is due.

    Raises:
        StateUnavailable
        ConfigurationError: the record's address cannot be one.
    """
    from assay.worker.signals.drift.daily import DailyDrift

    daily = DailyDrift(
        desk=drift_desk(runtime),
        key_values=runtime.state.key_values,
        locks=runtime.state.locks,
        clock=runtime.clock,
        use_cases=[case.name for case in runtime.deployment.use_cases],
    )
    return await daily.tick()


def drift_desk(runtime: Runtime) -> DriftDesk:
    """Baselines and checks of a deployment.

    Raises:
        ConfigurationError: the record's address cannot be one.
    """
    from assay.worker.signals.drift.desk import DriftDesk

    return DriftDesk(history=runtime.history, settings=runtime.deployment.drift)
