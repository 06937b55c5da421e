"""What fires now and which channels are open, read without anything that evaluates or sends."""

from __future__ import annotations

from assay.worker.alerts.book_keeping import KeptAlerts
from assay.worker.alerts.digest.slots import DigestSlots
from assay.worker.alerts.muting import MuteBook
from assay.worker.alerts.present import PresentAlerts, present_alerts
from assay.worker.config.settings import Settings
from assay.worker.wiring.runtime import Runtime

VARIABLES = {
    "pagerduty": "ASSAY_PAGERDUTY_ROUTING_KEY",
    "slack": "ASSAY_SLACK_WEBHOOK_URL",
    "webhook": "ASSAY_ALERT_WEBHOOK_URL",
}
"""What opens each channel."""


def open_names(settings: Settings) -> list[str]:
    """The channels that have a key."""
    keys = {
        "pagerduty": settings.pagerduty_routing_key,
        "slack": settings.slack_webhook_url,
        "webhook": settings.alert_webhook_url,
    }
    return [name for name, key in keys.items() if key is not None]


async def read_present_alerts(runtime: Runtime) -> PresentAlerts:
    """What fires now, as the last look left it.

    Raises:
        StateUnavailable
    """
    state, now = runtime.state, runtime.clock.now().timestamp()
    present = present_alerts(
        await KeptAlerts(state.key_values).book(),
        await MuteBook(state.key_values, state.locks).mutes(now),
        now,
        open_names=open_names(runtime.settings),
        known_names=list(VARIABLES),
    )
    asked = runtime.deployment.digest
    slot = None if asked is None else await DigestSlots(state.key_values).latest(asked.times, runtime.clock.now())
    return present if slot is None else present.model_copy(update={"digest": slot.troubles})
