"""What there is to copy: the files of the data directory, but for what only a running process has."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.worker.backup.manifest import DATA
from assay.worker.backup.sqlite_copy import SIDECARS, is_database
from assay.worker.config.interrupted_restore import RESTORE_FOLDER

BROKER_FOLDER = "appendonlydir"
"""In the data directory: the append-only files of the embedded broker, with a manifest of their own."""

OF_PROCESSES = frozenset(
    {"logs", "up.lock", "broker.lock", "broker.alive", "valkey.sock", "valkey.socket-path", RESTORE_FOLDER}
)
"""At the top of the data directory: what only running processes have, and what would be wrong elsewhere."""

OF_FILE_SYSTEMS = frozenset({"lost+found", ".snapshot", ".snapshots", ".zfs"})
"""At the top of a disk of its own: what the file system lays there, mostly for root alone. It is nobody's state."""

NO_STATE = OF_PROCESSES | OF_FILE_SYSTEMS
"""At the top of the data directory: what no backup has, and no restore touches."""


class Source(NamedTuple):
    """A file to be copied.

    Attributes:
        path: where it is.
        place: `data`, or the key of the store whose file it is.
        inside: where it goes in the backup.
        is_database: whether it is a SQLite database.
    """

    path: Path
    place: str
    inside: str
    is_database: bool


def find_sources(data_dir: Path, stores: Mapping[str, Path]) -> list[Source]:
    """Every file to be copied, databases last.

    What the broker has must not be newer than the record: what it takes for written would never be written again. The
    broker's own files are therefore copied before any of these.

    Args:
        data_dir: the data directory.
        stores: files of stores that lie elsewhere, by their keys in assay.yaml.

    Raises:
        ConfigurationError: a file's name is no UTF-8.
        OSError: a folder cannot be read.
    """
    elsewhere = {path.resolve() for path in stores.values()}  # a link to such a file is not copied a second time
    sources = [
        Source(path, DATA, _inside(DATA, path.relative_to(data_dir)), is_database(path))
        for path in _files(data_dir)
        if path.resolve() not in elsewhere
    ]
    for key, path in stores.items():
        if path.is_file():
            sources.append(Source(path, key, _inside(f"stores/{key}", Path(path.name)), is_database(path)))
    return sorted(sources, key=lambda source: (source.is_database, source.inside))


def state_entries(data_dir: Path) -> Sequence[str]:
    """Names at the top of a data directory that a restore would replace.

    Raises:
        OSError
    """
    if not data_dir.is_dir():
        return []
    return sorted(path.name for path in data_dir.iterdir() if path.name not in NO_STATE and not _is_passing(path.name))


def links_in(data_dir: Path) -> Iterator[Path]:
    """Links among the state of a data directory, to files and to folders, as paths within it."""
    for folder, folders, names in os.walk(data_dir):
        here = Path(folder)
        if here == data_dir:
            folders[:] = [name for name in folders if name not in NO_STATE]
        yield from sorted(
            path.relative_to(data_dir)
            for name in (*folders, *names)
            if (path := here / name).is_symlink() and not (here == data_dir and name in NO_STATE)
        )


def _files(data_dir: Path) -> Iterator[Path]:
    """Files to be copied. Links are followed: a large database may lie on another disk."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(data_dir, followlinks=True, onerror=_raise):
        here = Path(folder)
        status = here.stat()
        if (status.st_dev, status.st_ino) in seen:  # links in a circle
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        if here == data_dir:
            folders[:] = [name for name in folders if name not in {*NO_STATE, BROKER_FOLDER}]
        folders.sort()
        kept = (name for name in sorted(names) if here != data_dir or name not in NO_STATE)
        yield from (here / name for name in kept if not _is_passing(name) and _is_plain(here / name))


def _is_passing(name: str) -> bool:
    """Whether a file is half of another: what SQLite lays beside a database, or what is still being written."""
    return name.endswith(SIDECARS) or (name.startswith(".") and name.endswith((".part", ".new")))


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:  # it went meanwhile, or a link leads nowhere
        return False


def _inside(place: str, path: Path) -> str:
    inner = str(PurePosixPath(place, *path.parts))
    if not inner.isprintable() or "\\" in inner:
        raise ConfigurationError(f"{inner!a}: has a name that not every disk takes; rename it, or move it away")
    return inner


def _raise(exc: OSError) -> None:
    raise exc
