"""Restoring a backup: checked first, unpacked beside what is there, and then put in place as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from pydantic import Field

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.backup.archives import manifest_of, unpack
from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.formats import check_formats
from assay.worker.backup.giving_way import check_gives_way
from assay.worker.backup.in_use import check_not_in_use, nobody_else
from assay.worker.backup.manifest import DATA, DatabaseFacts, KeptFile, Manifest
from assay.worker.backup.placing import Move, Moves, finish, is_pending, place, sync_folder
from assay.worker.backup.sources import NO_STATE, links_in, state_entries
from assay.worker.config.interrupted_restore import NEW, RESTORE_FOLDER
from assay.worker.records.private_files import private_directory

TRIAL = "trial"
"""In the folder of the restore: onto it is tried to rename what is there."""

Progress = Callable[[int], None]


class Restored(Record):
    """What was put in place, and what it replaced.

    Attributes:
        manifest: what the backup says of itself.
        replaced: names in the data directory, and files of stores elsewhere.
        links: links that are gone, by name, and where they led to. What lies there was left as it is.
    """

    manifest: Manifest
    replaced: tuple[str, ...] = ()
    links: dict[str, str] = Field(default_factory=dict)


def restore_backup(
    files: DeploymentFiles,
    backup: Path,
    known: Iterable[DatabaseFacts],
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
    check_more: Callable[[], object] = lambda: None,
) -> Restored:
    """Put a backup in the place of a deployment's files.

    Args:
        files: where they belong.
        backup: the folder or archive.
        known: the formats of databases that this version knows.
        force: replace what is there.
        progress: told how many bytes were read.
        check_more: raises where somebody is known to work there. Called before unpacking and again after it.

    Raises:
        ConfigurationError: it is damaged or newer, something is there, or somebody works with it. Nothing was changed.
        OSError: the disk is full or cannot be written. Nothing was changed.
    """
    manifest = manifest_of(backup)
    check_formats(manifest, known, str(backup))
    targets = _targets(files, manifest, backup)
    if backup.resolve().is_relative_to(files.data_dir.resolve()):
        raise ConfigurationError(f"{backup}: lies in the data directory, which it would replace; move it elsewhere")
    replaced = _replaceable(files, targets, force=force)

    def check() -> None:
        check_more()
        _replaceable(files, targets, force=force)
        check_not_in_use(_databases_there(files))
        there = [files.data_dir / name for name in state_entries(files.data_dir)]
        check_gives_way(there, files.data_dir / RESTORE_FOLDER / TRIAL)
        for path in filter(os.path.lexists, targets.values()):
            check_gives_way([path], _beside(path, TRIAL))

    with nobody_else(files.data_dir):
        check_not_pending(files.data_dir)
        moves = _staged(files, backup, manifest, targets, progress, check)
        links = {str(path): str((files.data_dir / path).readlink()) for path in _links_that_go(files, targets)}
        place(files.data_dir, moves)
    return Restored(manifest=manifest, replaced=tuple(replaced), links=links)


def finish_restore(data_dir: Path) -> bool:
    """End a restore that was killed while it put files in place. Returns whether there was any.

    Raises:
        ConfigurationError: somebody works there.
        OSError
    """
    if not is_pending(data_dir):
        return False
    with nobody_else(data_dir):
        if is_pending(data_dir):  # else it ended itself meanwhile
            finish(data_dir)
    return True


def discard_unpacked(data_dir: Path) -> bool:
    """Remove what a restore unpacked that was killed before it changed anything. Returns whether there was any.

    Raises:
        ConfigurationError: somebody works there, perhaps that restore itself.
        OSError
    """
    unpacked = data_dir / RESTORE_FOLDER / NEW
    if not unpacked.exists():
        return False
    with nobody_else(data_dir):
        check_not_pending(data_dir)
        shutil.rmtree(unpacked, ignore_errors=True)
        shutil.rmtree(data_dir / RESTORE_FOLDER, ignore_errors=True)
    return True


def check_not_pending(data_dir: Path) -> None:
    """Refuse to begin while another restore waits for its end.

    Raises:
        ConfigurationError
    """
    if is_pending(data_dir):
        raise ConfigurationError(f"{data_dir}: an earlier restore was interrupted; first `assay restore --finish`")


def _targets(files: DeploymentFiles, manifest: Manifest, backup: Path) -> dict[str, Path]:
    """Where files go that do not lie in the data directory itself, by their paths in the backup.

    Raises:
        ConfigurationError: this deployment has no such store, a link leads nowhere, or a path that no backup has.
    """
    targets: dict[str, Path] = {}
    for file in manifest.files:
        parts = PurePosixPath(file.path).parts
        if file.place == DATA and (len(parts) < 2 or parts[0] != DATA or parts[1] in NO_STATE):
            raise ConfigurationError(f"{backup}: {file.path}: is no path of a backup; take another one")
        if file.place != DATA and file.place not in files.stores:
            raise ConfigurationError(
                f"{backup}: has the file of `{file.place}`, which is no embedded store with a path of its own in this "
                "assay.yaml; restore with the assay.yaml that the backup was taken with"
            )
        name = files.stores[file.place] if file.place != DATA else files.data_dir / parts[1]
        if file.place != DATA or (len(parts) == 2 and name.is_symlink()):
            targets[file.path] = _behind_link(name)
    return targets


def _behind_link(path: Path) -> Path:
    """The file itself, so that a large database stays on the disk that it was given.

    Raises:
        ConfigurationError: the folder is not there that the link leads to.
    """
    if path.is_symlink() and not path.resolve().parent.is_dir():
        raise ConfigurationError(f"{path}: leads to {path.resolve()}, which is not there; mount it or remove the link")
    return path.resolve()


def _replaceable(files: DeploymentFiles, targets: dict[str, Path], *, force: bool) -> list[str]:
    """What would be replaced.

    Raises:
        ConfigurationError: nobody allowed that.
    """
    inner = state_entries(files.data_dir)
    known = {(files.data_dir / name).resolve() for name in inner}
    there = [*inner, *(str(path) for path in targets.values() if path.exists() and path not in known)]
    if there and not force:
        raise ConfigurationError(
            f"{files.data_dir}: holds something already ({', '.join(there[:5])}); nothing was changed. Name an "
            "empty place by ASSAY_DATA_DIR, or replace it with --force after an `assay backup` of what is there"
        )
    return there


def _beside(path: Path, what: str) -> Path:
    """A name beside a file that lies on another disk, e.g. `.traces.db.restore.part`."""
    return path.with_name(f".{path.name}.restore.{what}")


def _links_that_go(files: DeploymentFiles, targets: dict[str, Path]) -> Iterator[Path]:
    """Links that a restore replaces or removes. A file behind a link of the data directory is replaced itself."""
    kept = {Path(path).relative_to(DATA) for path in targets if PurePosixPath(path).is_relative_to(DATA)}
    return (path for path in links_in(files.data_dir) if path not in kept)


def _databases_there(files: DeploymentFiles) -> list[Path]:
    inner = [path for name in state_entries(files.data_dir) if (path := files.data_dir / name).is_file()]
    return [*inner, *files.stores.values()]


def _staged(
    files: DeploymentFiles,
    backup: Path,
    manifest: Manifest,
    targets: dict[str, Path],
    progress: Progress,
    check: Callable[[], None],
) -> Moves:
    """Unpack beside what is there. Where that fails nothing of it is left.

    The folder keeps others from starting (`ConfigRoot.data_dir`). So it is there before the first check, and a second
    one sees who had started before.
    """
    folder = files.data_dir / RESTORE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a restore that was killed before anything was put in place
    private_directory(folder / NEW / DATA)
    beside = {path: _beside(target, "part") for path, target in targets.items()}

    def place_of(kept: KeptFile) -> Path:
        return beside.get(kept.path, folder / NEW / kept.path)

    try:
        check()
        unpack(backup, manifest, place_of, progress)
        for each in {place_of(kept).parent for kept in manifest.files}:
            sync_folder(each)
        check()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for path in beside.values():
            path.unlink(missing_ok=True)
        raise
    return _moves(files.data_dir, beside, targets)


def _moves(data_dir: Path, beside: dict[str, Path], targets: dict[str, Path]) -> Moves:
    new = Path(RESTORE_FOLDER, NEW, DATA)
    names = sorted(path.name for path in (data_dir / new).iterdir())
    stays = {*names, *(Path(path).name for path in targets if PurePosixPath(path).is_relative_to(DATA))}
    return Moves(
        moves=(
            *(Move(staged=new / name, target=Path(name)) for name in names),
            *(Move(staged=beside[path], target=target) for path, target in targets.items()),
        ),
        removes=tuple(Path(name) for name in state_entries(data_dir) if name not in stays),
    )
