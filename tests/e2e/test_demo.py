"""The demo, run as a stranger runs it: two at once, in a directory that is not the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two demos at the same time."""
    home = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "assay.worker.cli", "demo", "--json"]
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(home)}  # noqa: TID251  # a child's PATH
    running = [subprocess.Popen(command, cwd=home, env=env, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=PATIENCE_S)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    return [json.loads(output) for output in outputs]


def test_two_demos_at_once_find_the_same(demos: list[dict[str, Any]]) -> None:
    def found(demo: dict[str, Any]) -> list[Any]:
        rows = [(row["use_case"], row["seen"], row["selected"], row["scored"]) for row in demo["funnel"]["rows"]]
        return [rows, demo["agreement"], demo["weighted"], [gate["verdict"] for gate in demo["gates"]]]

    assert found(demos[0]) == found(demos[1])
    assert demos[0]["directory"] != demos[1]["directory"]


def test_every_trace_is_accounted_for_and_a_second_sweep_adds_nothing(demos: list[dict[str, Any]]) -> None:
    demo = demos[0]
    rows = {row["use_case"]: row for row in demo["funnel"]["rows"]}
    assert all(row["adds_up"] and not row["in_flight"] and not row["dead"] for row in rows.values())
    assert {name: row["seen"] for name, row in rows.items()} == {"docs-assistant": 264, "knowledge-chat": 1500}
    assert rows["docs-assistant"]["selected"] == 264
    assert 240 < rows["knowledge-chat"]["selected"] < 360
    assert demo["second_sweep_selected"] == 0


def test_the_judge_agrees_with_people_and_the_interval_holds_their_rate(demos: list[dict[str, Any]]) -> None:
    agreement = {row["group"]: row["auroc"] for row in demos[0]["agreement"]}
    assert agreement["docs-assistant"]["value"] > 0.85
    assert agreement["knowledge-chat"]["value"] > 0.88
    assert set(agreement) == {"docs-assistant", "docs-assistant, model-written", "knowledge-chat"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in agreement.values())


def test_gates_are_right_in_both_directions(demos: list[dict[str, Any]]) -> None:
    verdicts = {(gate["baseline"], gate["candidate"]): gate["verdict"] for gate in demos[0]["gates"]}
    assert verdicts == {("gpt-4o", "llama-3.1-405b"): "pass", ("human-reference", "gpt-4o"): "regressed"}
    assert demos[0]["schema"] == 2
    for gate, page in zip(demos[0]["gates"], demos[0]["pages"], strict=True):
        text = Path(page).read_text(encoding="utf-8")
        assert f"{gate['candidate']} against {gate['baseline']}" in text


def test_the_next_commands_work(demos: list[dict[str, Any]]) -> None:
    home = demos[0]["directory"]
    worst = demos[0]["worst"][0]["trace_id"]
    env = {"PATH": os.environ["PATH"], "COLUMNS": "160"}  # noqa: TID251  # a child's PATH
    for args, expected in ((("why", worst), "selected"), (("report",), "of traces with a risk")):
        command = [sys.executable, "-m", "assay.worker.cli", *args, "-c", home]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
