"""A real fleet tells PagerDuty and Slack by itself, says so in `assay alerts now`, and sends the week's digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assay.worker.alerts.digest.records import OwnerDigest
from assay.worker.fleet.without_beat import look_if_late
from assay.worker.flow.metric_snapshots import keep_snapshot
from assay.worker.ports.clock import FixedClock
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import MetricSnapshot, Sample
from assay.worker.wiring.digests import read_digests
from assay.worker.wiring.present_alerts import read_present_alerts
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed, make_traces
from tests.servers.pagerduty_server import ROUTING_KEY, PagerDutyServer
from tests.servers.slack_server import SlackServer
from tests.waiting import until

CONFIG = """
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true, owner: team-support}
alerts:
  severities: {AssayGoldenRegressed: page}
  runbook_url: https://wiki.example.org/runbook
"""


def regressed(value: float) -> MetricSnapshot:
    """What a golden run says, in place of one that would take minutes."""
    sample = Sample(name=fleet.GOLDEN_VERDICT.name, labels={"golden_set": "s1", "verdict": "regressed"}, value=value)
    return MetricSnapshot(part="drift", at=datetime.now(UTC), samples=[sample])


def test_a_fleet_pages_resolves_and_tells_the_week(tmp_path: Path) -> None:
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        own: dict[str, Any] = {
            "alerts_every_s": 1.0,
            **dict.fromkeys(("drift_every_s", "signals_every_s"), 3600.0),
            "pagerduty_routing_key": SecretStr(ROUTING_KEY),
            "pagerduty_url": pagerduty.url,
            "slack_webhook_url": SecretStr(slack.hook),
        }
        deployed = Deployed.create(tmp_path / "d", make_traces(4), **own)
        (deployed.home / "assay.yaml").write_text(CONFIG)

        with deployed.running():
            _pages_and_resolves(deployed, pagerduty, slack)
            _looks_without_beat(deployed)
            _tells_the_week(deployed)


def _pages_and_resolves(deployed: Deployed, pagerduty: PagerDutyServer, slack: SlackServer) -> None:
    def told(value: float, action: str) -> bool:
        snapshot = regressed(value)
        deployed.ask(lambda runtime: keep_snapshot(runtime.state.key_values, snapshot))
        return any(event["event_action"] == action for event in pagerduty.taken)

    until(lambda: told(1, "trigger"), told=deployed.logs, every_s=0.3)
    until(lambda: slack.taken, told=deployed.logs)
    (alert,) = deployed.ask(read_present_alerts).firing
    assert (alert.rule, alert.severity, alert.silent) == ("AssayGoldenRegressed", "page", "")
    assert pagerduty.taken[0]["links"] == [
        {"href": "https://wiki.example.org/runbook#golden-regressed", "text": "Runbook"}
    ]
    until(lambda: told(0, "resolve"), told=deployed.logs, every_s=0.3)
    until(lambda: len(slack.taken) == 2, told=deployed.logs)
    assert len(pagerduty.taken) == 2
    assert deployed.ask(read_present_alerts).firing == ()


def _looks_without_beat(deployed: Deployed) -> None:
    """Where nobody has looked for minutes, a control worker does."""

    async def look(runtime: Runtime, ahead: timedelta) -> bool:
        await runtime.synchronise_clock()
        runtime.clock = FixedClock(runtime.state.clock.now() + ahead)
        return await look_if_late(runtime)

    assert not deployed.ask(lambda runtime: look(runtime, timedelta(seconds=60)))
    until(lambda: deployed.ask(lambda runtime: look(runtime, timedelta(minutes=10))))


def _tells_the_week(deployed: Deployed) -> None:
    deployed.settled(4)
    now = datetime.now(UTC)

    async def digest(runtime: Runtime) -> OwnerDigest:
        (own,) = await read_digests(runtime, now - timedelta(days=6), now + timedelta(days=1))
        return own

    until(lambda: deployed.ask(digest).use_cases[0].rates, told=deployed.logs, every_s=0.5)
    own = deployed.ask(digest)
    assert own.owner == "team-support"
    assert own.use_cases[0].rates[0].judged == 4
    assert [alert.rule for alert in own.fleet] == ["AssayGoldenRegressed"]
    (note,) = own.notes  # of signals, whose tick is an hour away
    assert "were not computed lately" in note
