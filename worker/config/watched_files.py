"""The files a deployment was read from: which they are, and whether they still are what they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from assay.judges.rubric import Rubric
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot

MOST_FILES = 5_000
"""Files looked at. Nobody has so many rubrics; a directory that is mounted by mistake may have more."""

_FOLDERS = ("rubrics", "calibration")
_ABSENT = (0, 0, 0)

Signature = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size in bytes and time of change in nanoseconds of each file, in order of path."""


def signature(root: ConfigRoot, rubrics: Iterable[Rubric], beside: Iterable[Path] = ()) -> Signature:
    """What assay.yaml, rubrics, calibrations and what rubrics name look like now. Reads no content.

    `beside` are further files that assay.yaml names, or that lie beside it.

    A file that is replaced by a link to another one, as Kubernetes does for a ConfigMap, counts as changed.
    """
    paths = {root.path / CONFIG_FILE, *beside, *_in_folders(root.path), *_named_by(rubrics, root.path / "rubrics")}
    return tuple((str(path), *_look_of(path)) for path in sorted(paths))


def _in_folders(root: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from islice((path for path in (root / folder).rglob("*") if path.is_file()), MOST_FILES)


def _named_by(rubrics: Iterable[Rubric], directory: Path) -> Iterator[Path]:
    """Tables and schemas, which may lie outside the folder of rubrics."""
    for rubric in rubrics:
        yield from (directory / table.file for table in rubric.rules.tables if table.file)
        yield from (directory / check.schema_file for check in rubric.checks if check.schema_file)


def _look_of(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return _ABSENT
    return status.st_ino, status.st_size, status.st_mtime_ns
