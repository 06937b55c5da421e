"""How `assay gate` and `assay golden run` end when something is in their way: 1, 2, 3, or as their verdict says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.config.root import packaged_root
from tests.integration.golden_home import ITEMS, Home, anchors, answers
from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import Answer, OpenAIServer, completion, prompt_of
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
FROM_OUTSIDE = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@contextmanager
def reader_gone() -> Iterator[int]:
    """The writing end of a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


# --- nobody reads what it says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "code"), [(2, 0), (20, 1)])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_leaves_changes_no_verdict(home: Home, form: tuple[str, ...], bad: int, code: int) -> None:
    home.write({"old": answers(2), "new": answers(bad)})
    with reader_gone() as pipe:
        process = home.start_into(pipe, subprocess.PIPE, "gate", "bot-v1", "--candidate", "new", *form)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("gate", "bot-v1", "--candidate", "new"), 0),
        (("golden", "run", "bot-v1", "--release", "new"), 0),
        (("gate", "nobody"), 2),
    ],
)
def test_a_reader_of_both_streams_that_leaves_changes_no_exit_code(
    home: Home, args: tuple[str, ...], code: int
) -> None:
    home.write()
    with reader_gone() as pipe:
        assert home.start_into(pipe, pipe, *args).wait(timeout=PATIENCE_S) == code


def test_a_terminal_without_the_characters_changes_no_verdict_and_json_loses_none(home: Home) -> None:
    home.write({"old": answers(2), "new": answers(20, "Lila Elefanten erfanden das Telefon für Köln – 象.")})
    args = ("gate", "bot-v1", "--candidate", "new")
    told = home.start(*args, PYTHONIOENCODING="ascii")
    out, err = told.communicate(timeout=PATIENCE_S)
    assert told.returncode == 1, err
    assert "REGRESSED" in out.upper()
    data = home.start(*args, "--json", PYTHONIOENCODING="ascii")
    out, err = data.communicate(timeout=PATIENCE_S)
    assert data.returncode == 1, err
    assert "für Köln – 象" in json.loads(out)["pairs"][0]["candidate"][0]["response"]


def test_a_question_that_nobody_answers_is_2(home: Home) -> None:
    home.write()
    lock = (home.set / "golden.lock").read_bytes()
    (home.set / "items.jsonl").write_text("\n".join(json.dumps({**one, "tags": ["x"]}) for one in ITEMS) + "\n")
    process = home.start("golden", "freeze", "bot-v1")
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2, err
    assert "--yes" in err
    assert (home.set / "golden.lock").read_bytes() == lock


# --- it is told to end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", FROM_OUTSIDE)
@pytest.mark.parametrize("command", [("gate", "bot-v1"), ("golden", "run", "bot-v1")])
def test_a_signal_while_it_still_starts_is_3(
    home: Home, tmp_path: Path, command: tuple[str, ...], signum: signal.Signals
) -> None:
    """Sent by one of the modules that are imported, which swallows what is raised meanwhile."""
    early = tmp_path / "early"
    early.mkdir()
    kill = f"os.kill(os.getpid(), {int(signum)}); time.sleep(9)"
    body = f"import os, time\ntry:\n    {kill}\nexcept BaseException:\n    pass\n"
    (early / "structlog.py").write_text(body)
    process = home.start(*command, PYTHONPATH=f"{early}:{ROOT}")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (3, "", "assay: interrupted; nothing is decided\n")


def test_an_installation_that_is_broken_is_2(home: Home, tmp_path: Path) -> None:
    (tmp_path / "structlog.py").write_text("raise ImportError('half an upgrade', name='structlog.half')")
    process = home.start("gate", "bot-v1", PYTHONPATH=f"{tmp_path}:{ROOT}")
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "structlog.half" in err


@pytest.mark.parametrize("signum", FROM_OUTSIDE)
def test_a_signal_while_it_reports_is_3_and_the_verdict_is_kept(home: Home, signum: signal.Signals) -> None:
    home.write({"old": answers(2), "new": answers(20)})
    report = home.path / "report.md"
    os.mkfifo(report)  # nobody reads it: the gate waits
    process = home.start("gate", "bot-v1", "--candidate", "new", "--markdown", str(report))
    until(lambda: any((run / "gate.json").exists() and not (run / "journal.jsonl").exists() for run in home.runs()))
    process.send_signal(signum)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3, err
    (run,) = home.runs()
    assert f"interrupted; the verdict, regressed, is kept ({run / 'gate.json'})" in err


def test_what_the_caller_has_it_ignore_stays_ignored(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; a child inherits it
    try:
        process = home.start("gate", "bot-v1", "--candidate", "new")
    finally:
        signal.signal(signal.SIGHUP, before)
    until(lambda: bool(home.runs()) or process.poll() is not None)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err


# --- what it keeps ------------------------------------------------------------------------------------------------


def test_the_journal_stays_while_the_exam_is_incomplete(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that going on pays for the anchors alone."""
    down = True

    def judge(body: dict[str, Any]) -> Answer:
        if down and "bridge number" not in prompt_of(body):
            return Answer({"error": {"message": "no", "code": "invalid_api_key"}}, status=401)
        return Answer(completion(lexical_verdict(prompt_of(body)), body))

    with OpenAIServer(default=judge) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        home.write(rubric="grounding-llm", gate={"allow_uncalibrated": True})
        assert home.gate() == 3
        (run,) = home.runs()
        assert (run / "journal.jsonl").exists()
        asked, down = len(server.requests), False
        assert home.gate("--candidate", "new", "--resume", run.name) == 0
        assert len(server.requests) - asked == len(anchors())
    assert not (run / "journal.jsonl").exists()


def test_a_run_that_is_compared_again_keeps_its_own_place(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    assert home.assay("golden", "run", "bot-v1", "--release", "new") == 0
    (run,) = home.runs()
    assert home.gate("--candidate", run.name) == 0
    (gate,) = set(home.runs()) - {run}
    assert [path.name for path in run.iterdir()] == ["run.json"]
    assert [path.name for path in gate.iterdir()] == ["gate.json"]
    assert json.loads((gate / "gate.json").read_text())["run_id"] == gate.name
    capsys.readouterr()
    assert home.assay("golden", "runs", "bot-v1", "--json") == 0
    history = [(line["run_id"], line["kind"]) for line in json.loads(capsys.readouterr().out)]
    assert history == [(run.name, "run"), (gate.name, "gate")]


def test_what_is_not_as_frozen_is_said_in_the_report(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write({"old": answers(2), "new": answers(2)}, repeats=1)
    capsys.readouterr()
    assert home.gate("--candidate", "new", "--baseline", "new", "--repeats", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [
        "not as frozen: every item was asked 2 times, the set says 1",
        "not as frozen: compared with 'new', the manifest names 'old'",
    ]
    assert home.gate("--candidate", "new", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []


# --- which set it is ----------------------------------------------------------------------------------------------


def test_the_set_that_is_taken_is_said(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    assert home.gate() == 0
    assert f"bot-v1: {home.set}, digest " in capsys.readouterr().err


def test_a_packaged_set_is_not_taken_for_the_one_of_its_name_here(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (name,) = [path.parent.name for path in (packaged_root() / "golden_sets").glob("*/manifest.yaml")]
    here = tmp_path / "here" / "golden_sets" / name
    here.mkdir(parents=True)
    (here / "manifest.yaml").write_text(f"name: {name}\n")
    monkeypatch.chdir(tmp_path / "here")
    assert home.assay_unnamed("gate", name) == 2
    err = capsys.readouterr().err
    assert f"golden_sets/{name}: not used" in err
    assert "assay init" in err
    assert "Traceback" not in err


def test_help_tells_what_an_option_is_where_it_is_not_given() -> None:
    """Rich takes what stands in brackets for markup, unless told otherwise."""
    shown = CliRunner().invoke(app, ["gate", "--help"]).output
    words = " ".join(shown.replace("│", " ").split())
    for default in ("[default: manifest]", "[default: its path]", "[default: target]"):
        assert default in words
