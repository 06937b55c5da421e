"""What `assay doctor` and `assay status` tell of one store under two names, another first store, and left copies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.launch.broker import Broker
from assay.worker.ports.copies import CopyKey
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.state_of_store import store_order
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.stores.langfuse.making import use

CHAT, RAG = "{name: chat, kind: sqlite}", "{name: rag, kind: sqlite, path: rag.db}"
CASES = "use_cases: [{name: bot, store: chat}, {name: docs, store: rag}]\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        yield running


def told(home: Path, *command: str) -> str:
    return CliRunner().invoke(app, [*command, "-c", str(home)]).stdout


def test_doctor_finds_two_names_of_one_project(
    home: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_LANGFUSE_BASE_URL", server.url.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("RAG_LANGFUSE_PUBLIC_KEY", server.public_key)
    monkeypatch.setenv("RAG_LANGFUSE_SECRET_KEY", server.secret_key)
    stores = "[{name: chat, kind: langfuse, plan: pro}, {name: rag, kind: langfuse, variables: RAG_, plan: pro}]"
    (home / "assay.yaml").write_text(f"stores: {stores}\n{CASES}")
    checks = json.loads(told(home, "doctor", "--json", "--no-write"))
    (check,) = [check for check in checks if check["name"] == "stores"]
    assert check["status"] == "fail"
    assert "stores.rag: has the same project as chat" in check["message"]


def test_status_and_doctor_tell_of_another_first_store(home: Path, broker: Broker) -> None:
    (home / "assay.yaml").write_text(f"stores: [{CHAT}, {RAG}]\n{CASES}")

    async def sweep() -> None:
        runtime = Runtime(load_settings(), ConfigRoot(path=home), redis_url=broker.url)
        await runtime.sweeps.sweep()
        await runtime.close()

    asyncio.run(sweep())
    assert "first store" not in told(home, "status")
    (home / "assay.yaml").write_text(f"stores: [{RAG}, {CHAT}]\n{CASES}")
    assert "the first store was chat, and is rag now" in told(home, "status")
    checks = json.loads(told(home, "doctor", "--json", "--no-write"))
    (check,) = [check for check in checks if check["name"] == "stores"]
    assert check["remedy"].startswith("list the former one first again")
    asyncio.run(sweep())
    (home / "assay.yaml").write_text(f"stores: [{CHAT}, {RAG}]\n{CASES}")
    assert "first store" not in told(home, "status"), "the other one is not remembered"


def test_copies_for_a_place_that_no_use_case_names_are_told(home: Path, broker: Broker) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n")

    async def ask() -> None:
        runtime = Runtime(load_settings(), ConfigRoot(path=home), redis_url=broker.url)
        await runtime.state.copies.ask("poison", [CopyKey("grounding", "t")], now=runtime.clock.now())
        assert await store_order(runtime).trouble() == ""
        await runtime.close()

    asyncio.run(ask())
    line = " ".join(told(home, "status").split())
    assert "copies to poison: 1 traces to write, 0 to be shown; no use case names it any more" in line
    assert json.loads(told(home, "status", "--json"))["copies"]["poison"]["is_named"] is False
