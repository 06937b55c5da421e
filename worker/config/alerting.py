"""`alerts:` and `digest:` in assay.yaml: who is told of what, when nobody is to be told, and the weekly message."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from assay.worker.config.alert_thresholds import AlertThresholds
from assay.worker.config.maintenance import Maintenance
from assay.worker.config.section import FilledSection
from assay.worker.records.local_times import LocalTimes

AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{2,60}$")]
"""A rule's name, e.g. `LLMHallucinationSpike`, as `assay alerts ls` shows it."""

PageAddress = Annotated[str, Field(pattern=r"^https?://[^\s#]+$", max_length=500)]
"""A page that headings are added to, e.g. `https://wiki.example.org/runbook`, to which `#beat-dead` is."""

SiteAddress = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]
"""A site that paths are added to, e.g. `https://grafana.example.org`."""

SecretFile = Annotated[str, Field(pattern=r"^/[^\s]+$", max_length=500)]


class OwnerRoute(FilledSection):
    """Where Alertmanager sends what concerns the use cases of one owner. A key left out: as for everybody."""

    owner: str = Field(min_length=1, max_length=100, description="As use cases have it.")
    pagerduty_key_file: SecretFile | None = Field(
        default=None, description="File, where Alertmanager runs, with the team's integration key (Events v2)."
    )
    slack_url_file: SecretFile | None = Field(default=None, description="File with the team's Slack webhook.")


Severities = tuple[Literal["page", "ticket", "info"], ...]


class Told(FilledSection):
    """How urgent an alert must be for the fleet to send it to a channel itself. A channel without a key is off."""

    pagerduty: Severities = ("page",)
    slack: Severities = ("page", "ticket")
    webhook: Severities = ("page", "ticket", "info")


class Alerting(FilledSection):
    """Which alerts there are, who is told of them, and when nobody is."""

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_key(cls, value: object) -> object:
        """The key `off` without quotes, which YAML reads as false."""
        if not isinstance(value, dict) or not any(key is False for key in value):
            return value
        if "off" in value:
            raise ValueError("off: stands twice, with quotes and without; remove one")
        return {"off" if key is False else key: inner for key, inner in value.items()}

    dashboards_url: SiteAddress | None = Field(
        default=None, description="Where Grafana is, e.g. https://grafana.example.org; alerts link its dashboards."
    )
    runbook_url: PageAddress | None = Field(
        default=None, description="Where your copy of docs/runbook.md is; alerts link its headings."
    )
    thresholds: AlertThresholds = AlertThresholds()
    allow_uncalibrated: bool = Field(
        default=False,
        description="Whether flags of a risk that is not calibrated may alert. The local screen never pages.",
    )
    off: tuple[AlertName, ...] = Field(default=(), description="Rules that are neither rendered nor evaluated.")
    severities: dict[AlertName, Literal["page", "ticket", "info"]] = Field(
        default_factory=dict, description="Rules that are more, or less, urgent to you."
    )
    routes: tuple[OwnerRoute, ...] = Field(default=(), description="Teams with receivers of their own.")
    source: str = Field(
        default="assay",
        min_length=1,
        max_length=60,
        description="What alerts that the fleet sends say they come from; give each deployment its own.",
    )
    tell: Told = Told()
    repeat_pages_hours: float = Field(
        default=4.0, ge=0.25, le=168, description="How often a page that goes on is told to Slack and webhook again."
    )
    maintenance: tuple[Maintenance, ...] = Field(
        default=(), description="When nobody is told: what still holds afterwards is told then."
    )


class Digest(FilledSection):
    """The weekly message: when, where to, and over which week: the seven UTC days before."""

    weekly: str = Field(default="Mon 08:00", description='When it is sent: "Mon 08:00".')
    timezone: str = Field(default="UTC", description="Of that time, e.g. Europe/Berlin.")
    to: tuple[Literal["slack", "webhook", "file"], ...] = Field(
        default=("slack",),
        min_length=1,
        description="slack: ASSAY_SLACK_WEBHOOK_URL; webhook: ASSAY_DIGEST_WEBHOOK_URL.",
    )
    folder: str = Field(
        default="digests", min_length=1, description="Of `file`: HTML and Markdown, in the data directory or absolute."
    )

    @model_validator(mode="after")
    def _is_a_time(self) -> Digest:
        if not self.weekly.strip():
            raise ValueError('weekly: is empty; write "Mon 08:00"')
        if re.search(r"[-,]", self.weekly.partition(" ")[0]):
            raise ValueError('weekly: names several days; write one, as "Mon 08:00": each message is of seven days')
        if not self.times.weekly:
            raise ValueError('weekly: is no time; write "Mon 08:00"')
        return self

    @property
    def times(self) -> LocalTimes:
        """Its times."""
        return LocalTimes(weekly=self.weekly, timezone=self.timezone)
