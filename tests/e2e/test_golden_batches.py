"""A scheduled golden run that is judged by a provider's batches, with a real fleet whose control worker is killed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotState
from assay.worker.launch.fleet import running_broker
from tests.e2e.running import Deployed
from tests.e2e.test_golden_fleet import CONFIG, _looked_at_yesterday, _status
from tests.integration.golden_home import EVIDENCE, GOOD, ITEMS, WRONG, Home, N, answers, target
from tests.servers.batch_servers import BatchServer
from tests.servers.chat_server import ChatServer
from tests.unit.worker.golden.scheduling.batch_runs import decided

RUBRIC = "name: asked\njudge: {tiers: [llm], llm: {model: gpt-5.4-mini}}\n"
ROUNDS = [2 * N + 24, 2 * 2]
"""Judge calls of each round: both sides and the anchors, then two must-pass failures twice more."""


def application() -> ChatServer:
    """Answers two of the questions wrongly."""
    return ChatServer(
        {one["question"]: {"response": WRONG if n < 2 else GOOD, "contexts": [EVIDENCE]} for n, one in enumerate(ITEMS)}
    )


def has_waited(status: ScheduleStatus, rounds: int) -> bool:
    record = status.record
    is_waiting = record is not None and record.state is SlotState.WAITING
    return is_waiting and record.waits is not None and record.waits.rounds == rounds  # type: ignore[union-attr]


def gate_of(text: str) -> Any:
    """Of a gate as JSON what the judge decides. How long the application took is its own affair."""
    result = decided(json.loads(text))
    kept = {key: result[key] for key in ("verdict", "primary", "must_pass_failures", "exam", "revision", "usage")}
    sides = [answer for pair in result["pairs"] for side in ("baseline", "candidate") for answer in pair[side]]
    for answer in sides:
        del answer["target_latency_s"]
    return {**kept, "answers": sides}


def test_scheduled_run_by_batches_survives_its_worker_and_pays_each_judgement_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "d")
    slot = (datetime.now(UTC) - timedelta(minutes=1)).replace(second=0, microsecond=0)
    with BatchServer() as server, application() as app:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
        deployed = Deployed.create(home.path, [], batches_every_s=1.0, golden_tick_every_s=1.0)
        (home.path / "assay.yaml").write_text(CONFIG)
        (home.path / "rubrics").mkdir()
        (home.path / "rubrics" / "asked.yaml").write_text(RUBRIC)
        schedule = {"daily": f"{slot:%H:%M}", "judge_by": "batch"}
        gate = {"must_pass": ["q0", "q1"]}
        home.write({"old": answers()}, target=target(app), rubric="asked", schedule=schedule, gate=gate)
        with running_broker(deployed.settings, deployed.root) as broker:
            deployed.ask(_looked_at_yesterday, broker)
            with deployed.running(assess_workers=0):
                deployed.await_that(lambda: has_waited(_status(deployed), 1), told=lambda: _status(deployed))
                (tag,) = _status(deployed).record.waits.batches  # type: ignore[union-attr]
                capsys.readouterr()
                home.assay("golden", "runs", "bot-v1")
                shown = capsys.readouterr().out
                home.assay("golden", "runs", "bot-v1", "--json")
                (listed,) = json.loads(capsys.readouterr().out)
                deployed.kill("control")
                server.end()
                deployed.await_that(lambda: has_waited(_status(deployed), 2), told=lambda: _status(deployed))
                server.end()
                deployed.await_that(lambda: _is_final(_status(deployed)), told=lambda: _status(deployed))
                status = _status(deployed)
        assert f"{ROUNDS[0]} judgements wait for a batch since" in shown
        assert tag in shown
        assert (listed["kind"], listed["judgements"], listed["batches"]) == ("waiting", ROUNDS[0], [tag])
        assert status.record is not None
        assert (status.record.state, status.record.verdict) == (SlotState.DONE, "regressed"), status
        assert len(app.requests) == N, "the application was asked once"
        assert [len(lines) for lines in server.lines.values()] == ROUNDS, "one batch a round"
        assert (len(server.paid), set(server.paid.values()), server.live) == (sum(ROUNDS), {1}, [])
        (run,) = home.runs()
        batched = (run / "gate.json").read_text()
        capsys.readouterr()
        home.assay("gate", "bot-v1", "--json")
        alone = capsys.readouterr().out
    assert gate_of(batched) == gate_of(alone)
    assert (json.loads(batched)["judged_by"], json.loads(alone)["judged_by"]) == ("batch", "live")
    assert json.loads(batched)["cost_usd"] == pytest.approx(json.loads(alone)["cost_usd"] / 2)


def _is_final(status: ScheduleStatus) -> bool:
    return status.record is not None and status.record.state.is_final
