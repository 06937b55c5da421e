"""One `assay up` at a time in a data directory: a lock that the system lets go of with the process that holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TextIO

from assay.judges.errors import ConfigurationError
from assay.worker.records.private_files import private_directory, private_file

LOCK_FILE = "up.lock"


@contextmanager
def only_fleet(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this fleet. A killed process leaves the file behind, but not the lock.

    Raises:
        ConfigurationError: another fleet runs there, or the directory cannot be written.
    """
    with _opened(data_dir) as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as exc:
            raise _already_up(data_dir, file.read(20).strip()) from exc
        # For the message of a second one alone. On a full disk it goes without.
        with suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def _opened(data_dir: Path) -> TextIO:
    """The lock's file, which no child inherits: a worker that outlives a killed `up` holds no lock."""
    path = data_dir / LOCK_FILE
    try:
        private_directory(data_dir)
        private_file(path)
        file = path.open("a+", encoding="ascii", errors="replace")
    except OSError as exc:
        raise ConfigurationError(
            f"{path}: {exc.strerror or exc}; set ASSAY_DATA_DIR to a directory that can be written"
        ) from exc
    file.seek(0)
    return file


def _already_up(data_dir: Path, pid: str) -> ConfigurationError:
    process = f" (pid {pid})" if pid.isdigit() else ""
    return ConfigurationError(
        f"{data_dir}: already up here{process}; stop it, or name another directory by --config or ASSAY_DATA_DIR"
    )
