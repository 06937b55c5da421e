"""Whether somebody is told of alerts, and whether whoever is to be told takes it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from assay.judges.team_files.near_names import did_you_mean
from assay.worker.alerts.present import PresentAlerts
from assay.worker.alerts.rules import every_rule
from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings
from assay.worker.ports.health import Check
from assay.worker.wiring.present_alerts import VARIABLES


def alert_checks(present: PresentAlerts, deployment: Deployment, settings: Settings) -> Iterator[Check]:
    """A check of the channels, and one of the weekly message where there is to be one.

    Args:
        present: what fires, and how channels stand.
        deployment: what is asked for.
        settings: the keys.
    """
    open_ones = [channel for channel in present.channels if channel.is_open]
    troubled = [channel for channel in open_ones if channel.problem]
    for channel in troubled:
        yield Check(
            name=f"alerts ({channel.name})",
            status="fail" if channel.is_refused else "warn",
            message=f"does not take alerts: {channel.problem}",
            remedy=f"mend {VARIABLES[channel.name]}, then try it by `assay alerts test --channel {channel.name}`",
            is_configuration=channel.is_refused,
        )
    if not troubled:
        names = ", ".join(channel.name for channel in open_ones)
        told = f"the fleet tells {names}" if names else "no channel is open: only Prometheus tells people"
        yield Check(name="alerts", status="ok", message=told)
    yield from _maintenance_checks(deployment)
    if deployment.digest is not None:
        yield from _digest_checks(deployment.digest.to, settings)


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
