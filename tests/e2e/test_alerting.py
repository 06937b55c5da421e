"""A planted spike, from the record of a real fleet through a real Prometheus and Alertmanager to pager and channel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from assay.worker.config.deployment import Deployment
from assay.worker.records.history import HistoryRow
from assay.worker.wiring.runtime import Runtime
from tests.e2e.monitoring import Monitoring, Receivers, attachment_text, monitoring
from tests.e2e.running import Deployed
from tests.scraping import free_ports
from tests.servers.pagerduty_server import ROUTING_KEY, PagerDutyServer
from tests.servers.told_server import Reply, ToldServer
from tests.unit.worker.signals.rows import row
from tests.waiting import until

CONFIG = """
defaults: {min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
alerts: {dashboards_url: "https://grafana.example.org", runbook_url: "https://docs.example.org/runbook"}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true, owner: payments}
"""


def test_a_spike_wakes_and_its_end_is_told(tmp_path: Path) -> None:
    first = free_ports(5)
    seldom: dict[str, Any] = dict.fromkeys(
        ("golden_tick_every_s", "alerts_every_s", "drift_every_s", "digest_every_s"), 3600.0
    )
    deployed = Deployed.create(tmp_path / "d", [], metrics_port=first, signals_every_s=1.0, **seldom)
    (deployed.home / "assay.yaml").write_text(CONFIG)
    ports = {"control": first, "beat": first + 1, "assess": first + 2}
    with ExitStack() as stack:
        pager, channel = stack.enter_context(PagerDutyServer()), stack.enter_context(ToldServer(_slack))
        receivers = Receivers(f"{pager.url}/v2/enqueue", ROUTING_KEY, f"{channel.url}/services/hook")
        stack.enter_context(deployed.running())
        told = stack.enter_context(
            monitoring(tmp_path / "monitoring", deployed.root.deployment(), ports, receivers, port=first + 3)
        )
        deployed.ask(lambda runtime: _write(runtime, [*_judged(18, 0.02, "good"), *_judged(12, 0.9, "bad")]))
        deployed.await_that(lambda: pager.taken and channel.taken, told=lambda: _state(told, pager, channel))
        _check_told(pager, channel)
        deployed.ask(lambda runtime: _write(runtime, _judged(120, 0.02, "mended")))
        deployed.await_that(
            lambda: set(pager.incidents.values()) == {"resolved"} and "RESOLVED" in attachment_text(channel.taken[-1:]),
            told=lambda: _state(told, pager, channel),
        )
        assert pager.times("", "trigger") == 1, "one incident, however often it was evaluated"
        assert told.firing() == set(), "nothing else is wrong with this fleet"
        assert [rule["name"] for rule in told.rules() if rule["health"] != "ok"] == []


def test_silence_is_told_and_what_it_explains_is_not(tmp_path: Path) -> None:
    """Alertmanager with our routes and inhibitions, told of three alerts at once."""
    deployment = Deployment.model_validate(yaml.safe_load(CONFIG))
    with PagerDutyServer() as pager, ToldServer(_slack) as channel:
        receivers = Receivers(f"{pager.url}/v2/enqueue", ROUTING_KEY, f"{channel.url}/services/hook")
        with monitoring(tmp_path / "monitoring", deployment, {}, receivers, port=free_ports(2)) as told:
            told.post({"alertname": "AssayNoScores", "severity": "page"})
            until(lambda: pager.taken and channel.taken, told=told.logs, every_s=0.1)
            told.post(
                {"alertname": "LLMHallucinationSpike", "severity": "page", "use_case": "bot"},
                {"alertname": "AssayDeadLetters", "severity": "ticket", "rubric": "grounding"},
            )
            until(lambda: "AssayDeadLetters" in attachment_text(channel.taken), told=told.logs, every_s=0.1)
    assert "LLMHallucinationSpike" not in f"{pager.requests}{channel.requests}"
    assert [event["payload"]["summary"] for event in pager.taken] == ["AssayNoScores: AssayNoScores fires"]


def _slack(path: str, message: Any) -> Reply:
    return Reply(200) if path == "/services/hook" and message["attachments"] else Reply(400)


def _judged(n: int, risk: float, name: str) -> list[HistoryRow]:
    """Answers of the last minutes that a calibrated model judged."""
    now = datetime.now(UTC)
    return [
        row(
            f"{name}-{at}",
            started_at=now - timedelta(minutes=10, seconds=at),
            ended_at=now - timedelta(minutes=10),
            selected_at=now - timedelta(minutes=5),
            changed_at=now - timedelta(seconds=30),
            pi=1.0,
            risk=risk,
            faithfulness=1 - risk,
            tier="llm",
            calibrated=True,
        )
        for at in range(n)
    ]


async def _write(runtime: Runtime, rows: Sequence[HistoryRow]) -> None:
    await runtime.history.writer.write(rows)


def _check_told(pager: PagerDutyServer, channel: ToldServer) -> None:
    """Nobody but the spike woke anybody, and it says where to look."""
    (event,) = pager.taken
    assert (
        event["payload"]["summary"]
        == "LLMHallucinationSpike: bot: 40% of the latest answers are flagged as hallucinated"
    )
    assert {"href": "https://docs.example.org/runbook#hallucination-spike", "text": "Runbook"} in event["links"]
    assert event["payload"]["custom_details"]["owner"] == "payments"
    assert event["payload"]["custom_details"]["worst_traces"] == "assay flagged --use-case bot --since 1h"
    assert event["payload"]["custom_details"]["runbook"] == "https://docs.example.org/runbook#hallucination-spike"
    message = attachment_text(channel.taken[:1])
    assert "[FIRING] page: LLMHallucinationSpike" in message
    assert "https://grafana.example.org/d/assay-quality?var-use_case=bot" in message


def _state(told: Monitoring, pager: PagerDutyServer, channel: ToldServer) -> str:
    return f"firing: {told.firing()}\npager: {pager.requests}\nchannel: {channel.requests}\n{told.logs()}"
