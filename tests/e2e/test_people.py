"""Flagged answers reach the review queue once, with real workers of which one is killed, on a server that fails."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.reviews import is_flagged
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import QUICK, Deployed
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.flow.test_reviews import ADD_ITEM, make_queue

CONFIG = """
store: {kind: langfuse, plan: self-hosted, read_lag_seconds: 1}
window_seconds: 3600
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: contracts, rate: 1.0, allow_rate: true, stakes: high, review_queue: legal}
"""


def test_every_flagged_answer_is_in_the_queue_once_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails, is_slow = Fault("status", 0.1, on=ADD_ITEM, most=5), Fault("slow", 0.5, on=ADD_ITEM, delay_s=0.1)
    faults = Faults(1, [fails, is_slow])
    with LangfuseServer(LangfuseSettings(score_lag_s=0.5), faults=faults) as server:
        make_queue(server)
        now = int(time.time() * 1000)
        server.project.add_synthetic(200, start_ms=now - 3 * 3_600_000, span_ms=2 * 3_600_000, seed=7)
        deployed = _deployed(server, tmp_path, monkeypatch)
        with deployed.running(assess_workers=1):
            deployed.until(lambda _: len(server.project.queues.items) >= 5)
            deployed.kill("control")
            deployed.settled(150)
            flagged = deployed.ask(_flagged)
            assert len(flagged) > 10
            deployed.await_that(lambda: _waiting(deployed) == 0)  # an answer is tried five times, a minute apart
        items = Counter(item["objectId"] for item in server.project.queues.items.values())
    assert items == dict.fromkeys(flagged, 1)


def _deployed(server: LangfuseServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    (home / "assay.yaml").write_text(CONFIG)
    monkeypatch.setenv("LANGFUSE_BASE_URL", server.url)
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", server.public_key)
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", server.secret_key)
    settings = Settings(**{**QUICK, "data_dir": home / ".assay", "review_every_s": 1.0})
    return Deployed(home=home, settings=settings, root=ConfigRoot(path=home))


async def _flagged(runtime: Runtime) -> set[str]:
    today = runtime.clock.now().date()
    return {
        entry.trace_id
        async for entry in runtime.state.ledger_reader.scan(today - timedelta(days=1), today)
        if is_flagged(entry)
    }


def _waiting(deployed: Deployed) -> int:
    async def count(runtime: Runtime) -> int:
        return (await runtime.state.reviews.counts())["waiting"]

    return deployed.ask(count)
