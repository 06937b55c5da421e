"""A file of somebody's own that bears the name of a package never ends in exit 1, "the gate says regressed"."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.worker.cli.broken_imports import REINSTALL, explain_import_failure
from tests.waiting import PATIENCE_S

COMMAND = "import sys; sys.argv[0] = 'assay'; from assay.worker.cli import main; main()"


def run_assay(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *args], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


@pytest.mark.parametrize(
    ("package", "content"),
    [
        ("typer", ""),
        ("pydantic", "import sys\nsys.exit(1)\n"),
        ("yaml", "raise ValueError('a script of our own')\n"),
        ("signal", ""),
    ],
)
def test_a_file_that_hides_a_package_is_named_and_the_exit_code_is_2(
    package: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{package}.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = run_assay("gate", "support-v1")
    assert (process.returncode, process.stdout) == (2, ""), process.stderr
    (line,) = process.stderr.splitlines()
    assert f"{tmp_path / package}.py hides the package {package}" in line
    assert "PYTHONPATH" in line


def test_packages_of_our_rooms_names_harm_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("worker", "judges"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not for assay')\n")
    (tmp_path / "assay").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".")
    process = run_assay("settings", "--json")
    assert process.returncode == 0, process.stderr


def test_a_missing_package_is_named_with_the_remedy() -> None:
    explanation = explain_import_failure(ModuleNotFoundError("No module named 'celery'", name="celery"))
    assert explanation is not None
    assert "celery" in explanation
    assert REINSTALL in explanation


def test_an_attribute_that_a_hiding_module_lacks_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    hiding = type(sys)("numpy")
    explanation = explain_import_failure(AttributeError("module 'numpy' has no attribute 'array'", obj=hiding))
    assert explanation is not None
    assert str(tmp_path / "numpy.py") in explanation


@pytest.mark.parametrize("bug", [ValueError("no"), AttributeError("no", obj="text"), AttributeError("no", obj=sys)])
def test_a_bug_is_no_failed_import(bug: Exception) -> None:
    with pytest.raises(type(bug)) as caught:
        raise bug
    assert explain_import_failure(caught.value) is None
