"""Nothing that a command prints can drive a terminal, whoever wrote it: a trace, a file, or an argument."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from assay.worker.cli import context
from assay.worker.cli.commands import COMMANDS, run_command
from assay.worker.cli.context import PatientConsole, print_json
from assay.worker.cli.golden.group import GOLDEN_COMMANDS
from assay.worker.cli.rubrics.group import RUBRIC_COMMANDS
from assay.worker.cli.streams import print_error, print_line
from assay.worker.reporting.terminal.visible import is_hidden

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2066evil\x08"
"""Clears the screen, names the window, colours by a C1 code, turns the line round, and takes a character back."""

GROUPS = {
    "golden": list(GOLDEN_COMMANDS),
    "rubrics": list(RUBRIC_COMMANDS),
    "dead": ["ls", "show", "replay", "drop"],
    "labels": ["pull"],
}
PATHS = [[name] for name in COMMANDS if name not in GROUPS] + [
    [g, name] for g, names in GROUPS.items() for name in names
]


def hidden(text: str) -> set[str]:
    return {char for char in text if is_hidden(char)}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_no_command_gives_back_what_an_argument_says(
    path: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that is asked for an option, a word too many, or a folder that there is not."""
    monkeypatch.chdir(tmp_path)
    for words in ([f"--{HOSTILE}"], [HOSTILE] * 9, [HOSTILE, "--config", f"/nowhere/{HOSTILE}"]):
        monkeypatch.setattr(sys, "argv", ["assay", *path, *words])
        with pytest.raises(SystemExit) as ended:
            run_command()
        assert ended.value.code not in (0, None), words
        told = capsys.readouterr()
        assert told.err, words
        assert not hidden(told.out + told.err), words


def test_an_unknown_command_is_harmless(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["assay", HOSTILE])
    with pytest.raises(SystemExit):
        run_command()
    assert not hidden(capsys.readouterr().err)


@pytest.fixture
def screen() -> tuple[PatientConsole, io.StringIO]:
    """A console on a terminal without colours."""
    out = io.StringIO()
    return PatientConsole(file=out, width=200, color_system=None, force_terminal=True), out


def test_what_rich_lays_out_is_harmless(screen: tuple[PatientConsole, io.StringIO]) -> None:
    console, out = screen
    table = Table("a", HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE, Text(HOSTILE))
    for thing in (HOSTILE, Text(HOSTILE), table):
        console.print(thing, markup=False)
    assert "⟨U+202E⟩⟨U+2066⟩evil" in out.getvalue()
    assert not hidden(out.getvalue())


def test_plain_lines_and_data_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    print_error(HOSTILE)
    print_json({HOSTILE: [HOSTILE]})
    told = capsys.readouterr()
    assert not hidden(told.out + told.err)
    assert "⟨U+001B⟩" in told.err
    assert "\\u202e" in told.out


def test_the_consoles_of_all_commands_are_of_that_kind() -> None:
    assert all(isinstance(console, PatientConsole) for console in (context.console, context.stderr))


def test_no_command_has_a_way_of_its_own_to_the_terminal() -> None:
    """What prints is one of the few functions above. Only a version and a question are asked by Typer."""
    root = Path(context.__file__).parent
    ways = ("typer.echo(", "typer.secho(", "click.echo(", " print(", "= Console(", "sys.stdout.write(")
    found = {
        f"{file.relative_to(root)}: {line.strip()}"
        for file in root.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if any(way in line for way in ways)
    }
    assert {line for line in found if "def print" not in line} == {
        "commands.py: typer.echo(f\"assay {version('assay-fleet')}\")"
    }
