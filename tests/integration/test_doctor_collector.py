"""What `assay doctor` says of a collector: whether it runs, its token, and what has come."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.ports.health import Check
from assay.worker.records.spans import Span
from assay.worker.setup import collector_checks
from assay.worker.wiring.runtime import Runtime
from tests.otlp_filling import export_request_of
from tests.servers.collector_process import running_collector

TOKEN = {"Authorization": "Bearer right"}


def checked(home: Path) -> dict[str, Check]:
    async def read() -> list[Check]:
        runtime = Runtime(load_settings(), ConfigRoot(path=home), redis_url="redis://127.0.0.1:1/0")
        try:
            return [check async for check in collector_checks.collector_checks(runtime)]
        finally:
            await runtime.close()

    return {check.name: check for check in asyncio.run(read())}


def span(number: int, *, age: timedelta, parent: str | None = None) -> Span:
    start = datetime.now(UTC) - age
    return Span(
        trace_id=f"{number:032x}",
        span_id=f"{number:016x}",
        parent_id=parent,
        name="chat",
        start=start,
        end=start + timedelta(seconds=1),
        attributes={"deployment.environment.name": "production"},
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CONFIG_DIR", str(tmp_path))
    return tmp_path


def test_a_collector_that_runs_is_asked_for_its_token_and_for_what_came(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_collector(home, ASSAY_COLLECTOR_TOKEN="right") as collector:
        monkeypatch.setenv("ASSAY_COLLECTOR_PORT", str(collector.port))
        assert "asks for one" in checked(home)["collector token"].message
        monkeypatch.setenv("ASSAY_COLLECTOR_TOKEN", "wrong")
        assert (checked(home)["collector token"].status, checked(home)["collector"].status) == ("fail", "ok")
        monkeypatch.setenv("ASSAY_COLLECTOR_TOKEN", "right")
        assert checked(home)["collected traces"].status == "warn"
        spans = [span(n, age=timedelta(minutes=3 + n)) for n in range(1, 9)]
        lost = span(99, age=timedelta(hours=1), parent="f" * 16)
        assert collector.export(export_request_of([*spans, lost]), TOKEN).status == 200
        checks = checked(home)
    assert checks["collector token"].status == "ok"
    assert checks["collected traces"].message == "the last one is 4 minutes old"
    assert checks["spans without root"].status == "warn"
    assert checks["spans without root"].message.startswith("1 without a root, 8 with one")
    assert checks["collector disk"].status in {"ok", "warn"}


def test_a_collector_that_does_not_run_and_another_program_at_its_port(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "assay.yaml").write_text("collector: {}\nuse_cases: [{name: bot}]\n")
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("ASSAY_COLLECTOR_PORT", str(other.getsockname()[1]))
        monkeypatch.setattr(collector_checks, "ANSWER_S", 0.3)
        taken = checked(home)["collector"]
        other.close()
        free = checked(home)["collector"]
    assert (taken.status, taken.is_configuration) == ("fail", True)
    assert (free.status, "assay up" in free.remedy) == ("warn", True)


def test_everybody_may_send_where_it_listens_to_all_without_a_token(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "assay.yaml").write_text("collector: {}\nuse_cases: [{name: bot}]\n")
    monkeypatch.setenv("ASSAY_COLLECTOR_PORT", "9")
    assert checked(home)["collector token"].status == "ok"
    monkeypatch.setenv("ASSAY_COLLECTOR_HOST", "0.0.0.0")
    open_to_all = checked(home)["collector token"]
    assert (open_to_all.status, "ASSAY_COLLECTOR_TOKEN" in open_to_all.remedy) == ("warn", True)


def test_nothing_is_said_where_there_is_no_collector(home: Path) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    assert checked(home) == {}
