"""The fleet against a Langfuse: real broker, real workers, a server that loses score writes and has limits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.scores import names_in
from assay.worker.records.ledger import LedgerEntry
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import QUICK, Deployed
from tests.servers.langfuse import LangfuseServer, LangfuseSettings, failing_score_writes

TRACES = 2000
PER_MINUTE = 90
"""Of general requests: few enough to be reached, so that the shared budget must hold the workers back."""

CONFIG = """
store: {{kind: langfuse, plan: self-hosted, requests_per_minute: {budget}, read_lag_seconds: {lag}}}
window_seconds: 3600
defaults: {{quiet_seconds: 1, min_per_day: 0, low_traffic: {{below_per_day: 0}}, rubrics: [grounding]}}
use_cases:
  - {{name: everything, rate: 0.1}}
"""
LAG_S = 3.0


@pytest.fixture
def langfuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    """2,000 traces of every recorded shape in the last hours; a fifth of all score writes goes wrong somehow."""
    settings = LangfuseSettings(score_lag_s=LAG_S, per_minute={"general": PER_MINUTE, "ingestion": 1000})
    with LangfuseServer(settings, faults=failing_score_writes(0.2, hang_s=1.0)) as server:
        now = int(time.time() * 1000)
        server.project.add_synthetic(TRACES, start_ms=now - 4 * 3_600_000, span_ms=3 * 3_600_000, seed=3)
        monkeypatch.setenv("LANGFUSE_BASE_URL", server.url)
        monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", server.public_key)
        monkeypatch.setenv("LANGFUSE_SECRET_KEY", server.secret_key)
        yield server


def deployed_on(server: LangfuseServer, home: Path, **over: Any) -> Deployed:
    (home / "assay.yaml").write_text(CONFIG.format(budget=PER_MINUTE, lag=LAG_S + 1))
    settings = Settings(
        **{**QUICK, "data_dir": home / ".assay", "rewrite_after_s": LAG_S + 5, "verify_every_s": 2.0}, **over
    )
    return Deployed(home=home, settings=settings, root=ConfigRoot(path=home))


def test_every_selected_trace_ends_with_its_scores_readable_once(langfuse: LangfuseServer, tmp_path: Path) -> None:
    deployed = deployed_on(langfuse, tmp_path)
    with deployed.running(assess_workers=2):
        funnel = deployed.settled(int(TRACES * 0.8))
        entries = deployed.ask(_entries)
    (row,) = funnel.rows
    assert funnel.adds_up
    assert 120 < row.selected < 260
    assert not row.dead, row
    assert set(row.skipped) <= {"no_response"}
    rows = list(langfuse.project.scores.rows())
    assert len({score.id for score in rows}) == len(rows), "one id, two rows"
    by_name = Counter((score.subject["id"], score.name) for score in rows)
    assert set(by_name.values()) == {1}, "a trace carries a score twice"
    expected = {
        (entry.trace_id, name): entry.judgement.values[own_name]
        for entry in entries
        if entry.state == "scored" and entry.judgement is not None
        for own_name, name in names_in(entry.judgement).items()
    }
    assert {(score.subject["id"], score.name): score.value for score in rows} == expected
    assert row.total_scored == len({trace_id for trace_id, _ in expected})
    assert sum(langfuse.project.faults.struck.values()) > 10, "nothing went wrong, so nothing was shown"
    assert PER_MINUTE // 2 < langfuse.requests.peak("general") < PER_MINUTE
    assert 429 not in langfuse.requests.statuses("general"), "the budget was exceeded"


async def _entries(runtime: Runtime) -> list[LedgerEntry]:
    today = datetime.now(UTC).date()
    return [entry async for entry in runtime.state.ledger_reader.scan(today - timedelta(days=1), today)]
