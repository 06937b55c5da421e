"""A backfill in a provider's batches, as a person runs it, with a real fleet whose workers are killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.config.settings import child_environment
from tests.builders import make_trace
from tests.e2e.running import Deployed
from tests.servers.batch_servers import BatchServer, Fault

CONFIG = """
window_seconds: 3600
lookback_hours: 1
defaults: {quiet_seconds: 1, rubrics: [asked]}
limits: {usd_per_day: 5}
use_cases: [PRIVATE, {name: bot}]
"""

PRIVATE = "{name: private, match: {tags_any: [private]}}"
KEPT_HERE = "{name: private, match: {tags_any: [private]}, rubrics: [here], judges_allowed: [local]}"

RUBRIC = """
name: asked
scores: {groundedness: maximize, faithfulness: maximize, hallucination_risk: minimize}
judge: {tiers: [llm], llm: {model: gpt-5.4-mini}}
"""

HERE = """
name: here
scores: {groundedness: maximize, faithfulness: maximize, hallucination_risk: minimize}
judge: {tiers: [local]}
"""


def deployed(home: Path, n: int, private: Sequence[str] = ()) -> Deployed:
    now = datetime.now(UTC)
    traces = [
        make_trace(
            name,
            start=now - timedelta(hours=20, minutes=7 * i),  # longer ago than the sweep looks back
            input={"question": f"Question {i}: when was the bridge opened?"},
            tags=("private",) if name in private else (),
        )
        for i, name in enumerate([*(f"past-{i:04}" for i in range(n)), *private])
    ]
    made = Deployed.create(home, traces, batches_every_s=1.0, config_look_every_s=0.1)
    (home / "assay.yaml").write_text(CONFIG.replace("PRIVATE", PRIVATE))
    (home / "rubrics").mkdir()
    (home / "rubrics" / "asked.yaml").write_text(RUBRIC)
    (home / "rubrics" / "here.yaml").write_text(HERE)
    return made


def command(home: Path, *args: str) -> tuple[int, str, str]:
    env = child_environment(ASSAY_CONFIG_DIR=str(home), ASSAY_DATA_DIR=str(home / ".assay"), NO_COLOR="1")
    argv = [sys.executable, "-m", "assay.worker.cli", *args]
    done = subprocess.run(argv, env=env, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def batches(home: Path, *args: str) -> list[dict[str, Any]]:
    code, out, err = command(home, "batches", "ls", "--json", *args)
    assert code == 0, err
    return list(json.loads(out))


def reasons(fleet: Deployed, names: Sequence[str]) -> set[str]:
    entries = fleet.ask(lambda runtime: runtime.state.ledger.entries("asked", names))
    return {entry.reason for entry in entries.values()} if len(entries) == len(names) else set()


def test_backfill_in_batches_survives_its_workers_and_pays_each_request_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile a use case forbids the endpoint, whose calls are gathered and not yet sent."""
    home, n, private = tmp_path / "d", 30, [f"private-{i}" for i in range(3)]
    with BatchServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
        fleet = deployed(home, n, private)
        with fleet.running():
            code, out, err = command(home, "backfill", "--from", "7d", "--batch", "--yes")
            assert code == 0, out + err
            assert "with backfill --batch: about " in out
            assert f"{n + len(private)} in flight" in out
            fleet.await_that(lambda: reasons(fleet, private) == {"held_batch"})
            (home / "assay.yaml").write_text(CONFIG.replace("PRIVATE", KEPT_HERE))
            fleet.await_that(lambda: sum(map(len, server.lines.values())) == n)
            fleet.await_that(lambda: reasons(fleet, private) == {"egress_forbidden"})
            jobs = batches(home)
            assert sum(job["total"] for job in jobs) == n
            assert {job["state"] for job in jobs} <= {"intended", "sent"}
            fleet.kill("assess1")
            server.end()
            funnel = fleet.until(lambda funnel: sum(row.total_scored for row in funnel.rows) == n)
        assert funnel.in_flight == 0
        assert (len(server.paid), set(server.paid.values()), server.live) == (n, {1}, [])
        assert not any(f"Question {n + i}:" in str(server.lines) for i in range(len(private)))
        assert funnel.adds_up
        assert [row.dead for row in funnel.rows if row.dead] == [{"egress_forbidden": len(private)}]
        assert batches(home) == []
        assert {job["state"] for job in batches(home, "--all")} == {"ended"}


def test_endpoint_without_batches_is_told_before_anything_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "d"
    with BatchServer() as server:
        server.faults = [Fault("GET /v1/batches", 404)]
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai)
        deployed(home, 2)
        code, out, err = command(home, "backfill", "--from", "7d", "--batch", "--yes")
    assert (code, out) == (2, "")
    assert "default may have no batches: leave --batch out" in err
    code, _, err = command(home, "batches", "cancel", "assay-1")
    assert code == 2
    assert "assay-1: no such batch is under way" in err
