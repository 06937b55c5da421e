"""A worker that is told to end: in order at the first signal, at once at the second, and nothing is paid twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.worker.config.settings import child_environment
from assay.worker.launch.broker import Broker
from tests.e2e.processes import processes
from tests.e2e.running import Deployed, make_traces
from tests.servers.openai_server import OpenAIServer, slow
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.5) as running:
        yield running


def deployment(tmp_path: Path, endpoint: OpenAIServer, n: int, **over: Any) -> Deployed:
    settings = {"openai_base_url": endpoint.url, "worker_threads": 2, "judge_concurrency": 4, **over}
    return Deployed.create(tmp_path / "d", make_traces(n), rubric="grounding-llm", **settings)


def test_workers_that_are_replaced_one_after_the_other_pay_nothing_twice(
    tmp_path: Path, server: ValkeyServer, endpoint: OpenAIServer
) -> None:
    deployed = deployment(tmp_path, endpoint, 64)
    with processes(deployed, server.url, ("control", "beat", "assess1"), {"OPENAI_BASE_URL": endpoint.url}) as fleet:
        for n in range(1, 4):
            fleet.await_ready(f"assess{n}")
            until(lambda n=n: len(endpoint.requests) >= 12 * n, told=fleet.logs)  # type: ignore[misc]
            fleet.start(f"assess{n + 1}")
            assert fleet.stop(f"assess{n}") == 0, fleet.logs()
            del fleet.running[f"assess{n}"]
        until(lambda: _scored(deployed) == 64 or not fleet.all_run(), told=fleet.logs, every_s=0.5)
        assert len(endpoint.requests) == 64, "calls were paid again"
        for name in ("control", "beat"):
            fleet.await_ready(name)
            assert fleet.stop(name) == 0, fleet.logs()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_a_worker_at_once_and_its_work_is_taken_up_again(
    tmp_path: Path, server: ValkeyServer, endpoint: OpenAIServer, number: signal.Signals
) -> None:
    """Its calls would have taken minutes. Another worker gets its messages, and no attempt is used up."""
    endpoint.script([slow(300.0)] * 3)
    deployed = deployment(tmp_path, endpoint, 3, judge_timeout_s=400.0, batch_deadline_s=500.0, ledger_deadline_s=600.0)
    with processes(deployed, server.url, ("control", "beat", "assess1"), {"OPENAI_BASE_URL": endpoint.url}) as fleet:
        until(lambda: len(endpoint.requests) == 3, told=fleet.logs)
        fleet.running["assess1"].send_signal(number)
        until(lambda: fleet.told("assess1", "worker.signal"), told=fleet.logs)
        begun = time.monotonic()
        assert fleet.stop("assess1", number) == 0, fleet.logs()
        assert time.monotonic() - begun < 60, "it waited for its calls"
        del fleet.running["assess1"]
        fleet.start("assess2")
        until(lambda: _scored(deployed) == 3 or not fleet.all_run(), told=fleet.logs, every_s=0.5)
        # Six where the machine is not so busy that the calls could not be let go of in time.
        assert len(endpoint.requests) <= 9, fleet.logs()
        entries = deployed.ask(
            lambda runtime: runtime.state.ledger.entries("grounding-llm", [t.id for t in make_traces(3)]),
            Broker(url=server.url, celery_url=server.url),
        )
        assert all(entry.attempts == 0 for entry in entries.values()), entries


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_whatever_tells_a_process_to_end_ends_it_in_order(
    tmp_path: Path, server: ValkeyServer, endpoint: OpenAIServer, number: signal.Signals
) -> None:
    """A terminal that closes, and Ctrl-\\: the call under way is finished and paid once."""
    endpoint.script([slow(3.0)])
    deployed = deployment(tmp_path, endpoint, 1)
    with processes(deployed, server.url, ("control", "beat", "assess1"), {"OPENAI_BASE_URL": endpoint.url}) as fleet:
        until(lambda: len(endpoint.requests) == 1, told=fleet.logs)
        fleet.await_ready("beat")
        assert fleet.stop("assess1", number) == 0, fleet.logs()
        until(lambda: server.run("HLEN", "assay:unacked") == 0, told=fleet.logs)  # control may hold one just now
        assert fleet.stop("beat", number) == 0, fleet.logs()
        assert not server.run("EXISTS", "assay:redbeat::lock"), "its lock was kept"
        until(lambda: _scored(deployed) == 1, told=fleet.logs, every_s=0.5)
        assert len(endpoint.requests) == 1


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_process_that_has_hardly_begun_ends_without_a_word(tmp_path: Path, server: ValkeyServer, name: str) -> None:
    """At any moment of its imports, of its command's as of its program's."""
    deployed = Deployed.create(tmp_path / "d", make_traces(1))
    settings = deployed.settings.model_copy(
        update={"redis_url": SecretStr(server.url), "config_dir": deployed.root.path}
    )
    command = [sys.executable, "-m", "assay.worker.cli", name, *(["--role", "assess"] if name == "worker" else [])]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for after_s in (0.0, 0.5, 1.0, 3.0):
            begun = subprocess.Popen(command, env=child_environment(**settings.environment()), stderr=subprocess.PIPE)
            until(lambda pid=begun.pid: _catches_or_holds_back(pid), every_s=0.01)  # type: ignore[misc]
            time.sleep(after_s)  # any moment will do
            begun.send_signal(number)
            _, told = begun.communicate(timeout=PATIENCE_S)
            assert (begun.returncode, b"Traceback" in told) == (0, False), (number, after_s, told)


def test_worker_that_ends_before_it_is_ready_has_nothing_to_give_back(tmp_path: Path, server: ValkeyServer) -> None:
    deployed = Deployed.create(tmp_path / "d", make_traces(1))
    server.signal(signal.SIGSTOP)
    with processes(deployed, server.url, ("assess1",)) as fleet:
        until(lambda: fleet.told("assess1", "broker.away"), told=fleet.logs)
        assert fleet.stop("assess1") == 0, fleet.logs()


GROWS = """
import sys, threading, time

def grow():
    while not any(thread.name == "assay-watchdog" for thread in threading.enumerate()):
        time.sleep(0.1)
    sys.held = b"x" * (500 << 20)

threading.Thread(target=grow, daemon=True).start()
"""
"""A worker that has little when it is ready, and much afterwards."""


def test_worker_whose_memory_grew_to_the_limit_ends_in_order_to_be_started_again(
    tmp_path: Path, server: ValkeyServer
) -> None:
    hungry = tmp_path / "hungry"
    hungry.mkdir()
    (hungry / "sitecustomize.py").write_text(GROWS)
    path = os.pathsep.join([str(hungry), *filter(None, [os.environ.get("PYTHONPATH")])])  # noqa: TID251  # handed on
    deployed = Deployed.create(tmp_path / "d", make_traces(1))
    with processes(deployed, server.url, ("assess1",), {"ASSAY_MEMORY_LIMIT_MB": "400", "PYTHONPATH": path}) as fleet:
        assert fleet.running["assess1"].wait(PATIENCE_S) == 75, fleet.logs()
        assert fleet.told("assess1", "process.memory_limit")


def _catches_or_holds_back(pid: int) -> bool:
    """Whether our program has begun: before, the system's own handling of a signal holds."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    bit = 1 << (signal.SIGTERM - 1)  # Python itself catches SIGINT
    return bool((int(status["SigCgt"], 16) | int(status["SigBlk"], 16)) & bit)


def _scored(deployed: Deployed) -> int:
    return len({score.trace_id for score in deployed.scores().values()})
