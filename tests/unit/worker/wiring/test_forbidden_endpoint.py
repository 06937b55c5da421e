"""An endpoint that a use case forbids receives not one byte: counted at a socket, whatever the way to it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.egress import may_see
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, load_settings
from assay.worker.flow.assess import Assessor
from assay.worker.flow.outbox import Outbox
from assay.worker.records.ledger import LedgerState
from assay.worker.wiring.judges import build_evaluator, check_deployment
from tests.unit.worker.flow.pipeline import Line, traces
from tests.waiting import until

LLM: dict[str, Any] = {"tiers": ["llm"], "llm": {"model": "m", "endpoint": "outside"}}
CASCADE: dict[str, Any] = {**LLM, "tiers": ["local", "llm"], "escalate_when": {"risk_between": [0.0, 1.0]}}
PANEL: dict[str, Any] = {
    "tiers": ["panel"],
    "panel": {"models": [{"model": "a", "endpoint": "outside"}, {"model": "b", "endpoint": "outside"}]},
}


class ByteCounter:
    """Listens, and counts connections and bytes. It never answers."""

    def __init__(self) -> None:
        self.connections = self.bytes = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    self.connections += 1
                    self.bytes += len(connection.recv(65536))


class Watched(Line):
    """A line whose judges are the real ones, with the policy of a deployment."""

    def __init__(self, deployment: Deployment, rubric: Rubric, root: ConfigRoot, settings: Settings) -> None:
        super().__init__(traces(2))
        self.real = build_evaluator(rubric.model_copy(update={"name": "grounding"}), root, settings)
        self.evaluator = self.real
        self.deployment = deployment

    async def deliver(self) -> None:
        """One delivery of every message, and the end of all connections."""
        box = Outbox(self.state.verdicts, ttl_s=86400)
        try:
            for message in self.messages():
                await self.assessor(box).assess(message, owner="o")
        finally:
            await box.drain(60)
            await self.real.judge.close()

    def assessor(self, box: Outbox) -> Assessor:
        return replace(super().assessor(box), may_see=partial(may_see, self.deployment))


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[ByteCounter]:
    with ByteCounter() as counter:
        monkeypatch.setenv("ASSAY_ENDPOINT_OUTSIDE_URL", counter.url)
        monkeypatch.setenv("ASSAY_ENDPOINT_OUTSIDE_KEY", "sk-x")
        yield counter


def judged_under(allowed: list[str], judge: dict[str, Any], folder: Path) -> Line:
    """Two promised traces of the use case, after one delivery of them."""
    deployment = Deployment.model_validate({"use_cases": [{"name": "bot", "judges_allowed": allowed}]})
    (folder / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    line = Watched(
        deployment, Rubric.model_validate({"name": "r", "judge": judge}), ConfigRoot(path=folder), load_settings()
    )
    asyncio.run(line.deliver())
    return line


@pytest.mark.parametrize("judge", [LLM, CASCADE, PANEL], ids=["alone", "as a later tier", "on a panel"])
def test_forbidden_endpoint_receives_not_one_byte(judge: dict[str, Any], endpoint: ByteCounter, tmp_path: Path) -> None:
    line = judged_under(["local", "llm", "default", "panel"], judge, tmp_path)
    assert (endpoint.connections, endpoint.bytes) == (0, 0)
    assert line.counts() == {(LedgerState.DEAD, "egress_forbidden"): 2}


def test_allowed_endpoint_receives_the_text(endpoint: ByteCounter, tmp_path: Path) -> None:
    judged_under(["outside"], LLM, tmp_path)
    until(lambda: endpoint.bytes > 0)  # or the test above could not fail


def test_start_refuses_it_before_any_connection(endpoint: ByteCounter, tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot, rubrics: [r], judges_allowed: [local]}]\n")
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "r.yaml").write_text(f"{{name: r, judge: {LLM}}}".replace("'", ""))
    with pytest.raises(ConfigurationError, match="judges_allowed"):
        check_deployment(ConfigRoot(path=tmp_path), load_settings())
    assert endpoint.connections == 0
