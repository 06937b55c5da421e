"""Whether somebody is told of alerts, and whether whoever is to be told takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import SecretStr

from assay.judges.team_files.near_names import did_you_mean
from assay.worker.alerts.present import PresentAlerts
from assay.worker.alerts.rules import every_rule
from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings
from assay.worker.ports.health import Check
from assay.worker.ports.posting import is_web_address
from assay.worker.wiring.present_alerts import VARIABLES

_PAGERDUTY = re.compile(r"https?://([a-z0-9-]+\.)*pagerduty\.com(:\d+)?(/.*)?", re.IGNORECASE)
"""PagerDuty itself, e.g. `https://events.eu.pagerduty.com`, and not what takes its events."""

_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
"""Its integration keys (Events API v2). Any other is refused."""


def alert_checks(present: PresentAlerts, deployment: Deployment, settings: Settings) -> Iterator[Check]:
    """A check of the channels, and one of the weekly message where there is to be one.

    Args:
        present: what fires, and how channels stand.
        deployment: what is asked for.
        settings: the keys.
    """
    open_ones = [channel for channel in present.channels if channel.is_open]
    wrong = list(_key_checks(settings))
    yield from wrong
    named = {check.name for check in wrong}
    troubled = [channel for channel in open_ones if channel.problem and f"alerts ({channel.name})" not in named]
    for channel in troubled:
        yield Check(
            name=f"alerts ({channel.name})",
            status="fail" if channel.is_refused else "warn",
            message=f"does not take alerts: {channel.problem}",
            remedy=f"mend {VARIABLES[channel.name]}, then try it by `assay alerts test --channel {channel.name}`",
            is_configuration=channel.is_refused,
        )
    if not troubled and not wrong:
        names = ", ".join(channel.name for channel in open_ones)
        told = f"the fleet tells {names}" if names else "no channel is open: only Prometheus tells people"
        yield Check(name="alerts", status="ok", message=told)
    yield from _maintenance_checks(deployment)
    if deployment.digest is not None:
        yield from _digest_checks(deployment.digest.to, settings)
        if present.digest:
            yield Check(
                name="digest",
                status="warn",
                message=f"{len(present.digest):,} of the last weekly messages not taken: {present.digest[0]}",
                remedy="mend where it is sent, then send it by `assay digest --send`",
                lines=present.digest[1:20],
            )


def _key_checks(settings: Settings) -> Iterator[Check]:
    """Keys that cannot be right, as they read: told before the first alert is lost."""
    addresses = {
        "alerts (slack)": ("ASSAY_SLACK_WEBHOOK_URL", settings.slack_webhook_url),
        "alerts (webhook)": ("ASSAY_ALERT_WEBHOOK_URL", settings.alert_webhook_url),
        "digest (webhook)": ("ASSAY_DIGEST_WEBHOOK_URL", settings.digest_webhook_url),
        "golden (webhook)": ("ASSAY_GOLDEN_WEBHOOK_URL", settings.golden_webhook_url),
    }
    for name, (variable, url) in addresses.items():
        if url is not None and not is_web_address(url.get_secret_value()):
            yield _wrong_key(name, f"{variable} is no web address", "write it whole, as https://host/path")
    key = settings.pagerduty_routing_key
    if key is not None and _PAGERDUTY.fullmatch(settings.pagerduty_url) and not _is_routing_key(key):
        words = "ASSAY_PAGERDUTY_ROUTING_KEY is no integration key: those are of 32 letters and digits"
        yield _wrong_key("alerts (pagerduty)", words, "take that of the service's integration Events API V2")


def _is_routing_key(key: SecretStr) -> bool:
    return _ROUTING_KEY.fullmatch(key.get_secret_value()) is not None


def _wrong_key(name: str, message: str, remedy: str) -> Check:
    return Check(name=name, status="fail", message=message, remedy=remedy, is_configuration=True)


def _maintenance_checks(deployment: Deployment) -> Iterator[Check]:
    """Windows that name what there is not: they would mute nothing, and nobody would see it before."""
    known = {
        "use_cases": [case.name for case in deployment.use_cases],
        "rules": [rule.name for rule in every_rule(deployment)],
    }
    for at, window in enumerate(deployment.alerts.maintenance):
        for key, names in known.items():
            for glob in getattr(window, key):
                if not any(fnmatchcase(name, glob) for name in names):
                    yield Check(
                        name="maintenance",
                        status="warn",
                        message=f"alerts.maintenance[{at}].{key}: {glob!a} matches nothing",
                        remedy=f"mend it in assay.yaml; {did_you_mean(glob, names)}",
                    )


def _digest_checks(places: tuple[str, ...], settings: Settings) -> Iterator[Check]:
    addresses = {
        "slack": ("ASSAY_SLACK_WEBHOOK_URL", settings.slack_webhook_url),
        "webhook": ("ASSAY_DIGEST_WEBHOOK_URL", settings.digest_webhook_url),
    }
    for name, (variable, url) in addresses.items():
        if name in places and url is None:
            yield Check(
                name="digest",
                status="fail",
                message=f"digest.to names {name}, which has no address",
                remedy=f"set {variable}, or take {name} out of digest.to in assay.yaml",
                is_configuration=True,
            )
