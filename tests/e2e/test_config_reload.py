"""Edits of rubrics under load: nothing lost, nothing doubled, each score under the version it was judged by."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.records.traces import Trace
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import make_trace
from tests.e2e.running import Deployed, by_trace_and_name
from tests.servers.openai_server import OpenAIServer

QUICK_LOOKS: dict[str, Any] = {"config_look_every_s": 0.5, "judge_concurrency": 4, "worker_threads": 2}
CONFIG = """
window_seconds: 10
late_seconds: 1
lookback_hours: 1
defaults: {quiet_seconds: 1, min_per_day: 0, rubrics: [own]}
use_cases: [{name: bot, rate: 1.0, allow_rate: true}]
"""
RUBRIC = """
name: own
risk_labels: {{medium: 0.2, high: {high}}}
judge: {{tiers: [llm], llm: {{model: "${{ASSAY_JUDGE_MODEL}}"}}}}
"""


def write_rubric(home: Path, high: str) -> None:
    (home / "rubrics").mkdir(parents=True, exist_ok=True)
    new = home / "rubrics" / "own.yaml.new"
    new.write_text(RUBRIC.format(high=high))
    new.replace(home / "rubrics" / "own.yaml")


def add(deployed: Deployed, traces: list[Trace]) -> None:
    async def write() -> None:
        assert deployed.settings.data_dir is not None
        store = SqliteStore(deployed.settings.data_dir / "traces.db")
        try:
            await store.add_traces(traces)
        finally:
            await store.close()

    asyncio.run(write())


def log_lines(deployed: Deployed, process: str, event: str) -> int:
    return (deployed.home / ".assay" / "logs" / f"{process}.log").read_text().count(event)


def traces_of(minutes_ago: float, names: range) -> list[Trace]:
    start = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return [
        make_trace(f"trace-{n:03}", start=start, output={"answer": "The bridge was opened in 1932."}) for n in names
    ]


def test_edit_under_load_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(latency_s=3) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        write_rubric(tmp_path / "d", "0.5")
        own: dict[str, Any] = {"openai_base_url": endpoint.url, **QUICK_LOOKS}
        deployed = Deployed.create(tmp_path / "d", traces_of(20, range(80)), rubric="own", **own)
        (deployed.home / "assay.yaml").write_text(CONFIG)
        with deployed.running(assess_workers=2):
            deployed.until(lambda f: f.in_flight and any(row.total_scored for row in f.rows))
            write_rubric(deployed.home, "0.6")
            for process in ("assess1", "assess2", "control"):
                deployed.await_that(lambda process=process: log_lines(deployed, process, "config.taken_up"))  # type: ignore[misc]
            assert deployed.funnel().in_flight, "the load was over before the edit was taken up"
            endpoint.latency_s = 0.1
            write_rubric(deployed.home, "no number")
            deployed.await_that(lambda: log_lines(deployed, "control", "config.not_taken_up"))
            write_rubric(deployed.home, "0.6")
            add(deployed, traces_of(0, range(80, 120)))
            funnel = deployed.settled(120)
            scores = deployed.scores()
    assert funnel.adds_up
    assert sum(row.total_scored for row in funnel.rows) == 120
    by_trace_and_name(scores)
    revisions = {(score.metadata["revision"], int(score.trace_id[-3:]) >= 80) for score in scores.values()}
    assert len(revisions) == 2, "each trace is judged by the version that the sweep which chose it had"
