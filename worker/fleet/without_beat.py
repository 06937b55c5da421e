"""Alerts are looked for also while no beat asks for it: that beat is dead is one of them."""

from __future__ import annotations

import asyncio

import structlog

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.ports.state import StateUnavailable
from assay.worker.wiring.runtime import Runtime

LEAST_LATE_S = 120.0
"""When nobody has looked for so long, and for four intervals, no tick comes any more."""

log = structlog.get_logger(__name__)


async def look_without_beat(in_force: RuntimeInForce) -> None:
    """Look for alerts in this process whenever nobody has for a while. Of several processes one does at a time."""
    while True:
        await asyncio.sleep(in_force.runtime.settings.alerts_every_s)
        try:
            async with in_force.borrowed() as runtime:
                await look_if_late(runtime)
        except StateUnavailable as exc:
            log.warning("alerts.not_looked", error=f"Redis {redis_trouble(exc)}")
        except Exception as exc:  # noqa: BLE001  # whatever went wrong, the next look is to come
            log.warning("alerts.not_looked", error=type(exc).__name__)


async def look_if_late(runtime: Runtime) -> bool:
    """Look once if nobody has lately. Whether it was looked.

    Raises:
        StateUnavailable, ConfigurationError
    """
    from assay.worker.alerts.book_keeping import KeptAlerts

    book = await KeptAlerts(runtime.state.key_values).book()
    late_after_s = max(LEAST_LATE_S, 4 * runtime.settings.alerts_every_s)
    # A look in the future is of a clock that was set back since.
    if abs(runtime.clock.now().timestamp() - book.looked_at) < late_after_s:
        return False
    from assay.worker.wiring.alerting import look_for_alerts

    report = await look_for_alerts(runtime)
    log.warning("alerts.looked_without_beat", firing=report.firing, sent=report.sent)
    return True
