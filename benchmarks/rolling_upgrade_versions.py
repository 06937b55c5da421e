"""Code of two versions on one machine: a git worktree for an earlier revision, with an environment of its own lock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fire import processes

LOCK = "requirements.lock"

INSTALL_S = 900.0
"""How long building an environment may take. Two busy cores need two minutes."""


@dataclass(frozen=True)
class Version:
    """What a process can run.

    Attributes:
        name: in tables, e.g. `3a81a01`, or `new` for the working tree.
        source: its checkout.
        python: the interpreter that has its dependencies.
    """

    name: str
    source: Path
    python: Path

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The same variables with this version's code first to be imported."""
        return processes.environment(self.source, {**variables, "PYTHONPATH": ""})

    def command(self, *arguments: str) -> list[str]:
        """A command of the product."""
        return [str(self.python), "-m", "assay.worker.cli", *arguments]


def working_tree() -> Version:
    """The code that this file lies beside."""
    return Version("new", processes.checkout(), Path(sys.executable))


def checked_out(revision: str, folder: Path) -> Version:
    """A revision in a worktree of its own below a folder. One that is there already is used again."""
    short = _git("rev-parse", "--short=7", f"{revision}^{{commit}}")
    source = folder / short
    if not (source / LOCK).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _git("worktree", "add", "--detach", str(source), short)
    return Version(short, source, _interpreter(source / LOCK, folder))


def given_back(version: Version) -> None:
    """Remove its worktree."""
    _git("worktree", "remove", "--force", str(version.source))


def _interpreter(lock: Path, folder: Path) -> Path:
    """The interpreter with what a lock names. Ours, where the lock is ours. Revisions with one lock share it."""
    content = lock.read_bytes()
    if content == (processes.checkout() / LOCK).read_bytes():
        return Path(sys.executable)
    home = folder / f"environment-{hashlib.sha256(content).hexdigest()[:12]}"
    python, finished = home / "bin" / "python", home / ".installed"
    if not finished.is_file():
        _run(sys.executable, "-m", "venv", "--clear", str(home))
        _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
        finished.touch()
    return python


def _git(*arguments: str) -> str:
    return _run("git", "-C", str(processes.checkout()), *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_S)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()
