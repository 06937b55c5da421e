"""`assay export`: a file is there whole or not at all, and stdout carries rows alone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.worker.history.opening import FILE
from assay.worker.records.history import HistoryRow
from tests.contract.history.making import open_place, row

NOW = datetime.now(UTC)


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A config root whose record has two rows of the last hour and an older one."""
    (tmp_path / "assay.yaml").write_text("store: {kind: sqlite}\nuse_cases: [{name: bot}]\n")
    rows = [
        row("new", started_at=NOW - timedelta(hours=1)),
        row("other", started_at=NOW - timedelta(minutes=30), use_case="other"),
        row("old", started_at=NOW - timedelta(days=30)),
    ]

    async def fill() -> None:
        record = open_place(str(tmp_path / ".assay" / FILE))
        await record.writer.write(rows)
        await record.close()

    asyncio.run(fill())
    return tmp_path


def export(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assay.worker.cli", "export", "--config", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)


def test_rows_of_the_last_days_go_to_stdout(deployment: Path) -> None:
    told = export(deployment)
    assert (told.returncode, told.stderr) == (0, "")
    assert [json.loads(line)["trace_id"] for line in told.stdout.splitlines()] == ["new", "other"]


def test_a_file_is_named_only_when_it_is_whole(deployment: Path) -> None:
    out = deployment / "rows.csv"
    told = export(deployment, "--since", "40d", "--use-case", "bot", "--out", str(out))
    assert (told.returncode, told.stdout, told.stderr) == (0, "", f"2 rows written to {out}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    assert [line.split(",")[2] for line in out.read_text().splitlines()] == ["trace_id", '"old"', '"new"']

    kept = out.read_bytes()
    database = deployment / ".assay" / FILE
    database.write_bytes(b"no database " * 1_000)
    failed = export(deployment, "--out", str(out))
    assert failed.returncode == 2
    assert "is not a SQLite database" in failed.stderr
    assert out.read_bytes() == kept
    assert not list(deployment.glob(".rows*")), "half a file stayed"


def test_nothing_to_export_is_said_and_the_file_has_its_columns(deployment: Path) -> None:
    out = deployment / "none.csv"
    told = export(deployment, "--use-case", "nobody", "--out", str(out))
    assert told.returncode == 0
    assert "no rows of these use cases and rubrics" in told.stderr
    assert "the record has: bot by grounding, other by grounding" in told.stderr
    assert out.read_text().strip().split(",") == list(HistoryRow.model_fields)
    (deployment / ".assay" / FILE).unlink()
    assert "no rows: the record has none from" in export(deployment).stderr


def test_what_cannot_be_written_is_one_line(deployment: Path) -> None:
    for arguments, words in (
        (("--format", "parquet"), "name a file with --out"),
        (("--out", str(deployment / "nowhere" / "x.csv")), "cannot be written"),
        (("--out", str(deployment / "rows.xlsx")), "no format is called .xlsx; end the name in .parquet, .csv or"),
    ):
        told = export(deployment, *arguments)
        assert told.returncode == 2
        assert words in told.stderr
        assert len(told.stderr.splitlines()) == 1
