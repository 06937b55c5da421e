"""The fleet end to end: real broker, real workers, real kills."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.worker.fleet.app import VISIBILITY_TIMEOUT_S
from assay.worker.ports.state import FleetState
from assay.worker.wiring.queues import ASSESS_QUEUE
from tests.e2e.running import Deployed, by_trace_and_name, make_traces
from tests.servers.openai_server import OpenAIServer, rate_limited, says, slow
from tests.waiting import until


@pytest.fixture
def endpoint() -> Iterator[OpenAIServer]:
    """An OpenAI-compatible server that takes its time."""
    with OpenAIServer(latency_s=0.4) as server:
        yield server


def test_everything_selected_is_scored_once_and_a_second_sweep_adds_nothing(tmp_path: Path) -> None:
    traces = make_traces(120)
    with Deployed.create(tmp_path / "d", traces).running() as deployed:
        funnel = deployed.settled(120)
        again = deployed.ask(lambda runtime: runtime.sweeps.sweep())
        scores = deployed.scores()
    row = funnel.rows[0]
    assert funnel.adds_up
    assert (row.seen, row.selected, row.total_scored) == (120, 120, 120)
    assert again.selected == 0
    assert {score.trace_id for score in scores.values()} == {trace.id for trace in traces}
    risks = {trace_id: v for (trace_id, name), v in by_trace_and_name(scores).items() if name == "hallucination_risk"}
    right, wrong = (sum(float(v) for k, v in risks.items() if int(k[-4:]) % 2 == odd) for odd in (0, 1))
    assert right < wrong


def test_every_score_hangs_on_a_selected_trace(tmp_path: Path) -> None:
    traces = make_traces(200)
    with Deployed.create(tmp_path / "d", traces, rate=0.2).running() as deployed:
        funnel = deployed.settled(200)
        scores = deployed.scores()
        scored = {score.trace_id for score in scores.values()}
        entries = deployed.ask(lambda runtime: runtime.state.ledger.entries("grounding", sorted(scored)))
    row = funnel.rows[0]
    assert funnel.adds_up
    assert len(scored) == row.selected < 80
    assert set(entries) == scored
    assert all(score.metadata["pi"] == 0.2 for score in scores.values())


def test_killed_worker_changes_neither_funnel_nor_scores(tmp_path: Path, endpoint: OpenAIServer) -> None:
    """kill -9 in the middle of judging: the same final funnel, the same scores, none doubled."""
    llm: dict[str, Any] = {"openai_base_url": endpoint.url, "judge_concurrency": 8, "worker_threads": 4}
    env = {"OPENAI_BASE_URL": endpoint.url}
    traces = make_traces(96)
    results = []
    for name, kills in (("calm", 0), ("killed", 2)):
        deployed = Deployed.create(tmp_path / name, traces, rubric="grounding-llm", **llm)
        with pytest.MonkeyPatch.context() as patch:
            for key, value in env.items():
                patch.setenv(key, value)
            with deployed.running():
                for n in range(kills):
                    deployed.until(lambda f, n=n: _progress(f) >= 16 * (n + 1))  # type: ignore[misc]
                    assert deployed.funnel().in_flight > 0, "nothing was left to lose"
                    deployed.kill("assess1")
                funnel = deployed.settled(96)
                results.append((funnel.rows, by_trace_and_name(deployed.scores())))
        assert funnel.adds_up
    (calm_rows, calm_scores), (killed_rows, killed_scores) = results
    assert killed_rows == calm_rows
    assert killed_scores == calm_scores


def test_message_deleted_from_the_queue_is_published_again(tmp_path: Path) -> None:
    traces = make_traces(30)
    deployed = Deployed.create(tmp_path / "d", traces)
    with deployed.running(assess_workers=0):
        deployed.until(lambda f: f.in_flight == 30)
        deployed.ask(lambda runtime: _delete_queue(runtime.state))
        depth = deployed.ask(lambda runtime: runtime.state.deliveries.queue_depth(ASSESS_QUEUE))
        assert depth == 0
        deployed.until(lambda _: deployed.ask(lambda r: r.state.deliveries.queue_depth(ASSESS_QUEUE)) > 0)
    with deployed.running():
        funnel = deployed.settled(30)
    assert funnel.adds_up
    assert funnel.rows[0].total_scored == 30


def test_killed_control_worker_beat_and_broker_lose_nothing(tmp_path: Path) -> None:
    traces = make_traces(150)
    deployed = Deployed.create(tmp_path / "d", traces)
    with deployed.running():
        deployed.until(lambda f: f.in_flight > 0)
        time.sleep(1.1)  # appendfsync everysec: what was acknowledged longer ago is on disk
        deployed.kill("control")
        deployed.kill("beat")
        _kill_broker(tmp_path / "d" / ".assay")
        assert deployed.fleet is not None
        until(deployed.fleet.broker.revive)
        funnel = deployed.settled(150)
        scores = deployed.scores()
    assert funnel.adds_up
    assert funnel.rows[0].total_scored == 150
    by_trace_and_name(scores)


def test_llm_judge_in_the_fleet_survives_bad_replies_and_rate_limits(
    tmp_path: Path, endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.script([says("not JSON"), rate_limited(retry_after="0.2"), says("{}"), rate_limited(retry_after="0.1")])
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    own: dict[str, Any] = {"openai_base_url": endpoint.url, "judge_model": "our-own-model"}
    deployed = Deployed.create(tmp_path / "d", make_traces(20), rubric="grounding-llm", **own)
    with deployed.running():
        funnel = deployed.settled(20)
        scores = deployed.scores()
    assert funnel.rows[0].total_scored == 20
    assert {s.metadata["judge"] for s in scores.values()} == {"llm"}
    assert all(s.metadata["cost_usd"] is None for s in scores.values()), "an unknown price is not a price of 0"
    assert len(endpoint.requests) > 20


def test_call_longer_than_the_visibility_time_out_is_made_once(
    tmp_path: Path, endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries in work are renewed: without it the broker would give the batch to somebody else after 20 s."""
    endpoint.script([slow(VISIBILITY_TIMEOUT_S + 8.0)])
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    patient: dict[str, Any] = {"openai_base_url": endpoint.url, "ledger_deadline_s": 60.0}
    deployed = Deployed.create(tmp_path / "d", make_traces(1), rubric="grounding-llm", **patient)
    with deployed.running(assess_workers=2):
        funnel = deployed.settled(1)
    assert funnel.rows[0].total_scored == 1
    assert len(endpoint.requests) == 1


def _progress(funnel: object) -> int:
    rows = funnel.rows  # type: ignore[attr-defined]
    return sum(r.total_scored + r.in_flight.get("judged", 0) + r.in_flight.get("posted", 0) for r in rows)


async def _delete_queue(state: FleetState) -> None:
    await state.connection.client.delete(f"assay:{ASSESS_QUEUE}")  # type: ignore[attr-defined]


def _kill_broker(data_dir: Path) -> None:
    for proc in Path("/proc").iterdir():
        if proc.name.isdigit():
            try:
                command = (proc / "cmdline").read_bytes()
                is_ours = (proc / "cwd").resolve() == data_dir
            except OSError:
                continue
            if is_ours and (b"unixsocket" in command or b"valkey" in command):
                os.kill(int(proc.name), signal.SIGKILL)
                return
    raise AssertionError("no broker found")
