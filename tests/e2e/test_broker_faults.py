"""Every class of broker outage, at the start and in the middle of work: no process ends, and work goes on after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.reporting.funnel import read_funnel
from tests.e2e.processes import processes
from tests.e2e.running import Deployed, make_traces
from tests.servers import valkey_server as faults
from tests.servers.openai_server import OpenAIServer
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

Fault = Callable[[ValkeyServer], AbstractContextManager[None]]

FAULTS: dict[str, Fault] = {
    "refused": faults.refused_connections,
    "reset": faults.reset_connections,
    "read-only": faults.read_only,
    "primary down": faults.primary_down,
    "full memory": faults.full_memory,
    "full disk": faults.full_disk,
    "other password": faults.other_password,
    "no scripts": faults.no_scripts,
    "foreign key": faults.foreign_key,
    "too few replicas": faults.too_few_replicas,
    "frozen": faults.frozen,
}

OUTAGE_S = 4.0
"""Long enough that every process meets it."""

N_TRACES = 60
"""Each outage takes some four calls, of two seconds each."""

NAMES = ("control", "assess1", "beat")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[OpenAIServer]:
    """A judge whose answers take long enough that every fault finds some under way."""
    with OpenAIServer(latency_s=2.0) as running:
        yield running


def test_every_outage_in_the_middle_of_work_is_waited_out(
    tmp_path: Path, server: ValkeyServer, endpoint: OpenAIServer
) -> None:
    """One call after the other, so that each outage finds one under way. Only FLUSHALL may cost calls again."""
    traces = make_traces(N_TRACES)
    over: dict[str, Any] = {"openai_base_url": endpoint.url, "judge_concurrency": 1, "worker_threads": 2}
    deployed = Deployed.create(tmp_path / "d", traces, rubric="grounding-llm", **over)
    with processes(deployed, server.url, NAMES, {"OPENAI_BASE_URL": endpoint.url}) as fleet:
        fleet.await_ready(*NAMES)

        def calls_beyond(n: int) -> None:
            until(lambda: len(endpoint.requests) >= n or not fleet.all_run(), told=fleet.logs, every_s=0.05)

        calls_beyond(1)
        for name, fault in FAULTS.items():
            with fault(server):
                time.sleep(OUTAGE_S)
            calls_beyond(len(endpoint.requests) + 2)  # of which the second has just begun
            assert fleet.all_run(), f"{name}\n{fleet.logs()}"
        endpoint.latency_s = 0.0  # what is left meets no outage
        until(lambda: _scored(deployed) == N_TRACES or not fleet.all_run(), told=fleet.logs, every_s=0.5)
        assert len(endpoint.requests) <= N_TRACES + len(FAULTS), "calls were paid again"
        server.run("FLUSHALL")
        until(lambda: _funnel(deployed, server.url) == (N_TRACES, N_TRACES), told=fleet.logs, every_s=1.0)
        for one in ("beat", "assess1", "control"):
            assert fleet.stop(one) == 0, fleet.logs()


@pytest.mark.parametrize("name", [*(name for name in FAULTS if name != "reset")])
def test_every_outage_at_the_start_is_waited_out(tmp_path: Path, server: ValkeyServer, name: str) -> None:
    deployed = Deployed.create(tmp_path / "d", make_traces(3))
    with processes(deployed, server.url) as fleet:
        with FAULTS[name](server):
            fleet.start(*NAMES)
            until(
                lambda: all(fleet.told(one, "broker.away", "beat.broker_away") or fleet.ended(one) for one in NAMES),
                told=fleet.logs,
                every_s=0.2,
            )
            assert fleet.all_run(), fleet.logs()
        until(lambda: _scored(deployed) >= 3 or not fleet.all_run(), told=fleet.logs, every_s=0.5)
        assert fleet.all_run(), fleet.logs()
        said = [line for one in NAMES for line in fleet.lines(one) if line["event"].endswith("broker_away")]
        assert all("Redis" in line["error"] for line in said)
        assert "127.0.0.1" not in "".join(line["error"] for line in said)


def _scored(deployed: Deployed) -> int:
    return len({score.trace_id for score in deployed.scores().values()})


def _funnel(deployed: Deployed, url: str) -> tuple[int, int]:
    """How many traces are selected, and how many of these are scored."""
    today = datetime.now(UTC).date()
    broker = Broker(url=url, celery_url=url)
    funnel = deployed.ask(
        lambda runtime: read_funnel(
            runtime.state.ledger_reader, runtime.state.windows, today - timedelta(days=2), today
        ),
        broker,
    )
    return sum(row.selected for row in funnel.rows), sum(row.total_scored for row in funnel.rows)
