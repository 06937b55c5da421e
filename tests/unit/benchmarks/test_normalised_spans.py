"""A second recording of the same run shows no difference, and nothing of the machine it was made on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.record_framework_traces.frameworks import FRAMEWORKS
from benchmarks.record_framework_traces.normalise import normalised, written
from tests.unit.worker.extraction import framework_traces

FOLDERS = {"/home/somebody/environment": "/app/.venv"}


def run(*, trace_id: str, port: int, start: int, call: str, run_id: str) -> list[dict[str, Any]]:
    """What a framework exports: the child ends first, and every run has ids and times of its own."""
    shared = {"trace_id": trace_id * 32, "scope": {"name": "lib"}, "resource": {}, "status": {"code": "OK"}}
    root = {
        "span_id": trace_id * 16,
        "parent_id": None,
        "start": start,
        "end": start + 900,
        "attributes": {"server.port": port, "url": f"http://127.0.0.1:{port}/v1", "ai.response.msToFinish": start / 7},
    }
    child = {
        "span_id": "c" * 16,
        "parent_id": trace_id * 16,
        "start": start + 5,
        "end": start + 700,
        "attributes": {"tool": f"<object at 0x7f{start:010x}>", "id": call, "parent": trace_id * 16},
        "events": [
            {"name": "e", "attributes": {"file": "/home/somebody/environment/lib/x.py", "run": f"Crew_{run_id}.go"}}
        ],
    }
    return [{**shared, "name": "child", **child}, {**shared, "name": "root", "events": [], **root}]


FIRST = run(trace_id="a", port=41233, start=1_700, call="call_Ab12", run_id="fa62a9f1-8c1d-4b7e-9d0e-0123456789ab")
SECOND = run(trace_id="b", port=39001, start=9_900, call="call_Zz99", run_id="0b62a9f1-8c1d-4b7e-9d0e-ba9876543210")


def test_two_runs_give_the_same_text() -> None:
    texts = [written({"spans": normalised(spans, FOLDERS, (r"call_\w{4}",))}) for spans in (FIRST, SECOND)]
    assert texts[0] == texts[1]


def test_spans_keep_their_order_and_their_parents() -> None:
    root, child = normalised(FIRST, FOLDERS)
    assert [root["name"], child["name"]] == ["root", "child"]
    assert child["parent_id"] == root["span_id"] == child["attributes"]["parent"]
    assert root["start"] < child["start"] < child["end"] < root["end"]


def test_what_is_no_id_stays() -> None:
    answer = "Order A-1042 was shipped on 2026-12-03, ratio 1:8000, cafe-babe."
    spans = [{**FIRST[1], "attributes": {"output.value": answer}}]
    assert normalised(spans, FOLDERS)[0]["attributes"]["output.value"] == answer


@pytest.mark.parametrize("name", framework_traces.names())
def test_kept_recordings_name_no_folder_of_a_machine(name: str) -> None:
    text = json.dumps(framework_traces.recording(name)["spans"])
    assert not [folder for folder in ("home", "root", "tmp", "Users", "mnt") if f"/{folder}/" in text]


def test_every_scenario_has_its_recording() -> None:
    scenarios = {
        f"{name}-{scenario}"
        for name, framework in FRAMEWORKS.items()
        for program in framework.programs.values()
        for scenario in program
    }
    assert scenarios == set(framework_traces.names())
