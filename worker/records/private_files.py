"""Files that hold what users wrote: nobody but their owner may read them, unless a person decides otherwise."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO

DIRECTORY, FILE = 0o700, 0o600
"""What is made here may be read by its owner alone, whatever the umask says."""

_OTHERS = 0o077
"""The rights of everybody but the owner."""


def private_directory(path: Path) -> None:
    """Make a directory, and those above it that are not there yet. One that is there keeps its rights.

    Raises:
        OSError
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=DIRECTORY, exist_ok=True)
    path.mkdir(exist_ok=True)  # which says it where something else has the name


def private_file(path: Path) -> None:
    """Make an empty file where there is none. One that is there keeps its content and its rights.

    Raises:
        OSError
    """
    with suppress(FileExistsError):
        _create(path)


def open_private(path: Path, mode: Literal["w", "a", "x"] = "w", *, newline: str | None = None) -> TextIO:
    """Open a text file to write. One that is made by it is private. One that is there keeps its rights.

    Args:
        path: the file.
        mode: as for `open`.
        newline: as for `open`.

    Raises:
        OSError
    """
    if mode == "x":
        _create(path)
    else:
        private_file(path)
    return path.open("a" if mode == "a" else "w", encoding="utf-8", newline=newline)


def _create(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE))


def replace_private(fresh: Path, path: Path) -> None:
    """Give a finished file its name. Where there was one, its rights stay: a person may have shared it on purpose.

    Raises:
        OSError
    """
    if path.is_file():
        fresh.chmod(stat.S_IMODE(path.stat().st_mode))
    fresh.replace(path)


def open_to_others(path: Path) -> str | None:
    """The rights of what others may read or write, as `755`. None where they may not, or on Windows.

    Raises:
        OSError
    """
    rights = stat.S_IMODE(path.stat().st_mode)
    return f"{rights:03o}" if os.name == "posix" and rights & _OTHERS else None
