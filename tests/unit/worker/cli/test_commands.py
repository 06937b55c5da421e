"""The list of commands is written down beside them, so that it is shown without importing them: the two must agree."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from assay.worker.cli.commands import COMMANDS, app
from assay.worker.cli.golden.group import GOLDEN_COMMANDS
from assay.worker.cli.lazy import LazyCommand
from assay.worker.cli.rubrics.group import RUBRIC_COMMANDS
from assay.worker.launch.broker import Broker
from tests.waiting import PATIENCE_S

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


ALL_COMMANDS = (
    {(name,): command for name, command in COMMANDS.items()}
    | {("golden", name): command for name, command in GOLDEN_COMMANDS.items()}
    | {("rubrics", name): command for name, command in RUBRIC_COMMANDS.items()}
)


def loaded_command(path: tuple[str, ...]) -> Any:
    """The command as it is when it runs."""
    command: Any = typer.main.get_group(app)
    for name in path:
        context = command.make_context("assay", [], resilient_parsing=True)
        command = command.resolve_command(context, [name])[1]
    return command


def run_assay(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which tells on the last line of stderr what it has imported."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *args], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def modules_after(*args: str, code: int = 0) -> set[str]:
    """The modules that the command imported."""
    process = run_assay(*args)
    assert process.returncode == code, process.stderr
    return set(json.loads(process.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("path", "listed"), ALL_COMMANDS.items(), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_the_listed_help_is_the_first_paragraph_of_the_commands_own(path: tuple[str, ...], listed: LazyCommand) -> None:
    command = loaded_command(path)
    paragraph = inspect.cleandoc(command.short_help or command.help).split("\n\n")[0]
    assert listed.help == " ".join(paragraph.split())
    assert command.name == path[-1]


@pytest.mark.parametrize(
    ("path", "listed"), ALL_COMMANDS.items(), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_a_commands_file_bears_its_name(path: tuple[str, ...], listed: LazyCommand) -> None:
    module = listed.home.partition(":")[0].rpartition(".")[2].removesuffix("_")
    assert module in {path[-1], "group"}


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


@pytest.mark.parametrize(("args", "code"), [(("status",), 0), (("why", "no-such-trace"), 2), (("flagged",), 0)])
def test_what_only_reads_the_state_imports_no_judge_and_no_queue(
    args: tuple[str, ...], code: int, broker: Broker, key_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    modules = modules_after(*args, code=code)
    # redis brings opentelemetry, and the record numpy
    needed = {"aiosqlite", "numpy", "opentelemetry", "pydantic", "redis", "structlog", "yaml"}
    assert not modules & (HEAVY - needed)
    judging = ("assay.judges.local", "assay.judges.llm", "assay.judges.values", "assay.judges.cascade")
    assert not [name for name in modules if name.startswith((*judging, "assay.worker.golden.runs"))]
    assert len(modules) < 1240, len(modules)  # a quarter are SQLAlchemy's and numpy's: a young ledger asks the record


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
