"""Child processes: started in a session of their own, their output in a log file, and never left behind.

A session of its own means that Ctrl-C and a closed terminal reach the parent alone, which then stops its children
in the right order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.records.private_files import private_directory, private_file

_ROTATE_BYTES = 10 * 1024 * 1024
_TAIL_BYTES = 8192


def spawn(
    argv: Sequence[str], *, log_path: Path, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a child whose output is appended to `log_path`. A log over 10 MB is first moved to `.1`.

    Args:
        argv: the program and its arguments; never a shell.
        log_path: its directory is created.
        env: the child's whole environment; None: this process's own.
        pass_fds: file descriptors the child keeps.

    Raises:
        ConfigurationError: the log cannot be written or the program cannot be run.
    """
    try:
        private_directory(log_path.parent)
        if log_path.exists() and log_path.stat().st_size > _ROTATE_BYTES:
            log_path.replace(log_path.with_name(log_path.name + ".1"))
        private_file(log_path)
        with log_path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # argv is built by us, without a shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                pass_fds=pass_fds,
                start_new_session=True,
            )
    except OSError as exc:
        raise ConfigurationError(f"{exc.filename or argv[0]}: {exc.strerror}; cannot start {argv[0]}") from exc


def end(process: subprocess.Popen[bytes], *, grace_s: float) -> int:
    """Ask the child to end. Kill it and what it started after `grace_s` seconds. Returns its exit status."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    kill_group(process)
    return process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the child, and whatever it started and left running."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def last_line(log_path: Path) -> str:
    """The last line of a log that is not blank, for an error message. Empty if there is none."""
    try:
        with log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


class OrphanGuard:
    """Ends the noted children if this process vanishes (see `assay.worker.launch.orphan_guard`)."""

    def __init__(self) -> None:
        self._noted: dict[int, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, pid: int, *, orphan_signal: signal.Signals = signal.SIGKILL) -> None:
        """Have the process group `pid` signalled should this process vanish."""
        self._noted[pid] = int(orphan_signal)
        self._tell(f"+ {pid} {int(orphan_signal)}\n")

    def forget(self, pid: int) -> None:
        """Forget a process group that has ended: its number may soon belong to somebody else."""
        if self._noted.pop(pid, None) is not None:
            self._tell(f"- {pid}\n")

    def close(self) -> None:
        """End the guard. It signals what is still noted."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(BrokenPipeError):
                process.communicate()

    def _tell(self, line: str) -> None:
        try:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                return
        except BrokenPipeError:
            self.close()
        self._start()

    def _start(self) -> None:
        program = [sys.executable, "-I", "-S", str(Path(__file__).with_name("orphan_guard.py"))]
        self._process = subprocess.Popen(  # noqa: S603  # our own file, no input of others
            program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0, start_new_session=True
        )
        known = "".join(f"+ {pid} {number}\n" for pid, number in self._noted.items())
        if self._process.stdin is not None:
            self._process.stdin.write(known.encode())
