"""What a fleet writes to its logs: one JSON object a line, one line a message, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.records.traces import Trace
from tests.builders import make_trace
from tests.e2e.running import Deployed
from tests.e2e.test_command import assay, configure
from tests.servers.openai_server import OpenAIServer

SECRET_ANSWER = "The bridge was opened in 1932 by Ms Xanthippe Quillfeather."  # no password: a trace's text


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def traces_of_one_window(n: int) -> list[Trace]:
    """So many traces that begin at one moment, and so travel in one message."""
    start = datetime.now(UTC) - timedelta(minutes=30)
    return [make_trace(f"trace-{i:04}", start=start, output={"answer": f"{SECRET_ANSWER} {i}"}) for i in range(n)]


def lines_of(deployed: Deployed) -> list[dict[str, Any]]:
    """Every line that workers and beat wrote; fails at one that is no JSON object."""
    lines = []
    for name in ("assess1", "control", "beat"):
        for line in (deployed.home / ".assay" / "logs" / f"{name}.log").read_text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            assert isinstance(record, dict), f"{name} wrote no JSON object: {line!r}"
            lines.append({"process": name, **record})
    return lines


def run_16_traces(home: Path, **settings: Any) -> list[dict[str, Any]]:
    """What the fleet wrote from its start to its end, while it judged 16 traces that came in one message."""
    # On a busy machine the short deadline of the other tests would publish the message a second time.
    deployed = Deployed.create(home, traces_of_one_window(16), **{"ledger_deadline_s": 120.0, **settings})
    with deployed.running():
        funnel = deployed.settled(16)
    assert funnel.rows[0].total_scored == 16, deployed.logs()
    assert SECRET_ANSWER not in deployed.logs()
    return lines_of(deployed)


def tasks(lines: list[dict[str, Any]]) -> list[str]:
    """The tasks that wrote a line at info about the traces, sorted; a sweep is about the windows it looked through."""
    names = (line["task"] for line in lines if line["event"] == "task.done" and line["level"] == "info")
    return sorted(name for name in names if name != "sweep")


def test_sixteen_traces_in_one_message_write_three_lines(tmp_path: Path) -> None:
    lines = run_16_traces(tmp_path / "d")
    # What has ended may be written into the record before the fleet is stopped.
    assert [task for task in tasks(lines) if task != "history"] == ["assess", "record", "verify"]
    (assessed,) = [line for line in lines if line.get("task") == "assess"]
    assert {name: assessed[name] for name in ("level", "use_case", "rubric", "traces", "judged")} == {
        "level": "info", "use_case": "bot", "rubric": "grounding", "traces": 16, "judged": 16
    }  # fmt: skip
    assert assessed["seconds"] > 0
    others = {line["event"] for line in lines if line["event"] != "task.done"}
    assert others <= {"worker.ready", "beat.ready", "worker.signal", "history.new_database"} | startup_warnings(lines)


def test_judge_calls_write_no_lines_of_their_own(tmp_path: Path, endpoint: OpenAIServer) -> None:
    lines = run_16_traces(tmp_path / "d", rubric="grounding-llm", openai_base_url=endpoint.url)
    assert len(endpoint.requests) >= 16
    assert [task for task in tasks(lines) if task != "history"] == ["assess", "record", "verify"]
    assert {line.get("logger", "py.warnings") for line in lines} <= {"py.warnings"}


def test_at_debug_libraries_say_more_but_never_what_they_hold(tmp_path: Path, endpoint: OpenAIServer) -> None:
    llm = {"rubric": "grounding-llm", "openai_base_url": endpoint.url, "log_level": "debug"}
    lines = run_16_traces(tmp_path / "d", **llm)
    assert len(endpoint.requests) >= 16
    assert any(line.get("logger", "").startswith("celery") for line in lines)
    text = json.dumps(lines)
    assert "Quillfeather" not in text
    assert {line["level"] for line in lines if "logger" in line} <= {"info", "warning"}


@pytest.mark.parametrize("command", [("worker", "--role", "assess"), ("beat",)])
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({}, "ASSAY_REDIS_URL: not set"),
        ({"ASSAY_REDIS_URL": "localhost:6379"}, "write redis://host:6379/0"),
        ({"ASSAY_WORKER_THREADS": "many"}, "ASSAY_WORKER_THREADS"),
    ],
)
def test_failure_to_start_is_a_line_of_the_log(
    tmp_path: Path, command: tuple[str, ...], wrong: dict[str, Any], problem: str
) -> None:
    failed = assay(*command, cwd=configure(tmp_path), ASSAY_LOG_FORMAT="json", **wrong)
    assert failed.returncode == 2
    assert failed.stdout == ""
    (line,) = [json.loads(line) for line in failed.stderr.splitlines()]
    assert line["level"] == "error"
    assert problem in line["message"]


def startup_warnings(lines: list[dict[str, Any]]) -> set[str]:
    """What Python warned of, such as that the tests run as root."""
    return {line["event"] for line in lines if line.get("logger") == "py.warnings"}
