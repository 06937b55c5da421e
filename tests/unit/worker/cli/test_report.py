"""Which period a report is of, and how its files are written."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.cli.report import period_of
from assay.worker.cli.whole_files import write_whole

NOW = datetime(2026, 11, 29, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "first", "end"),
    [
        (None, None, "2026-11-23T00:00", "2026-11-29T15:30"),
        ("2d", None, "2026-11-27T15:30", "2026-11-29T15:30"),
        ("2026-11-01", "2026-11-15", "2026-11-01T00:00", "2026-11-16T00:00"),
        (None, "2026-11-15", "2026-11-09T00:00", "2026-11-16T00:00"),
        ("0001-01-01", None, "1970-01-01T00:00", "2026-11-29T15:30"),
        ("2026-11-01", "9999-12-31", "2026-11-01T00:00", "2027-11-30T15:30"),
    ],
)
def test_a_report_is_of_whole_days_unless_told_otherwise(
    since: str | None, until: str | None, first: str, end: str
) -> None:
    moments = [datetime.fromisoformat(f"{text}+00:00") for text in (first, end)]
    assert list(period_of(since, until, now=NOW)) == moments


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-11-20", "2026-11-10", "--since, --until: the period is empty"),
        ("2030-01-01", None, "--since: 2030-01-01 00:00 UTC lies in the future"),
        ("2030-01-01", "2030-02-01", "--since: 2030-01-01 00:00 UTC lies in the future"),
        ("0d", None, "--since, --until: the period is empty"),
        ("yesterday", None, "--since: 'yesterday' is no moment"),
        (None, "soon", "--until: 'soon' is no moment"),
    ],
)
def test_a_period_that_is_none_is_one_line(since: str | None, until: str | None, words: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        period_of(since, until, now=NOW)
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    write_whole(path, "new", "--html")
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match=r"^--html .*nowhere.*r\.html: cannot be written"):
        write_whole(tmp_path / "nowhere" / "r.html", "x", "--html")
    path.chmod(0o644)
    write_whole(path, "newer", "--html")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800", "--html")
    assert path.read_text(encoding="utf-8") == "newer"
    assert [left.name for left in tmp_path.iterdir()] == ["r.html"]


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "text", "--markdown")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
