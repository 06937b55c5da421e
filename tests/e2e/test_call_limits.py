"""Limits of model calls in a real fleet: the endpoint counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.worker.flow.release import read_backlog
from assay.worker.limits.status import CallStatus, call_status
from assay.worker.reporting.fleet_health import FleetHealth
from assay.worker.reporting.terminal.fleet_health import health_lines
from tests.e2e.running import Deployed, make_traces
from tests.servers.openai_server import Answer, OpenAIServer, Request, fails
from tests.waiting import until


class CountingEndpoint(OpenAIServer):
    """An endpoint that knows how many requests were under way at once."""

    def __init__(self, latency_s: float) -> None:
        super().__init__(latency_s=latency_s)
        self.peak = 0
        self._under_way = 0
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Take the next step, counted."""
        with self._counting:
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
        try:
            return super().answer(request)
        finally:
            with self._counting:
                self._under_way -= 1


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingEndpoint]:
    """The usual judge endpoint of the fleet."""
    with CountingEndpoint(latency_s=0.1) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def deployed_with(home: Path, limits: str, count: int, endpoint: OpenAIServer, **over: Any) -> Deployed:
    """A deployment of so many traces whose assay.yaml has more lines, at the end of the file."""
    own: dict[str, Any] = {"openai_base_url": endpoint.url, "judge_model": "gpt-6-luna", **over}
    deployed = Deployed.create(home, make_traces(count), rubric="grounding-llm", **own)
    path = home / "assay.yaml"
    path.write_text(path.read_text() + limits)
    return deployed


async def _status(runtime: Any) -> CallStatus:
    return await call_status(runtime.state.call_reader, runtime.deployment)


def test_concurrency_holds_over_workers_and_waiting_costs_no_attempt(
    tmp_path: Path, endpoint: CountingEndpoint
) -> None:
    limits = "limits:\n  endpoints: {default: {concurrency: 2}}\n"
    with deployed_with(tmp_path / "d", limits, 40, endpoint).running(assess_workers=2) as deployed:
        funnel = deployed.settled(40)
        status = deployed.ask(_status)
    assert funnel.rows[0].total_scored == 40
    assert len(endpoint.requests) == 40
    assert endpoint.peak <= 2
    assert [(use.kind, use.amount, use.used) for use in status.limits] == [("concurrency", 2, 0)]


def test_budget_written_while_the_fleet_runs_holds_the_rest_without_an_attempt(
    tmp_path: Path, endpoint: CountingEndpoint
) -> None:
    endpoint.latency_s = 0.3
    slow = "limits:\n  endpoints: {default: {concurrency: 2}}\n"
    deployed = deployed_with(tmp_path / "d", slow, 150, endpoint, config_look_every_s=0.5)
    with deployed.running():
        until(lambda: endpoint.requests)
        path = tmp_path / "d" / "assay.yaml"
        path.write_text(path.read_text().replace(slow, slow + "  usd_per_day: 0.004\n"))
        until(lambda: deployed.funnel().rows[0].held.get("budget"), every_s=1.0)
        until(lambda: not deployed.ask(_status).budgets[0].reserved_usd, every_s=1.0)
        (budget,) = deployed.ask(_status).budgets
        row = deployed.funnel().rows[0]
        asked = len(endpoint.requests)
    assert 0 < budget.spent_usd <= 0.004
    assert row.adds_up
    assert asked < 150
    assert not row.dead


async def _access_lines(runtime: Any) -> list[str]:
    view = await read_backlog(runtime.state.backlog, runtime.clock)
    return [line for line in health_lines(FleetHealth(backlog=view)) if "judging waits until this is mended" in line]


def test_budget_of_a_gateway_that_is_spent_kills_no_trace_and_is_told_once(
    tmp_path: Path, endpoint: CountingEndpoint
) -> None:
    endpoint.script(default=fails(400, message="Budget has been exceeded! Current cost: 26.075, Max budget: 0.25"))
    with deployed_with(tmp_path / "d", "", 30, endpoint).running(assess_workers=2) as deployed:
        row = deployed.until(lambda funnel: funnel.rows and sum(funnel.rows[0].held.values()) == 30).rows[0]
        told: list[str] = []

        def is_told() -> bool:
            told[:] = deployed.ask(_access_lines)
            return bool(told)

        until(is_told, every_s=0.5)
        asked = len(endpoint.requests)
        endpoint.script()
        mended = deployed.settled(30).rows[0]
    assert (row.dead, sum(row.in_flight.values())) == ({}, 30)
    assert asked < 100, "a breaker holds them: nobody asks again and again"
    assert "the account has no credit, budget or quota left: pay it" in told[0]
    assert len(told) == 1
    assert mended.total_scored == 30
