"""Copies of plain files, and of the append-only files of a broker that runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from assay.judges.errors import EvaluationError
from assay.worker.records.private_files import private_directory, private_file

BLOCK = 1_000_000
"""Bytes read at once."""

TRIES = 5
"""How often the broker's files are copied while it writes them anew. It does so when they have doubled."""

_LIST = "appendonly.aof.manifest"
"""The broker's own list of its files. Each line is as `file appendonly.aof.1.base.rdb seq 1 type b`."""


def copy_file(source: Path, copy: Path, progress: Callable[[int], None] = lambda _: None) -> tuple[int, str]:
    """Copy a file as it is when it is opened: who replaces it meanwhile replaces its name, not what was opened.

    Returns:
        Bytes and sha256.

    Raises:
        OSError
    """
    with source.open("rb") as reading:
        return write_stream(reading, copy, progress)


def write_stream(reading: BinaryIO, copy: Path, progress: Callable[[int], None] = lambda _: None) -> tuple[int, str]:
    """Write what is left of a stream into a private file, down to the disk. Returns bytes and sha256.

    Raises:
        OSError: it names the file, also where the disk is full.
    """
    private_file(copy)
    try:
        with copy.open("wb") as writing:
            told = copy_stream(reading, writing, progress)
            writing.flush()
            os.fsync(writing.fileno())
    except OSError as exc:
        if exc.errno is None or exc.filename is not None:
            raise
        raise OSError(exc.errno, exc.strerror, str(copy)) from exc
    return told


def copy_stream(
    reading: BinaryIO, writing: BinaryIO | None, progress: Callable[[int], None] = lambda _: None
) -> tuple[int, str]:
    """Copy what is left of a stream, or only read it. Returns bytes and sha256."""
    digest, size = hashlib.sha256(), 0
    while block := reading.read(BLOCK):
        digest.update(block)
        size += len(block)
        if writing is not None:
            writing.write(block)
        progress(len(block))
    return size, digest.hexdigest()


def copy_broker(folder: Path, copy: Path) -> None:
    """Copy the append-only files of a broker, which may be running.

    Its files only grow, until it writes all anew and removes the old ones. Its list is therefore the same before and
    after a copy that is whole. A last command that was cut off is left out by the broker when it starts.

    Raises:
        EvaluationError: it wrote all anew again and again.
        OSError
    """
    private_directory(copy)
    for _ in range(TRIES):
        listed = (folder / _LIST).read_bytes()
        try:
            for name in _names(listed):
                copy_file(folder / name, copy / name)
        except FileNotFoundError:  # it was written anew meanwhile
            _empty(copy)
            continue
        if (folder / _LIST).read_bytes() == listed:
            private_file(copy / _LIST)
            (copy / _LIST).write_bytes(listed)
            return
        _empty(copy)
    raise EvaluationError(f"{folder}: the broker writes its files anew all the time; try again")


def has_broker(folder: Path) -> bool:
    """Whether a broker has kept anything there."""
    return (folder / _LIST).is_file()


def _names(listed: bytes) -> Iterator[str]:
    """Files that the list names: base, then what was added. A history file is about to be removed."""
    for line in listed.decode("utf-8", errors="replace").splitlines():
        words = line.split()
        fields = dict(zip(words[::2], words[1::2], strict=False))
        if fields.get("type") in ("b", "i") and "/" not in fields.get("file", "/"):
            yield fields["file"]


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
