"""A whole fleet on a real Phoenix: every selected trace ends with its scores in Phoenix's own API, each once."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.scores import names_in
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import Observation, Trace, TraceRoot
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import QUICK, Deployed
from tests.servers.phoenix.filled import FilledPhoenix, Place, write_place

TRACES = 300
CONFIG = """
store: {{kind: phoenix, project: {project}}}
window_seconds: 3600
defaults: {{quiet_seconds: 1, min_per_day: 0, low_traffic: {{below_per_day: 0}}, rubrics: [grounding]}}
use_cases:
  - {{name: bot, match: {{environment: [production]}}, rate: 1.0, allow_rate: true}}
"""
ANSWERS = ("The bridge was opened in 1932.", "Purple elephants invented the telephone in Berlin.")


def make_trace(number: int, start: datetime) -> Trace:
    """A question, a retrieval and an answer that is right every other time."""
    ids = uuid.uuid4().hex
    root = TraceRoot(
        trace_id=ids,
        observation_id=ids[:16],
        name="support-bot",
        environment="production",
        start=start,
        end=start + timedelta(seconds=2),
        session_id=f"session-{number // 3}-{ids[:6]}",
        user_id=f"user-{number % 7}",
    )
    retrieval = Observation(
        id=ids[16:],
        type="retriever",
        name="search",
        parent_id=root.observation_id,
        start=start,
        end=start + timedelta(seconds=1),
        output=[{"text": "The bridge was opened in 1932."}],
    )
    question = {"question": f"Question {number}: when was the bridge opened?"}
    return Trace(root=root, input=question, output={"answer": ANSWERS[number % 2]}, observations=(retrieval,))


def test_three_hundred_traces_have_each_score_once_though_workers_were_killed(
    phoenix_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(url=phoenix_url, project=f"fleet-{uuid.uuid4().hex[:8]}")
    write_place(tmp_path, place)
    now = datetime.now(UTC)
    # Of hours that are closed: a window of an hour is swept when it is over.
    traces = [make_trace(n, now - timedelta(minutes=70 + n % 150)) for n in range(TRACES)]
    asyncio.run(_fill(place, traces))
    monkeypatch.setenv("PHOENIX_ENDPOINT", phoenix_url)
    (tmp_path / "assay.yaml").write_text(CONFIG.format(project=place.project))
    settings = Settings(**{**QUICK, "data_dir": tmp_path / ".assay", "rewrite_after_s": 10.0})
    deployed = Deployed(home=tmp_path, settings=settings, root=ConfigRoot(path=tmp_path))
    with deployed.running(assess_workers=2):
        deployed.until(lambda funnel: sum(row.total_scored for row in funnel.rows) > TRACES // 10)
        deployed.kill("assess1")
        deployed.kill("control")
        funnel = deployed.settled(TRACES)
        entries = deployed.ask(_entries)
    (row,) = funnel.rows
    assert funnel.adds_up
    assert (row.seen, row.selected, row.total_scored) == (TRACES, TRACES, TRACES), row
    shown = annotations_on(place, [trace.id for trace in traces])
    by_name = Counter((row["trace_id"], row["name"]) for row in shown)
    assert set(by_name.values()) == {1}, "a trace carries a score twice"
    assert {(row["trace_id"], row["name"]): _value(row) for row in shown} == _judged(entries)
    assert {row["trace_id"] for row in shown} == {trace.id for trace in traces}
    assert {row["annotator_kind"] for row in shown} == {"CODE"}


def _judged(entries: Sequence[LedgerEntry]) -> dict[tuple[str, str], float | str]:
    """What the fleet concluded, by trace and by the score's name in the store."""
    return {
        (entry.trace_id, name): entry.judgement.values[own_name]
        for entry in entries
        if entry.judgement is not None
        for own_name, name in names_in(entry.judgement).items()
    }


def _value(row: Mapping[str, Any]) -> float | str:
    result = row["result"]
    value: float | str = result["label"] if result["score"] is None else result["score"]
    return value


def annotations_on(place: Place, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What Phoenix's own API shows on these traces."""
    rows: list[dict[str, Any]] = []
    for at in range(0, len(trace_ids), 50):
        query: list[tuple[str, str | int | float | bool | None]] = [("trace_ids", i) for i in trace_ids[at : at + 50]]
        url = f"{place.url}/v1/projects/{place.project}/trace_annotations"
        answer = httpx.get(url, params=[*query, ("limit", "10000")], timeout=60)
        answer.raise_for_status()
        assert answer.json()["next_cursor"] is None
        rows += answer.json()["data"]
    return rows


async def _fill(place: Place, traces: Sequence[Trace]) -> None:
    store = FilledPhoenix(place)
    try:
        await store.add_traces(traces)
    finally:
        await store.close()


async def _entries(runtime: Runtime) -> list[LedgerEntry]:
    today = datetime.now(UTC).date()
    return [entry async for entry in runtime.state.ledger_reader.scan(today - timedelta(days=1), today)]
