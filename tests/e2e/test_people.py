"""Answers reach the review queue once, though a real worker is killed, and people's word reaches the record."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.reviews import is_flagged
from assay.worker.ports.review_record import AskedReview
from assay.worker.records.history import HistoryQuery
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import QUICK, Deployed
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings, score_writes
from tests.servers.langfuse.calls import Call
from tests.unit.worker.flow.test_reviews import ADD_ITEM, make_queue

CONFIG = """
store: {kind: langfuse, plan: self-hosted, read_lag_seconds: 1}
window_seconds: 3600
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: contracts, rate: 1.0, allow_rate: true, stakes: high, review_queue: legal, review_per_day: 20}
"""


def test_flagged_and_drawn_answers_are_queued_once_though_a_worker_is_killed_and_labels_come_back(
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
            asked = deployed.ask(_asked)
            assert items == dict.fromkeys(asked, 1)
            assert {trace_id for trace_id, review in asked.items() if review.design.review_pi == 1} == flagged
            assert 0 < len(set(asked) - flagged) < 20  # about 2 % of the rest: nobody knows their number yet
            for trace_id in asked:
                _complete(server, trace_id, is_bad=trace_id in flagged)
            assert {trace_id: review.label for trace_id, review in deployed.ask(_read).items()} == {
                trace_id: int(trace_id in flagged) for trace_id in asked
            }


def _complete(server: LangfuseServer, trace_id: str, *, is_bad: bool) -> None:
    """A person says something of an item, and is done with it."""
    project = server.project
    (item,) = [item for item in project.queues.items.values() if item["objectId"] == trace_id]
    (config,) = [config for config in project.configs.by_id.values() if config["name"] == "hallucination"]
    score = {
        "traceId": trace_id, "name": "hallucination", "value": int(is_bad), "dataType": "BOOLEAN",
        "source": "ANNOTATION", "configId": config["id"], "queueId": item["queueId"], "comment": "a reviewer's words",
    }  # fmt: skip
    assert score_writes.post_score(project, Call("POST", "", raw=json.dumps(score).encode())).status == 200
    item["status"] = "COMPLETED"


async def _asked(runtime: Runtime) -> dict[str, AskedReview]:
    now = runtime.clock.now()
    query = HistoryQuery(since=now - timedelta(days=1), until=now)
    assert runtime.history.reviews is not None
    return {review.trace_id: review for review in await runtime.history.reviews.asked(query)}


async def _read(runtime: Runtime) -> dict[str, AskedReview]:
    """What the record has after the next reading, which is not due for most of an hour."""
    long_ago = b"2026-01-01T00:00:00+00:00"
    await runtime.state.key_values.keep("reviews:read", long_ago, ttl_s=60, replace=True)
    assert (await runtime.review()).read
    return await _asked(runtime)


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
