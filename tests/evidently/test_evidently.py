"""What Evidently says today, beside what was recorded of it, and beside what we say of an export."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.evidently.exported import exported

ROOT = Path(__file__).parents[2]


def run(python: Path, arguments: list[str], cwd: Path) -> str:
    """What a program says in Evidently's environment."""
    done = subprocess.run([str(python), *arguments], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_its_figures_are_the_recorded_ones(evidently_python: Path, tmp_path: Path) -> None:
    run(evidently_python, ["-m", "tests.evidently.record", str(tmp_path / "told.json")], ROOT)
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    recorded = json.loads((ROOT / "tests" / "vectors" / "evidently.json").read_text(encoding="utf-8"))
    assert told["columns"].keys() == recorded["columns"].keys()
    for name, column in told["columns"].items():
        before = recorded["columns"][name]
        assert (column["method"], column["drifted"]) == (before["method"], before["drifted"]), name
        assert [column["value"], column["psi"]] == pytest.approx([before["value"], before["psi"]], rel=1e-9), name


def test_the_exported_script_runs_and_agrees_with_us(evidently_python: Path, tmp_path: Path) -> None:
    folder = exported(tmp_path / "out")
    lines = run(evidently_python, ["run_evidently.py"], folder).splitlines()
    ours = json.loads((folder / "assay.json").read_text(encoding="utf-8"))
    assert f"'count': {ours['drifted_columns']}.0" in lines[0]
    values = dict(line.removeprefix("ValueDrift(column=").split(",", 1) for line in lines[1:])
    assert set(values) == set(ours["columns"])
    for name, rest in values.items():
        told = float(rest.rpartition(") ")[2])
        assert ours["columns"][name]["value"] == pytest.approx(told, rel=1e-6, abs=1e-9), name
    assert (folder / "drift.html").stat().st_size > 10_000
