"""`assay report` from the command line: every trouble is one line, and it works without Redis."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.wiring.history import open_record
from tests.e2e.test_command import assay, one_line
from tests.unit.worker.reporting.period.history_rows import a_week

NOWHERE = "redis://127.0.0.1:1/0"
WEEK = ("--since", "2026-11-23", "--until", "2026-11-29")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with a week in its record."""
    home = tmp_path_factory.mktemp("report")
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")
    settings = load_settings().model_copy(update={"data_dir": home / ".assay"})

    async def fill() -> None:
        record = open_record(settings, ConfigRoot(path=home))
        await record.writer.write(list(a_week(200)))
        await record.close()

    asyncio.run(fill())
    return home


def test_a_week_is_told_without_redis(home: Path) -> None:
    done = assay("report", *WEEK, "--json", cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (case,) = report["use_cases"]
    assert sum(sum(case["coverage"][state].values()) for state in ("scored", "skipped", "dead")) == 200
    assert case["coverage"]["in_flight"] is None
    assert report["spent_without_score"] is None
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (("--use-case", "bott"), "--use-case 'bott': neither in assay.yaml nor in the record; did you mean bot?", 2),
        (("--html", "r.txt", "--markdown", "./r.txt"), "--html, --markdown: both name r.txt; give each a file", 2),
        (("--html", "nowhere/r.html"), "--html nowhere/r.html: cannot be written", 2),
    ],
)
def test_trouble_is_one_line(home: Path, options: tuple[str, ...], words: str, code: int) -> None:
    done = assay("report", *WEEK, *options, cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == code
    assert words in one_line(done.stderr)


def test_a_database_that_is_away_is_one_line_and_exit_3(home: Path) -> None:
    away = "postgresql://user:secret@127.0.0.1:1/assay"
    done = assay("report", *WEEK, cwd=home, ASSAY_REDIS_URL=NOWHERE, ASSAY_DATABASE_URL=away)
    assert done.returncode == 3, done.stderr
    assert "127.0.0.1" in one_line(done.stderr)
    assert "secret" not in done.stderr
    assert done.stdout == ""


def test_no_record_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")
    done = assay("report", *WEEK, cwd=tmp_path, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == 0
    assert "the record has no trace that started" in done.stdout
