"""The `assay` command as a person meets it: one clear line on bad input, and the right exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S, until

PATHS = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}  # noqa: TID251  # paths


def assay(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a directory with a clean environment."""
    return subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", *args],
        cwd=cwd,
        env={**PATHS, "HOME": str(cwd), "COLUMNS": "160", **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def configure(home: Path, text: str = "use_cases: [{name: bot, rate: 1.0, allow_rate: true}]\n") -> Path:
    (home / "assay.yaml").write_text(text)
    return home


TRACE = {
    "id": "trace-1",
    "name": "bot",
    "start": "2026-11-21T09:00:00Z",
    "end": "2026-11-21T09:00:01Z",
    "input": "When?",
    "output": "In 1932.",
}


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.parametrize(
    ("config", "args", "expected"),
    [
        ("use_cases: [{name: a, rte: 1}]", ("sweep",), "line 1: use_cases.a.rte: unknown key; did you mean 'rate'?"),
        ("use_cases: [{name: a, rubrics: [nope]}]", ("up",), "rubric 'nope': unknown; known rubrics: answer-relevance"),
        ("use_cases: [{name: a", ("status",), "line 1"),
        ("use_cases: [{name: a, rubrics: [grounding-llm]}]", ("gate", "nope"), "unknown golden set; known: mtrag-v1"),
    ],
)
def test_wrong_configuration_is_one_line_and_exit_2(
    tmp_path: Path, config: str, args: tuple[str, ...], expected: str
) -> None:
    done = assay(*args, cwd=configure(tmp_path, config))
    assert done.returncode == 2
    assert expected in one_line(done.stderr)


def test_wrong_rubric_key_names_file_key_and_remedy(tmp_path: Path) -> None:
    configure(tmp_path)
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "grounding.yaml").write_text("name: grounding\nrisk_lables: {medium: 0.1}\n")
    done = assay("rubrics", "lint", cwd=tmp_path)
    assert done.returncode == 2
    assert "grounding.yaml: line 2: risk_lables: unknown key; did you mean 'risk_labels'?" in one_line(done.stderr)
    assert assay("sweep", cwd=tmp_path).returncode == 2


def test_unreachable_redis_is_one_line_and_exit_3_without_its_password(tmp_path: Path) -> None:
    done = assay("status", cwd=configure(tmp_path), ASSAY_REDIS_URL="redis://:hunter2@127.0.0.1:1/0")
    assert done.returncode == 3
    line = one_line(done.stderr)
    assert "ASSAY_REDIS_URL" in line
    assert "hunter2" not in done.stdout + done.stderr


def test_malformed_redis_url_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = assay("status", cwd=configure(tmp_path), ASSAY_REDIS_URL="localhost:6379")
    assert done.returncode == 2
    assert "write redis://host:6379/0" in one_line(done.stderr)


def test_worker_without_a_broker_says_what_to_set(tmp_path: Path) -> None:
    done = assay("worker", "--role", "assess", cwd=configure(tmp_path))
    assert done.returncode == 2
    assert "ASSAY_REDIS_URL: not set" in one_line(done.stderr)


def test_unwritable_store_is_one_line_and_exit_2(tmp_path: Path) -> None:
    configure(tmp_path, "store: {kind: sqlite, path: /proc/traces.db}\nuse_cases: [{name: a}]\n")
    (tmp_path / "t.jsonl").write_text(json.dumps(TRACE) + "\n")
    done = assay("import", "t.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "/proc/traces.db" in one_line(done.stderr)


def test_llm_rubric_without_an_endpoint_says_what_to_set(tmp_path: Path) -> None:
    done = assay("up", cwd=configure(tmp_path, "use_cases: [{name: a, rubrics: [grounding-llm]}]"))
    assert done.returncode == 2
    assert "set OPENAI_API_KEY" in one_line(done.stderr)


def test_import_names_bad_lines_and_takes_the_rest(tmp_path: Path) -> None:
    bad = {**TRACE, "id": "t2", "start": "2026-11-21T09:00:00"}
    lines = [json.dumps(TRACE), "{not json", json.dumps(bad), json.dumps({**TRACE, "id": "t3", "colour": 1})]
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    done = assay("import", "t.jsonl", cwd=configure(tmp_path))
    assert done.returncode == 2
    assert "1 traces imported, 3 lines refused" in done.stdout
    assert [f"line {n}" in line for n, line in zip((2, 3, 4), done.stderr.splitlines(), strict=True)] == [True] * 3


def test_sweep_and_why_work_without_a_running_fleet(tmp_path: Path) -> None:
    configure(tmp_path)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    (tmp_path / "t.jsonl").write_text(json.dumps({**TRACE, "start": now, "end": now}) + "\n")
    assert assay("import", "t.jsonl", cwd=tmp_path).returncode == 0
    first = assay("sweep", "--json", cwd=tmp_path)
    second = assay("sweep", "--json", cwd=tmp_path)
    assert (json.loads(first.stdout)["selected"], json.loads(second.stdout)["selected"]) == (1, 0)
    why = assay("why", "trace-1", cwd=tmp_path)
    assert "use case: bot" in why.stdout
    assert "selected" in why.stdout
    assert "does not have it" in assay("why", "nothing", cwd=tmp_path).stdout


def test_hostile_trace_name_neither_breaks_nor_drives_the_terminal(tmp_path: Path) -> None:
    configure(tmp_path)
    hostile = {**TRACE, "name": "Invoice [/2024] \x1b]52;c;aGk=\x07"}
    (tmp_path / "t.jsonl").write_text(json.dumps(hostile) + "\n")
    assert assay("import", "t.jsonl", cwd=tmp_path).returncode == 0
    done = assay("why", "trace-1", cwd=tmp_path)
    assert done.returncode == 0
    assert "Invoice [/2024]" in done.stdout
    assert "\x1b]52" not in done.stdout


def test_settings_hide_secrets(tmp_path: Path) -> None:
    done = assay(
        "settings", cwd=configure(tmp_path), OPENAI_API_KEY="sk-hunter2", ASSAY_REDIS_URL="redis://:hunter2@h/0"
    )
    assert done.returncode == 0
    assert "hunter2" not in done.stdout + done.stderr


def test_up_scores_what_is_imported_and_stops_in_order_on_ctrl_c(tmp_path: Path) -> None:
    configure(tmp_path, "defaults: {quiet_seconds: 0}\nuse_cases: [{name: bot, rate: 1.0, allow_rate: true}]\n")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    (tmp_path / "t.jsonl").write_text(json.dumps({**TRACE, "start": now, "end": now}) + "\n")
    assert assay("import", "t.jsonl", cwd=tmp_path).returncode == 0
    up = subprocess.Popen(
        [sys.executable, "-m", "assay.worker.cli", "up", "--workers", "1"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "ASSAY_VERIFY_EVERY_S": "1"},  # noqa: TID251  # a child's PATH
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: _scored(tmp_path) == 1)
    finally:
        up.send_signal(signal.SIGINT)
        out, _ = up.communicate(timeout=PATIENCE_S)
    assert up.returncode == 0, out
    assert out.rstrip().endswith("stopped")
    assert not (tmp_path / ".assay" / "valkey.sock").exists()


def _scored(home: Path) -> int:
    done = assay("status", "--json", cwd=home)
    if done.returncode != 0:
        return 0
    rows = json.loads(done.stdout)["funnel"]["rows"]
    return sum(sum(row["scored"].values()) for row in rows)
