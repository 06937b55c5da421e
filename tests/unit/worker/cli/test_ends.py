"""How commands end: a disk that refuses, Ctrl-C, a reader that leaves a help."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app, run_command
from assay.worker.cli.disk_errors import disk_problem
from assay.worker.cli.interruptions import words_of_interruption
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EROFS, "name a place that can be written"),
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "name a place that you may write, or change its permissions"),
        (errno.EISDIR, "it is a directory; name a file"),
        (errno.ENOTDIR, "a part of the path is a file; name a directory"),
    ],
)
def test_a_disk_that_refuses_is_one_line_and_exit_2(
    number: int, remedy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/data/x")

    monkeypatch.setattr("assay.worker.demo.story.run_demo", refuse)
    monkeypatch.setattr(sys, "argv", ["assay", "demo"])
    with pytest.raises(SystemExit) as ended:
        run_command()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"assay: /data/x: {os.strerror(number)}; {remedy}\n"


@pytest.mark.parametrize(
    "exc", [ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ValueError("x"), TimeoutError(), BrokenPipeError()]
)
def test_what_is_no_fault_of_a_disk_is_none_here(exc: BaseException) -> None:
    assert disk_problem(exc) is None


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_demo_where_nothing_can_be_written_is_one_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", "demo", "--dir", place],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"assay: {place}: ")
    assert "name a directory" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "x.jsonl"], "what was imported so far is kept; the same command takes the rest"),
        (["sweep"], "what was selected so far is kept; the same command goes on"),
        (["status"], "nothing was changed; run the same command again"),
        (["--help"], "nothing was changed"),
        (["dead", "replay", "--all"], "what was changed so far stays"),
        (["golden", "freeze", "x"], "what was written so far stays"),
        (["gate", "x"], "nothing is decided"),
        (["golden", "run", "x"], "nothing is decided"),
    ],
)
def test_an_interruption_says_what_is_left(arguments: list[str], words: str) -> None:
    assert words_of_interruption(arguments).startswith("assay: interrupted; " + words)


@pytest.mark.parametrize("arguments", [["--help"], ["gate", "--help"], ["golden", "--help"]])
def test_a_reader_that_leaves_a_help_costs_nothing(arguments: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen(
        [sys.executable, "-m", "assay.worker.cli", *arguments], stdout=write_end, stderr=subprocess.PIPE
    )
    os.close(write_end)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, b"")


def test_the_help_tells_the_exit_code_of_ctrl_c() -> None:
    told = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert "130 interrupted by Ctrl-C (`gate` and `golden run`: 3)" in told
