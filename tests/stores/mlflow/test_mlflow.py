"""A fleet on a real MLflow: traces of its own client and of OpenTelemetry, scored once each though workers die."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.source import Fetched
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.reporting.funnel import Funnel
from assay.worker.stores.mlflow.infos import id_of
from assay.worker.stores.mlflow.store import MlflowStore
from tests.e2e.running import QUICK, Deployed
from tests.servers.mlflow.filled import client_of
from tests.stores import environment_of
from tests.stores.mlflow.server import lasting_mlflow

TRACES = 300
EXPERIMENT = "support"
SENDING = Path(__file__).with_name("sending.py")
CONFIG = """
store: {kind: mlflow, experiment: support, requests_per_minute: 6000}
window_seconds: 60
lookback_hours: 1
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: bot, match: {environment: [production]}, rate: 1.0, allow_rate: true}
"""
MLFLOW = environment_of("mlflow") or Path("nowhere")


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    url = lasting_mlflow(MLFLOW)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    return url


def sent(url: str, count: int) -> list[str]:
    """Ids of traces that applications sent just now, half of them by each SDK."""
    command = [str(MLFLOW / "bin" / "python"), "-W", "ignore", str(SENDING), url, EXPERIMENT, str(count)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    ids: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return ids


def assessments_in(url: str, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What MLflow's own API shows of traces: their assessments."""
    shown: dict[str, list[dict[str, Any]]] = {}
    with httpx.Client(base_url=url, timeout=60) as http:
        for at in range(0, len(ids), 100):
            answer = http.post("/api/3.0/mlflow/traces/batchGetInfos", json={"trace_ids": ids[at : at + 100]})
            shown |= {id_of(info): info.get("assessments", []) for info in answer.json()["trace_infos"]}
    return shown


def test_every_trace_has_each_score_once_when_a_worker_was_killed(url: str, tmp_path: Path) -> None:
    ids = sent(url, TRACES)
    (tmp_path / "assay.yaml").write_text(CONFIG)
    settings = Settings(**{**QUICK, "data_dir": tmp_path / ".assay", "rewrite_after_s": 10.0})
    deployed = Deployed(home=tmp_path, settings=settings, root=ConfigRoot(path=tmp_path))
    with deployed.running(assess_workers=2):
        deployed.until(lambda funnel: 0 < _ended(funnel) < TRACES)
        deployed.kill("assess1")
        deployed.kill("control")
        funnel = deployed.settled(TRACES)
    (row,) = funnel.rows
    assert funnel.adds_up
    assert (row.seen, row.selected, row.total_scored) == (TRACES, TRACES, TRACES), row
    shown = assessments_in(url, ids)
    assert len(shown) == TRACES
    for trace_id, held in shown.items():
        names = Counter(assessment["assessment_name"] for assessment in held)
        assert set(names.values()) == {1}, (trace_id, names)
        assert all("error" not in assessment["feedback"] for assessment in held)
        assert {assessment["source"]["source_type"] for assessment in held} == {"CODE"}
    wrong, right = _risks(shown, ids, wrong=True), _risks(shown, ids, wrong=False)
    assert len(wrong) == len(right) == TRACES // 2
    assert min(wrong) > max(right)


def _ended(funnel: Funnel) -> int:
    return sum(row.total_scored for row in funnel.rows)


def _risks(shown: dict[str, list[dict[str, Any]]], ids: list[str], *, wrong: bool) -> list[float]:
    """The risk of the wrong answers, or of the right ones. Each SDK's answers are wrong at its odd numbers."""
    half = TRACES // 2
    chosen = [trace_id for number, trace_id in enumerate(ids) if bool((number % half) % 2) is wrong]
    return [
        assessment["feedback"]["value"]
        for trace_id in chosen
        for assessment in shown[trace_id]
        if assessment["assessment_name"] == "hallucination_risk"
    ]


def test_spans_in_a_file_are_read_beside_others(url: str) -> None:
    """As older clients left them: the trace by one route, its spans as an artifact."""
    (other,) = sent(url, 1)
    trace_id = f"tr-{uuid.uuid4().hex}"
    with httpx.Client(base_url=url, timeout=60) as http:
        experiment = http.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": EXPERIMENT})
        key = experiment.json()["experiment"]["experiment_id"]
        info = {
            "trace_id": trace_id,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": key}},
            "request_time": "2026-11-20T09:30:00Z",
            "execution_duration": "1s",
            "state": "OK",
        }
        http.post("/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}}).raise_for_status()
        file = f"/api/2.0/mlflow-artifacts/artifacts/{key}/traces/{trace_id}/artifacts/traces.json"
        http.put(file, content=json.dumps({"spans": [span_of_file(trace_id)]})).raise_for_status()
    traces = asyncio.run(_fetched(url, trace_id, other))
    assert set(traces) == {trace_id, other}
    trace = traces[trace_id]
    assert isinstance(trace, Trace)
    assert (trace.input, trace.output) == ({"question": "How long?"}, "30 days")


def span_of_file(trace_id: str) -> dict[str, Any]:
    """A root span as a trace's file has it."""
    start = 1_796_030_000 * 10**9
    return {
        "trace_id": base64.b64encode(bytes.fromhex(trace_id.removeprefix("tr-"))).decode(),
        "span_id": base64.b64encode(bytes.fromhex("aa" * 8)).decode(),
        "parent_span_id": None,
        "name": "root",
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 10**9,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {
            "mlflow.traceRequestId": json.dumps(trace_id),
            "mlflow.spanInputs": json.dumps({"question": "How long?"}),
            "mlflow.spanOutputs": json.dumps("30 days"),
        },
    }


async def _fetched(url: str, *ids: str) -> dict[str, Fetched]:
    store = MlflowStore(client_of(url), experiment=EXPERIMENT)
    try:
        return dict(await store.fetch_traces([TraceKey(trace_id=key, start=datetime.now(UTC)) for key in ids]))
    finally:
        await store.close()
