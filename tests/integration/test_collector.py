"""`assay collector` as a process: what it takes, what it says when it cannot start, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.worker.config.settings import child_environment
from assay.worker.records.spans import Span
from tests.otlp_filling import export_request_of
from tests.scraping import asked, free_ports
from tests.servers.collector_process import CollectorProcess, running_collector
from tests.waiting import PATIENCE_S, until

NOW = datetime.now(UTC)


def span(number: int, *, parent: int | None = None, trace: int = 1) -> Span:
    return Span(
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        parent_id=f"{parent:016x}" if parent else None,
        name="chat",
        start=NOW,
        end=NOW + timedelta(seconds=1),
        attributes={"input.value": "When?"},
    )


def count(collector: CollectorProcess, table: str = "spans") -> int:
    with closing(sqlite3.connect(collector.database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def ended(home: Path, *, assay_yaml: str = "use_cases: [{name: bot}]\n", **env: str) -> tuple[int, str]:
    """Exit code and stderr of a collector that cannot start."""
    home.mkdir(exist_ok=True)
    (home / "assay.yaml").write_text(assay_yaml)
    process = subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", "collector"],
        env=child_environment(ASSAY_CONFIG_DIR=str(home), ASSAY_LOG_FORMAT="console", **env),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return process.returncode, process.stderr


def test_spans_are_on_the_disk_when_they_are_answered_and_pages_tell(tmp_path: Path) -> None:
    with running_collector(tmp_path) as collector:
        assert collector.export(export_request_of([span(1), span(2, parent=1)])).status == 200
        assert count(collector) == 2
        assert count(collector, "traces") == 1
        metrics = collector.metrics()
        assert metrics["assay_collector_spans_total", "kept"] == 2
        assert metrics["assay_collector_requests_total", "traces", "200"] == 1
        assert metrics["assay_collector_bytes_total",] > 100
        health = asked(f"http://127.0.0.1:{collector.port + 1}/healthz")
        assert (health.status, health.data["role"]) == (200, "collector")
        assert asked(f"{collector.url}/healthz").status == 200


def test_sigterm_ends_it_after_the_requests_that_are_under_way(tmp_path: Path) -> None:
    body = export_request_of([span(1)]).SerializeToString()
    lines = (
        "POST /v1/traces HTTP/1.1",
        "Host: c",
        "Content-Type: application/x-protobuf",
        f"Content-Length: {len(body)}",
    )
    head = "\r\n".join((*lines, "", ""))
    with (
        running_collector(tmp_path) as collector,
        socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE_S) as slow,
        socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE_S) as idle,
    ):
        slow.sendall(head.encode() + body[:10])
        until(lambda: collector.metrics()["assay_collector_open_requests",] == 1)
        collector.process.send_signal(signal.SIGTERM)
        assert idle.recv(100) == b"", "a connection without a request is closed"
        slow.sendall(body[10:])
        assert slow.recv(10_000).startswith(b"HTTP/1.1 200")
        assert collector.process.wait(PATIENCE_S) == 0
        assert count(collector) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_end_it_as_well(tmp_path: Path, number: signal.Signals) -> None:
    with running_collector(tmp_path) as collector:
        assert collector.end(number) == 0


def test_what_was_answered_outlives_kill_9(tmp_path: Path) -> None:
    answered = []

    def send(collector: CollectorProcess, first: int) -> None:
        for number in range(first, first + 10_000):
            try:
                if collector.export(export_request_of([span(number)])).status == 200:
                    answered.append(f"{number:016x}")
            except OSError:
                return

    with running_collector(tmp_path) as collector:
        senders = [threading.Thread(target=send, args=(collector, 10_000 * n + 1)) for n in range(4)]
        for sender in senders:
            sender.start()
        until(lambda: len(answered) > 100)
        collector.process.kill()
        for sender in senders:
            sender.join()
        with closing(sqlite3.connect(collector.database)) as connection:
            there = {row[0] for row in connection.execute("SELECT span_id FROM spans")}
        assert set(answered) <= there


def test_old_spans_are_forgotten(tmp_path: Path) -> None:
    with running_collector(tmp_path) as collector:
        collector.export(export_request_of([span(1), span(2, trace=2)]))
        with closing(sqlite3.connect(collector.database)) as connection, connection:
            old = (NOW - timedelta(days=3)).isoformat()
            connection.execute("UPDATE span_traces SET received_at = ? WHERE trace_id = ?", (old, f"{1:032x}"))
    with running_collector(tmp_path, collector="collector: {keep_days: 2}") as collector:
        until(lambda: count(collector) == 1)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, told = ended(tmp_path, ASSAY_COLLECTOR_PORT=str(taken.getsockname()[1]))
    assert code == 2
    assert "ASSAY_COLLECTOR_PORT" in told
    assert "Traceback" not in told


def test_a_store_that_takes_no_spans_is_told(tmp_path: Path) -> None:
    yaml = "store: {kind: langfuse}\nuse_cases: [{name: bot}]\n"
    keys = {"LANGFUSE_PUBLIC_KEY": "p", "LANGFUSE_SECRET_KEY": "s"}
    code, told = ended(tmp_path, assay_yaml=yaml, ASSAY_COLLECTOR_PORT=str(free_ports(1)), **keys)
    assert code == 2
    assert "no store takes spans" in told
    code, told = ended(tmp_path, assay_yaml=f"collector: {{}}\n{yaml}", **keys)
    assert code == 2
    assert "no store takes spans" in told


def test_an_empty_section_is_told(tmp_path: Path) -> None:
    code, told = ended(tmp_path, assay_yaml="collector:\nuse_cases: [{name: bot}]\n")
    assert code == 2
    assert "collector: {}" in told


def test_a_missing_extra_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'uvicorn':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Without())\n"
    )
    code, told = ended(tmp_path / "home", PYTHONPATH=str(blocked))
    assert code == 2
    assert "pip install 'assay-fleet[otlp]'" in told


def test_others_read_while_it_writes(tmp_path: Path) -> None:
    """A worker lists and fetches from its own process, by write-ahead log, while spans come."""
    reader = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime, timedelta\n"
        "from pathlib import Path\n"
        "from assay.worker.records.traces import TraceKey\n"
        "from assay.worker.stores.sqlite.store import SqliteStore\n"
        "async def main():\n"
        "    store, now, seen = SqliteStore(Path(sys.argv[1])), datetime.now(UTC), set()\n"
        "    while len(seen) < 300:\n"
        "        pages = store.list_roots(now - timedelta(hours=1), now + timedelta(hours=1))\n"
        "        new = [r for p in [p async for p in pages] for r in p if r.trace_id not in seen][:200]\n"
        "        keys = [TraceKey(trace_id=r.trace_id, start=r.start) for r in new]\n"
        "        traces = await store.fetch_traces(keys)\n"
        "        assert all(len(t.observations) == 1 for t in traces.values()), traces\n"
        "        seen |= set(traces)\n"
        "        await asyncio.sleep(0.05)\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
    )
    with running_collector(tmp_path) as collector:
        process = subprocess.Popen([sys.executable, "-c", reader, str(collector.database)], stderr=subprocess.PIPE)
        for number in range(1, 301):
            spans = [span(1, trace=number), span(2, trace=number, parent=1)]
            assert collector.export(export_request_of(spans)).status == 200
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, told.decode()
    assert os.path.exists(collector.database)  # noqa: PTH110  # it is a file that outlives the process
