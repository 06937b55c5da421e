"""A process multiplies with one thread, unless its environment asks for more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.worker.config.math_threads import bound_math_threads
from assay.worker.config.settings import child_environment

NAMES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")


@pytest.mark.parametrize("asked", [{}, {"OMP_NUM_THREADS": "3"}, {"OPENBLAS_NUM_THREADS": "2"}])
def test_one_is_asked_for_where_nothing_else_is(monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    bound_math_threads()
    environ = child_environment()
    assert {name: environ[name] for name in NAMES if name in environ} == (asked or {"OPENBLAS_NUM_THREADS": "1"})
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)


@pytest.mark.parametrize("program", ["assay.worker.cli.start", "assay.worker.fleet.__main__"])
def test_programs_ask_before_they_load_what_counts(program: str) -> None:
    code = f"import sys, {program}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
