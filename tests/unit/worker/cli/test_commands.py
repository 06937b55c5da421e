"""The list of commands is written down beside them, so that it is shown without importing them: the two must agree."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from assay.worker.cli.commands import COMMANDS, app

RUN = """
import atexit, json, sys
from assay.worker.cli import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "assay"
main()
"""
HEAVY = {
    *("aiohttp", "aiosqlite", "celery", "httpx", "jinja2", "jsonpath", "jsonschema", "kombu", "langfuse", "matplotlib"),
    *("numpy", "openai", "opentelemetry", "prometheus_client", "pydantic", "redis", "structlog", "yaml"),
}


def loaded_command(name: str) -> Any:
    """The command as it is when it runs."""
    group = typer.main.get_group(app)
    context = group.make_context("assay", [], resilient_parsing=True)
    return group.resolve_command(context, [name])[1]


def run_assay(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which tells on the last line of stderr what it has imported."""
    return subprocess.run([sys.executable, "-c", RUN, *args], capture_output=True, text=True, check=False, timeout=120)


def modules_after(*args: str) -> set[str]:
    """The modules that the command imported."""
    process = run_assay(*args)
    assert process.returncode == 0, process.stderr
    return set(json.loads(process.stderr.splitlines()[-1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listed_help_is_the_first_paragraph_of_the_commands_own(name: str) -> None:
    command = loaded_command(name)
    paragraph = inspect.cleandoc(command.short_help or command.help).split("\n\n")[0]
    assert COMMANDS[name].help == " ".join(paragraph.split())
    assert command.name == name


def test_a_loaded_group_has_its_commands_and_no_option_for_completion() -> None:
    shown = CliRunner().invoke(app, ["golden", "--help"]).output
    assert "freeze" in shown
    assert "baseline" in shown
    assert "completion" not in shown


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_no_command(option: str) -> None:
    modules = modules_after(option)
    assert not modules & HEAVY
    ours = {name for name in modules if name.startswith("assay.")}
    assert not any(name.startswith("assay.judges") for name in ours)
    assert len(modules) < 420, len(modules)


def test_version_names_the_program_and_the_version() -> None:
    process = run_assay("--version")
    name, version = process.stdout.split()
    assert name == "assay"
    assert version[0].isdigit()


def test_an_unknown_command_is_an_input_error_with_a_suggestion() -> None:
    process = run_assay("statsu")
    assert process.returncode == 2
    assert "status" in process.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("assay ", {"demo", "status", "golden"}),
        ("assay st", {"status"}),
        ("assay --v", {"--version"}),
        ("assay status --", {"--config", "--days", "--json"}),
        ("assay golden ", {"ls", "verify", "freeze", "run"}),
        ("assay golden run --rep", {"--repeats"}),
        ("assay gate --ba", {"--baseline"}),
    ],
)
def test_the_shell_completes_commands_and_options(
    words: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = complete(words, monkeypatch)
    assert process.returncode == 0, process.stderr
    assert expected <= set(process.stdout.split())


def test_completing_the_commands_imports_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    process = complete("assay ", monkeypatch)
    modules = set(json.loads(process.stderr.splitlines()[-1]))
    assert not modules & (HEAVY - {"pydantic"})  # typer converts values by it
    assert not any(name.startswith("assay.judges") for name in modules)


def complete(words: str, monkeypatch: pytest.MonkeyPatch) -> subprocess.CompletedProcess[str]:
    """Ask for completions as bash does when Tab is pressed at the end of the words."""
    monkeypatch.setenv("_ASSAY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    return run_assay()
