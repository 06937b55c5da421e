"""Putting restored files in place: all of them, whoever is killed in between.

What goes where is written down in one file. From its appearance on the restore counts as done: whoever is killed after
that leaves a data directory in which no process works until the rest of the moves was made, which needs no backup.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.backup.sqlite_copy import SIDECARS
from assay.worker.config.interrupted_restore import COMMIT, NEW, RESTORE_FOLDER
from assay.worker.records.private_files import private_directory, private_file

OLD = "old"
"""In the folder of the restore: folders that gave way, until the end."""


class Move(Record):
    """A file or folder that takes the place of what is there. A relative path begins in the data directory."""

    staged: Path
    target: Path


class Moves(Record):
    """All that a restore does to what is there.

    Attributes:
        moves: what comes.
        removes: what goes without anything coming for it.
    """

    moves: tuple[Move, ...]
    removes: tuple[Path, ...] = ()


def place(data_dir: Path, moves: Moves) -> None:
    """Put everything in place. From the commit on nothing is left to chance, and no Ctrl-C is heard.

    Raises:
        OSError: before the commit.
        ConfigurationError: after it. It names what is in the way, and then `finish` has to end it.
    """
    with _uninterrupted():
        _commit(data_dir, moves)
        finish(data_dir)


def is_pending(data_dir: Path) -> bool:
    """Whether a restore was killed after its commit."""
    return (data_dir / RESTORE_FOLDER / COMMIT).is_file()


def finish(data_dir: Path) -> None:
    """Make the moves that are left. Making one again changes nothing.

    Raises:
        ConfigurationError: something there does not give way.
        OSError
    """
    folder = data_dir / RESTORE_FOLDER
    moves = Moves.model_validate_json((folder / COMMIT).read_bytes())
    private_directory(folder / OLD)
    for path in moves.removes:
        with _told(data_dir / path):
            _clear(data_dir / path, folder / OLD)
    for move in moves.moves:
        staged, target = data_dir / move.staged, data_dir / move.target
        if os.path.lexists(staged):  # else it was made before
            with _told(target):
                _clear(target, folder / OLD, but_file=staged.is_file())
                private_directory(target.parent)
                staged.replace(target)
                sync_folder(target.parent)
    # Both marks keep everybody out. What others own among the old is perhaps left, and keeps nobody out.
    shutil.rmtree(folder / NEW, ignore_errors=True)
    (folder / COMMIT).unlink()
    sync_folder(folder)
    shutil.rmtree(folder, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _commit(data_dir: Path, moves: Moves) -> None:
    folder = data_dir / RESTORE_FOLDER
    fresh = folder / f"{COMMIT}.part"
    fresh.unlink(missing_ok=True)
    private_file(fresh)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(moves.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / COMMIT)
    sync_folder(folder)


def _clear(target: Path, old: Path, *, but_file: bool = False) -> None:
    """Make room. The log of an old database would be read into the new one, so it goes first."""
    for suffix in SIDECARS:
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    if target.is_dir() and not target.is_symlink():
        target.rename(old / uuid4().hex)
    elif not but_file:
        target.unlink(missing_ok=True)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Name what does not give way: a system error names our own folder, and nobody can act on that.

    Raises:
        ConfigurationError
    """
    try:
        yield
    except OSError as exc:
        raise ConfigurationError(
            f"{target}: cannot be replaced ({exc.strerror}), so the restore is half done; move it away as its owner, "
            "or unmount it, and then run `assay restore --finish`"
        ) from exc


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait. The moves take no longer than some names take to change."""
    waiting = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
