"""`assay doctor` over several stores: each by name, and one that is down hides neither the others nor their traces."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.launch.broker import Broker
from assay.worker.setup import store_checks
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.stores.langfuse.making import use

STORES = """
stores:
  - {name: rag, kind: opik}
  - {name: chat, kind: langfuse, plan: self-hosted}
  - {name: copies, kind: otlp, endpoint: "http://127.0.0.1:9"}
  - {name: bees, kind: honeycomb, variables: BEES_}
use_cases:
  - {name: rag, store: rag}
  - {name: chat, store: chat, copies_to: [copies, bees]}
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        running.project.add_synthetic(60, start_ms=int(time.time() * 1000) - 3_000_000, span_ms=2_000_000, plain=True)
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    monkeypatch.setenv("OPIK_URL_OVERRIDE", "http://127.0.0.1:9/api")
    monkeypatch.setenv("BEES_HONEYCOMB_API_KEY", "hidden-key")
    monkeypatch.setenv("BEES_HONEYCOMB_API_ENDPOINT", "http://127.0.0.1:9")
    (tmp_path / "assay.yaml").write_text(STORES)
    return tmp_path


def doctor(home: Path, *options: str) -> tuple[int, dict[str, dict[str, Any]], str]:
    result = CliRunner().invoke(app, ["doctor", "-c", str(home), "--json", *options])
    assert result.stdout, result.exception
    return result.exit_code, {check["name"]: check for check in json.loads(result.stdout)}, result.output


def test_each_store_and_each_place_for_copies_is_examined_by_name(home: Path, server: LangfuseServer) -> None:
    code, checks, output = doctor(home)
    assert code == 3
    assert checks["rag: opik"]["status"] == "fail"
    assert "OPIK_URL_OVERRIDE" in checks["rag: opik"]["remedy"]
    assert checks["chat: langfuse"]["status"] == "ok"
    assert checks["chat: test score"]["status"] == "ok"
    assert checks["copies: OTLP"]["status"] == "fail"
    assert checks["bees: Honeycomb"]["status"] == "fail"
    assert "nobody can tell" in checks["bees: reading back"]["message"]
    assert all(check["remedy"] for check in checks.values() if check["status"] == "fail")
    assert "hidden-key" not in output


def test_a_store_that_is_down_hides_no_traces_of_the_others(home: Path, server: LangfuseServer) -> None:
    _, checks, _ = doctor(home, "--no-write")
    assert checks["traces"]["message"].startswith("chat ")
    assert checks["question (chat, grounding)"]["status"] == "ok"
    assert not [name for name in checks if name.startswith("question (rag")]


def test_a_check_that_is_called_as_its_store_says_the_name_once(home: Path, server: LangfuseServer) -> None:
    (home / "assay.yaml").write_text(STORES.replace("name: chat, kind", "name: langfuse, kind").replace(
        "store: chat", "store: langfuse"
    ))  # fmt: skip
    assert "langfuse" in doctor(home, "--no-write")[1]


def test_a_store_that_takes_connections_and_never_answers_is_left_in_time(
    home: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_checks, "FIRST_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OPIK_URL_OVERRIDE", f"http://127.0.0.1:{silent.getsockname()[1]}/api")
        code, checks, _ = doctor(home, "--no-write")
    assert code == 3
    assert checks["rag: store"]["status"] == "fail"
    assert checks["chat: langfuse"]["status"] == "ok"
    assert checks["question (chat, grounding)"]["status"] == "ok"
