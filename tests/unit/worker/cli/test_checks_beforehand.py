"""`assay settings` and `assay rubrics lint` say of an edit what a start would. `assay init` writes where it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.stores.registry import factories

ENDPOINT = "name: ours\njudge: {tiers: [llm], llm: {model: m, endpoint: in-house}}\n"
REFUSED = [
    ("use_cases: [{name: a, rubrics: [groundng]}]", "did you mean 'grounding'?"),
    ("use_cases: [{name: a, rubrics: [../../etc/passwd]}]", "'../../etc/passwd': unknown"),
    ("use_cases: [{name: a, judges_allowed: [lokal]}]", "did you mean 'local' by 'lokal'?"),
    ("use_cases: [{name: a, judges_allowed: []}]", "judges_allowed"),
    ("use_cases: [{name: a, rubrics: [ours]}]", "set ASSAY_ENDPOINT_IN_HOUSE_URL"),
    ("use_cases: [{name: a, rate: 7}]", "rate"),
    *(
        (f"store: {{kind: {factory.kind}}}\nuse_cases: [{{name: a}}]", factory.keys[0])
        for factory in factories().values()
        if factory.keys
    ),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "ours.yaml").write_text(ENDPOINT)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(app, args, env={"COLUMNS": "400"})


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_both_checks_refuse_what_does_not_start(home: Path, text: str, expected: str) -> None:
    (home / "assay.yaml").write_text(text)
    for command in (("settings",), ("rubrics", "lint")):
        done = run(*command, "--config", str(home))
        assert done.exit_code == 2, command
        about = [line for line in done.output.splitlines() if line.startswith(("assay.yaml  ", "assay: "))]
        assert len(about) == 1, done.output
        assert expected in about[0]


@pytest.mark.parametrize("text", ["use_cases: [{name: a}]", "use_cases: [{name: a, judges_allowed: [local]}]"])
def test_both_checks_pass_what_starts(home: Path, text: str) -> None:
    (home / "assay.yaml").write_text(text)
    for command in (("settings",), ("rubrics", "lint")):
        assert run(*command, "--config", str(home)).exit_code == 0, command


def test_a_broken_rubric_is_told_once_and_files_alone_need_no_deployment(home: Path) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: a, rubrics: [ours]}]")
    (home / "rubrics" / "ours.yaml").write_text("name: ours\nmetod: checks\n")
    done = run("rubrics", "lint", "--config", str(home))
    assert done.exit_code == 2
    assert done.output.count("metod") == done.output.count("assay: ") == 1
    (home / "rubrics" / "ours.yaml").write_text(ENDPOINT)
    assert run("rubrics", "lint", str(home / "rubrics" / "ours.yaml"), "--config", str(home)).exit_code == 0


def test_an_endpoint_that_no_rubric_names_yet_must_be_a_web_address(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: a}]")
    for address in ("ftp://x", "foo", "htp://x"):
        monkeypatch.setenv("ASSAY_ENDPOINT_X_URL", address)
        done = run("settings", "--config", str(home))
        assert isinstance(done.exception, ConfigurationError)
        assert str(done.exception).startswith("environment: ASSAY_ENDPOINT_X_URL: is no web address")
    for address in ("", "https://judge.example.org/v1"):
        monkeypatch.setenv("ASSAY_ENDPOINT_X_URL", address)
        assert run("settings", "--config", str(home)).exit_code == 0


# init


def test_init_writes_where_the_other_commands_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, named = tmp_path / "here", tmp_path / "config"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("ASSAY_CONFIG_DIR", str(named))
    done = run("init")
    assert done.exit_code == 0
    assert f"wrote {named / 'assay.yaml'}" in done.output
    assert " -c " not in done.output
    assert not [*here.iterdir()]
    assert run("settings").exit_code == 0


def test_init_takes_its_directory_as_argument_or_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_CONFIG_DIR", str(tmp_path / "config"))
    for at, args in enumerate((("one",), ("--config", "two words"), ("three", "-c", "three"), ("."))):
        done = run("init", *args)
        assert done.exit_code == 0, at
        home = (tmp_path / args[-1]).resolve()
        assert (home / "assay.yaml").is_file()
        assert " -c " in done.output
    with pytest.raises(ConfigurationError, match="two directories"):
        raise run("init", "one", "-c", "two").exception or AssertionError
