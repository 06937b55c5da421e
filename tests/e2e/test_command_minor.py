"""Commands as a newcomer meets them: a set that cannot be used, a wrong name, a letter that is not dead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assay.worker.config.root import packaged_root
from tests.waiting import PATIENCE_S

PATHS = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}  # noqa: TID251  # paths


def assay(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", *args],
        cwd=cwd,
        env={**PATHS, "HOME": str(cwd), "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    return home


def test_a_named_root_is_not_disturbed_by_the_sets_of_the_current_directory(home: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(packaged_root() / "golden_sets", clone / "golden_sets")
    for named in (
        assay("status", "--config", str(home), cwd=clone),
        assay("status", cwd=clone, ASSAY_CONFIG_DIR=str(home)),
    ):
        assert named.returncode == 0, named.stderr
        assert named.stderr == ""


def test_status_goes_on_where_a_set_cannot_be_used(home: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(packaged_root() / "golden_sets", clone / "golden_sets")
    unnamed = assay("status", cwd=clone, ASSAY_DATA_DIR=str(tmp_path / "data"))
    assert unnamed.returncode == 0, unnamed.stderr
    assert "mtrag-v1" in unnamed.stdout
    assert "not used" in unnamed.stdout
    broken = home / "golden_sets" / "mine"
    broken.mkdir(parents=True)
    (broken / "manifest.yaml").write_text("name: [\n")
    listed = assay("golden", "ls", cwd=home)
    assert listed.returncode == 0, listed.stderr
    assert "cannot be read" in listed.stdout
    assert "mtrag-v1" in listed.stdout
    assert "mine" in assay("status", cwd=home).stdout


def test_a_rubric_has_the_name_of_its_file_wherever_it_is_used(home: Path) -> None:
    (home / "rubrics").mkdir()
    (home / "rubrics" / "tone.yaml").write_text("description: x\nname: other\n")
    told = "tone.yaml: line 2: name: is 'other', but the file is 'tone.yaml'; rename the file other.yaml, or the rubric"
    lint = assay("rubrics", "lint", cwd=home)
    assert lint.returncode == 2
    assert told in lint.stderr
    (home / "assay.yaml").write_text("use_cases: [{name: bot, rubrics: [tone]}]\n")
    used = assay("status", cwd=home)
    assert used.returncode == 2
    assert told in used.stderr
    listed = assay("rubrics", "ls", cwd=home)
    assert listed.returncode == 0
    assert "cannot be used" in listed.stdout
    assert "grounding" in listed.stdout
    (home / "assay.yaml").write_text("use_cases: [{name: bot, rubrics: [groundin]}]\n")
    assert "did you mean 'grounding'? known rubrics: " in assay("status", cwd=home).stderr


def test_settings_show_variables_sources_meanings_and_whether_the_file_is_valid(home: Path) -> None:
    env = {"ASSAY_WORKER_THREADS": "3", "ASSAY_REDIS_URL": "redis://:Sup3rSecret@h/0", "ASSAY_BOT_TOKEN": "Sup3rSecret"}
    shown = assay("settings", "--json", cwd=home, **env)
    data = json.loads(shown.stdout)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Sup3rSecret" not in shown.stdout
    assert data["assay.yaml"] == {"valid": True, "message": "1 use case, store sqlite, valid"}
    assert data["settings"]["ASSAY_WORKER_THREADS"]["source"] == "environment"
    assert data["settings"]["ASSAY_SWEEP_EVERY_S"] == {
        "value": "60.0",
        "source": "default",
        "meaning": "How often the trace store is looked through for new traces.",
    }
    assert data["settings"]["ASSAY_BOT_TOKEN"]["value"] == "**********"
    assert all(setting["meaning"] for setting in data["settings"].values())
    (home / "assay.yaml").write_text("use_cases: [{name: bot, rat: 1}]\n")
    broken = assay("settings", cwd=home)
    assert broken.returncode == 2
    assert "line 1: use_cases.bot.rat: unknown key; did you mean 'rate'?" in broken.stdout
    assert "ASSAY_WORKER_THREADS" in broken.stdout


def test_dead_letters_are_asked_for_by_name_or_all(home: Path) -> None:
    shown = assay("dead", "show", "nosuch", cwd=home)
    assert shown.returncode == 2
    assert shown.stderr == "assay: nosuch: has no dead letter; see `assay dead ls`, or `assay why nosuch`\n"
    for command in ("replay", "drop"):
        asked = assay("dead", command, cwd=home)
        assert asked.returncode == 2
        assert asked.stderr.startswith(f"assay: assay dead {command}: name trace ids, or choose by --use-case")
        both = assay("dead", command, "x", "--all", cwd=home)
        assert both.returncode == 2
        assert assay("dead", command, "--all", cwd=home).returncode == 0


def test_a_verdict_file_that_is_a_device_is_refused(home: Path) -> None:
    (home / "s.jsonl").write_text('{"id": "a", "question": "q", "contexts": ["c"], "response": "r"}\n')
    done = assay("judge", "s.jsonl", "--out", "/dev/zero", cwd=home)
    assert done.returncode == 2
    assert done.stderr == "assay: /dev/zero: --out: is no plain file; name one, or leave --out away to print\n"


@pytest.mark.parametrize(
    ("words", "at", "wanted"),
    [("assay ju", 1, "judge"), ("assay golden ", 2, "verify"), ("assay judge --ru", 2, "--rubric")],
)
def test_completion_knows_commands_of_groups_and_options(words: str, at: int, wanted: str, home: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("assay")],
        cwd=home,
        env={**PATHS, "_ASSAY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert wanted in done.stdout.split()
