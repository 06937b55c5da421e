"""What the tick of alerts does: rules are evaluated, and people told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from assay.worker.alerts.looking import AlertDesk, AlertReport, reopen
from assay.worker.alerts.rules import alert_rules
from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.records.metrics.metric import Sample
from assay.worker.wiring.alert_channels import open_channels
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.worst_traces import WorstTraces

REOPEN_TRIES = 10
"""How often, half a second apart: a look takes a moment."""


async def look_for_alerts(runtime: Runtime) -> AlertReport:
    """Evaluate the rules once, and send what is owed.

    Raises:
        StateUnavailable
    """
    return await alert_desk(runtime).look(await present_samples(runtime))


def alert_desk(runtime: Runtime) -> AlertDesk:
    """What looks after the alerts of this deployment.

    Raises:
        ConfigurationError: `alerts:` names a rule that does not exist.
    """
    deployment, state = runtime.deployment, runtime.state
    return AlertDesk(
        key_values=state.key_values,
        locks=state.locks,
        clock=runtime.clock,
        rules=alert_rules(deployment),
        alerting=deployment.alerts,
        owners={case.name: case.owner for case in deployment.use_cases if case.owner},
        channels=open_channels(runtime.settings, deployment.alerts),
        worst=WorstTraces(runtime).links,
    )


async def present_samples(runtime: Runtime) -> Sequence[Sample]:
    """What the fleet's state says now, and what ticks computed last.

    Raises:
        StateUnavailable
    """
    from assay.worker.wiring.fleet_metrics import fleet_samples

    snapshots = await kept_snapshots(runtime.state.key_values)
    return [*await fleet_samples(runtime), *(sample for snapshot in snapshots for sample in snapshot.samples)]


async def reopen_channels(runtime: Runtime, names: Sequence[str]) -> None:
    """Send to channels again that refused what they were sent, now that they took a test.

    Raises:
        StateUnavailable, ConfigurationError
    """
    for _ in range(REOPEN_TRIES if names else 0):
        if await reopen(alert_desk(runtime), names):
            return
        await asyncio.sleep(0.5)
