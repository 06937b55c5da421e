"""A desk with rules of its own, samples as a test sets them, and servers that are told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from assay.worker.alerts.book_keeping import KeptAlerts
from assay.worker.alerts.looking import AlertDesk, AlertReport
from assay.worker.alerts.notice import Channel
from assay.worker.alerts.pagerduty import PagerDuty
from assay.worker.alerts.rule import AlertRule, Condition, Severity
from assay.worker.alerts.slack import Slack
from assay.worker.alerts.states import AlertBook
from assay.worker.config.alerting import Alerting
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import FleetState
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import Sample
from assay.worker.state.memory.state import memory_state
from tests.servers.pagerduty_server import ROUTING_KEY, PagerDutyServer
from tests.servers.slack_server import SlackServer

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

DEAD = fleet.DEAD_LETTERS.name
BACKLOG = fleet.BACKLOG_TRACES.name


def rule(  # what rules of tests differ in
    name: str = "AssayBacklogLong",
    severity: Severity = "page",
    *,
    metric: str = BACKLOG,
    by: Sequence[str] = ("use_case",),
    for_s: float = 0.0,
    keep_firing_s: float = 0.0,
    inhibited_by: Sequence[str] = (),
) -> AlertRule:
    """A rule that holds above 10."""
    return AlertRule(
        name=name,
        severity=severity,
        all_of=(Condition(metric=metric, comparator=">", threshold=10),),
        by=tuple(by),
        for_s=for_s,
        keep_firing_s=keep_firing_s,
        summary="{use_case}: {value} traces wait" if "use_case" in by else "{value} wait",
        description="More than 10 wait.",
        runbook="backlog-long",
        inhibited_by=tuple(inhibited_by),
    )


def waiting(value: float, use_case: str = "bot", metric: str = BACKLOG) -> Sample:
    """How many traces of a use case wait."""
    return Sample(name=metric, labels={"use_case": use_case}, value=value)


class Desk:
    """A fleet's desk, whose worker can be another one at each look: only the state and the servers stay."""

    def __init__(self, *rules: AlertRule, state: FleetState | None = None, alerting: Mapping[str, Any] | None = None):
        self.rules = rules or (rule(),)
        self.state = state or memory_state()
        self.clock = FixedClock(NOON)
        self.alerting = Alerting.model_validate(alerting or {})
        self.channels: list[Channel] = []

    def pagerduty(self, server: PagerDutyServer, *, timeout_s: float = 5.0, key: str = ROUTING_KEY) -> None:
        """Tell a PagerDuty."""
        self.channels.append(PagerDuty(SecretStr(key), server.url, "assay", self.alerting.tell.pagerduty, timeout_s))

    def slack(self, server: SlackServer, *, timeout_s: float = 5.0) -> None:
        """Tell a Slack."""
        self.channels.append(Slack(SecretStr(server.hook), "assay", self.alerting.tell.slack, timeout_s))

    def look(self, *samples: Sample, after_s: float = 30.0) -> AlertReport:
        """Let time pass, and look."""
        self.clock.moment += timedelta(seconds=after_s)
        return asyncio.run(self.desk().look(samples))

    def desk(self) -> AlertDesk:
        """The desk of one worker."""
        return AlertDesk(
            key_values=self.state.key_values,
            locks=self.state.locks,
            clock=self.clock,
            rules=self.rules,
            alerting=self.alerting,
            owners={"bot": "team-support"},
            channels=self.channels,
        )

    @property
    def book(self) -> AlertBook:
        """What is remembered."""
        return asyncio.run(KeptAlerts(self.state.key_values).book())
