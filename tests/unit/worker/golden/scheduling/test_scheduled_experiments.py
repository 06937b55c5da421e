"""A scheduled run of a deployment on Langfuse, composed as the fleet composes it: it ends as an experiment there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.golden.scheduling.slot_records import SlotBook, SlotRecord, SlotState
from assay.worker.records.messages import GoldenRunMessage
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.langfuse import experiments
from assay.worker.wiring.golden import scheduled_runs
from assay.worker.wiring.runtime import Runtime
from tests.integration.golden_home import Home, N, answers
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import use
from tests.unit.worker.stores.langfuse.test_golden import experiments_on, scores

SLOT = datetime(2026, 11, 23, 6, tzinfo=UTC)
RUN_ID = "20261123T060000-0a1b2c"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    monkeypatch.setattr(experiments, "POLL_S", 0.05)
    with LangfuseServer() as running:
        use(running, monkeypatch)
        yield running


def run_once(home: Path, kind: str = "langfuse, plan: self-hosted") -> SlotRecord:
    (home / "assay.yaml").write_text(f"store: {{kind: {kind}}}\nuse_cases: [{{name: bot}}]\n")

    async def main() -> SlotRecord:
        runtime = Runtime(load_settings(), ConfigRoot(path=home), redis_url="redis://127.0.0.1:9/0")
        runtime.state = memory_state()
        try:
            record = SlotRecord(golden_set="bot-v1", slot=SLOT, run_id=RUN_ID, changed_at=SLOT)
            await SlotBook(runtime.state.key_values).claim(record)
            message = GoldenRunMessage(golden_set="bot-v1", slot=SLOT)
            done = await scheduled_runs(runtime).run(message, owner="w")
        finally:
            await runtime.store.close()
        assert done is not None
        return done

    return asyncio.run(main())


def test_a_scheduled_gate_is_an_experiment_with_all_its_items(tmp_path: Path, server: LangfuseServer) -> None:
    home = Home(tmp_path / "d")
    home.write({"old": answers(2), "new": answers(20)}, target={"kind": "recorded", "release": "new"})
    done = run_once(home.path)
    (found,) = experiments_on(server)
    assert (found["name"], found["itemCount"]) == (f"bot-v1 {RUN_ID}", N)
    assert done.state is SlotState.DONE
    assert done.shown.startswith("experiment shown: http")
    assert found["id"] in done.shown
    rows = scores(server)
    assert [row.value for row in rows if row.name == "pass_rate"] == [pytest.approx((N - 20) / N)]
    assert sum(row.name == "golden_status" for row in rows) == N


def test_a_server_without_experiments_fails_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "d")
    home.write(target={"kind": "recorded", "release": "new"})
    with LangfuseServer(LangfuseSettings(generation="v3")) as old:
        use(old, monkeypatch)
        done = run_once(home.path)
    assert (done.state, done.verdict) == (SlotState.DONE, "pass")
    assert done.shown == "experiment failed: ConfigurationError"


def test_the_embedded_store_has_no_experiments(tmp_path: Path) -> None:
    home = Home(tmp_path / "d")
    home.write(target={"kind": "recorded", "release": "new"})
    assert run_once(home.path, "sqlite").shown == ""
