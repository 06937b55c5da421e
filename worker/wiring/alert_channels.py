"""Who is told, by the keys that are set: a channel without one is off."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.notice import Channel
from assay.worker.alerts.pagerduty import PagerDuty
from assay.worker.alerts.slack import Slack
from assay.worker.alerts.webhook import Webhook
from assay.worker.config.alerting import Alerting
from assay.worker.config.settings import Settings


def open_channels(settings: Settings, alerting: Alerting) -> list[Channel]:
    """The channels that have a key."""
    return list(_channels(settings, alerting))


def _channels(settings: Settings, alerting: Alerting) -> Iterator[Channel]:
    source, tell = alerting.source, alerting.tell
    if settings.pagerduty_routing_key is not None:
        yield PagerDuty(settings.pagerduty_routing_key, settings.pagerduty_url, source, tell.pagerduty)
    if settings.slack_webhook_url is not None:
        yield Slack(settings.slack_webhook_url, source, tell.slack)
    if settings.alert_webhook_url is not None:
        yield Webhook(settings.alert_webhook_url, source, tell.webhook)
