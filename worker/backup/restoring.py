"""Restoring a backup: checked first, unpacked beside what is there, and then put in place as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.backup.archives import manifest_of, unpack
from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.formats import check_formats
from assay.worker.backup.in_use import check_not_in_use, nobody_else
from assay.worker.backup.manifest import DATA, DatabaseFacts, KeptFile, Manifest
from assay.worker.backup.placing import Move, Moves, finish, is_pending, place, sync_folder
from assay.worker.backup.sources import OF_PROCESSES, state_entries
from assay.worker.config.interrupted_restore import RESTORE_FOLDER
from assay.worker.records.private_files import private_directory

NEW = "new"
"""In the folder of the restore: what is unpacked."""

Progress = Callable[[int], None]


class Restored(Record):
    """What was put in place, and what it replaced."""

    manifest: Manifest
    replaced: tuple[str, ...] = ()


def restore_backup(
    files: DeploymentFiles,
    backup: Path,
    known: Iterable[DatabaseFacts],
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
) -> Restored:
    """Put a backup in the place of a deployment's files.

    Args:
        files: where they belong.
        backup: the folder or archive.
        known: the formats of databases that this version knows.
        force: replace what is there.
        progress: told how many bytes were read.

    Raises:
        ConfigurationError: it is damaged or newer, something is there, or somebody works with it. Nothing was changed.
        OSError: the disk is full or cannot be written. Nothing was changed.
    """
    manifest = manifest_of(backup)
    check_formats(manifest, known, str(backup))
    targets = _targets(files, manifest, backup)
    if backup.resolve().is_relative_to(files.data_dir.resolve()):
        raise ConfigurationError(f"{backup}: lies in the data directory, which it would replace; move it elsewhere")
    replaced = _there(files, targets)
    if replaced and not force:
        raise ConfigurationError(
            f"{files.data_dir}: holds something already ({', '.join(replaced[:5])}); nothing was changed. Name an "
            "empty place by ASSAY_DATA_DIR, or replace it with --force after an `assay backup` of what is there"
        )
    with nobody_else(files.data_dir):
        check_not_pending(files.data_dir)
        check_not_in_use(_databases_there(files))
        place(files.data_dir, _staged(files, backup, manifest, targets, progress))
    return Restored(manifest=manifest, replaced=tuple(replaced))


def finish_restore(data_dir: Path) -> bool:
    """End a restore that was killed while it put files in place. Returns whether there was any.

    Raises:
        ConfigurationError: somebody works there.
        OSError
    """
    if not is_pending(data_dir):
        return False
    with nobody_else(data_dir):
        finish(data_dir)
    return True


def check_not_pending(data_dir: Path) -> None:
    """Refuse to begin while another restore waits for its end.

    Raises:
        ConfigurationError
    """
    if is_pending(data_dir):
        raise ConfigurationError(f"{data_dir}: an earlier restore was interrupted; first `assay restore --finish`")


def _targets(files: DeploymentFiles, manifest: Manifest, backup: Path) -> dict[str, Path]:
    """Where files go that do not lie in the data directory, by their places.

    Raises:
        ConfigurationError: this deployment has no such store, or a path that no backup has.
    """
    for file in manifest.files:
        parts = PurePosixPath(file.path).parts
        if file.place == DATA and (len(parts) < 2 or parts[0] != DATA or parts[1] in OF_PROCESSES):
            raise ConfigurationError(f"{backup}: {file.path}: is no path of a backup; take another one")
    places = sorted({file.place for file in manifest.files} - {DATA})
    for name in places:
        if name not in files.stores:
            raise ConfigurationError(
                f"{backup}: has the file of `{name}`, which is no embedded store with a path of its own in this "
                "assay.yaml; restore with the assay.yaml that the backup was taken with"
            )
    return {name: files.stores[name] for name in places}


def _there(files: DeploymentFiles, targets: dict[str, Path]) -> list[str]:
    """What would be replaced."""
    return [*state_entries(files.data_dir), *(str(path) for path in targets.values() if path.exists())]


def _databases_there(files: DeploymentFiles) -> list[Path]:
    inner = [path for name in state_entries(files.data_dir) if (path := files.data_dir / name).is_file()]
    return [*inner, *files.stores.values()]


def _staged(
    files: DeploymentFiles, backup: Path, manifest: Manifest, targets: dict[str, Path], progress: Progress
) -> Moves:
    """Unpack beside what is there. Where that fails nothing of it is left."""
    folder = files.data_dir / RESTORE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a restore that was killed before anything was put in place
    private_directory(folder / NEW / DATA)
    beside = {name: target.with_name(f".{target.name}.restore.part") for name, target in targets.items()}

    def place_of(kept: KeptFile) -> Path:
        return folder / NEW / kept.path if kept.place == DATA else beside[kept.place]

    try:
        unpack(backup, manifest, place_of, progress)
        for each in {place_of(kept).parent for kept in manifest.files}:
            sync_folder(each)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for path in beside.values():
            path.unlink(missing_ok=True)
        raise
    return _moves(files.data_dir, beside, targets)


def _moves(data_dir: Path, beside: dict[str, Path], targets: dict[str, Path]) -> Moves:
    new = Path(RESTORE_FOLDER, NEW, DATA)
    names = sorted(path.name for path in (data_dir / new).iterdir())
    return Moves(
        moves=(
            *(Move(staged=new / name, target=Path(name)) for name in names),
            *(Move(staged=beside[name], target=target) for name, target in targets.items()),
        ),
        removes=tuple(Path(name) for name in state_entries(data_dir) if name not in names),
    )
