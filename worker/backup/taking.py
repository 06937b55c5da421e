"""Taking a backup: everything is copied beside the target, and gets its name when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.backup.archives import archive_kind, pack
from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.manifest import DATA, NAME, KeptFile, Manifest, assay_version
from assay.worker.backup.sources import BROKER_FOLDER, Source, find_sources
from assay.worker.backup.sqlite_copy import copy_database
from assay.worker.backup.whole_files import copy_broker, copy_file, copy_stream, has_broker
from assay.worker.records.private_files import private_directory, private_file

Progress = Callable[[int], None]


def take_backup(files: DeploymentFiles, target: Path, progress: Progress = lambda _: None) -> Manifest:
    """Copy a deployment's files into a new folder or archive, while its processes run.

    Args:
        files: where they are.
        target: a name that is not there yet. One that ends in .tar, .tar.gz or .tgz becomes an archive.
        progress: told how many bytes were copied.

    Raises:
        ConfigurationError: the target is there or lies in the data directory, or a database is damaged.
        EvaluationError: a database is locked.
        OSError: the disk of the target is full or cannot be written.
    """
    check_target(target, files)
    kind = archive_kind(target)
    with _part(target) as part:
        kept = [*_broker_files(files, part), *_copied(find_sources(files.data_dir, files.stores), part, progress)]
        manifest = Manifest(
            assay=assay_version(),
            made_at=datetime.now(UTC),
            record=files.record,
            broker=files.broker,
            files=tuple(kept),
        )
        private_file(part / NAME)
        (part / NAME).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        finished = part if kind is None else pack(part, manifest, part.with_name(f"{part.name[:-5]}.tar.part"), kind)
        try:
            _give_name(finished, target)
        finally:
            if finished is not part:
                finished.unlink(missing_ok=True)
    return manifest


def check_target(target: Path, files: DeploymentFiles) -> None:
    """Refuse a target that is there, that has no folder to be in, or that would be copied into itself.

    Raises:
        ConfigurationError
    """
    if os.path.lexists(target):
        raise ConfigurationError(f"--to {target}: is there already; name what is not, e.g. with the date in it")
    parent = target.absolute().parent
    if not parent.is_dir():
        raise ConfigurationError(f"--to {target}: {parent} is no folder that is there; make it, or name another one")
    if parent.resolve().is_relative_to(files.data_dir.resolve()):
        raise ConfigurationError(
            f"--to {target}: lies in the data directory {files.data_dir}, which is copied; name a place outside, "
            "best on another disk"
        )
    if not files.data_dir.is_dir():
        raise ConfigurationError(
            f"{files.data_dir}: there is no data directory yet; name its deployment by --config or ASSAY_DATA_DIR"
        )


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A private folder beside the target, which is gone at the end."""
    part = target.absolute().with_name(f".{target.name}.{os.getpid()}.part")
    private_directory(part)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _broker_files(files: DeploymentFiles, part: Path) -> list[KeptFile]:
    folder = files.data_dir / BROKER_FOLDER
    if not has_broker(folder):
        return []
    copy = part / DATA / BROKER_FOLDER
    copy_broker(folder, copy)
    return [_kept(f"{DATA}/{BROKER_FOLDER}/{path.name}", DATA, path) for path in sorted(copy.iterdir())]


def _copied(sources: Sequence[Source], part: Path, progress: Progress) -> Iterator[KeptFile]:
    for source in sources:
        copy = part / source.inside
        private_directory(copy.parent)
        if source.is_database:
            facts = copy_database(source.path, copy, progress)
            yield _kept(source.inside, source.place, copy).model_copy(update={"database": facts})
            continue
        try:
            size, digest = copy_file(source.path, copy, progress)
        except FileNotFoundError:  # its owner removed it meanwhile
            copy.unlink(missing_ok=True)
            continue
        yield KeptFile(path=source.inside, place=source.place, bytes=size, sha256=digest)


def _kept(inside: str, place: str, copy: Path) -> KeptFile:
    with copy.open("rb") as file:
        size, digest = copy_stream(file, None)
    return KeptFile(path=inside, place=place, bytes=size, sha256=digest)


def _give_name(finished: Path, target: Path) -> None:
    if os.path.lexists(target):  # somebody else was faster
        raise ConfigurationError(f"--to {target}: is there already; name what is not, e.g. with the date in it")
    finished.rename(target)
    handle = os.open(target.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
