"""A backup as a folder or as a tar archive: packing one, and reading either."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from assay.judges.errors import ConfigurationError
from assay.worker.backup.manifest import MOST_BYTES, NAME, KeptFile, Manifest, read_manifest
from assay.worker.backup.whole_files import write_stream
from assay.worker.records.private_files import private_directory, private_file

Kind = Literal["w", "w:gz"]
"""How tarfile writes it."""

_KINDS: Mapping[str, Kind] = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}
_OTHERS = (".zip", ".7z", ".rar", ".gz", ".xz", ".zst", ".bz2")

Progress = Callable[[int], None]


def archive_kind(target: Path) -> Kind | None:
    """What kind of archive a name means. None: a folder.

    Raises:
        ConfigurationError: a kind that is not written here.
    """
    name = target.name.lower()
    for ending, kind in _KINDS.items():
        if name.endswith(ending):
            return kind
    if name.endswith(_OTHERS):
        raise ConfigurationError(f"--to {target}: no such archives are written; end the name in .tar or .tar.gz")
    return None


def pack(folder: Path, manifest: Manifest, archive: Path, kind: Kind) -> Path:
    """Pack a backup's folder, the manifest first. What is packed is removed from the folder: it needs no room twice.

    Raises:
        OSError
    """
    private_file(archive)
    try:
        with archive.open("wb") as stream:
            with tarfile.open(fileobj=stream, mode=kind, format=tarfile.PAX_FORMAT) as tar:
                for name in (NAME, *(file.path for file in manifest.files)):
                    tar.add(folder / name, arcname=name, recursive=False, filter=_nobodys)
                    (folder / name).unlink()
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as exc:
        archive.unlink(missing_ok=True)
        if isinstance(exc, OSError) and exc.errno is not None and exc.filename is None:
            raise OSError(exc.errno, exc.strerror, str(archive)) from exc
        raise
    return archive


def manifest_of(backup: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        ConfigurationError: it is no backup, or damaged.
        OSError
    """
    if backup.is_dir():
        if not (backup / NAME).is_file():
            raise ConfigurationError(f"{backup}: has no {NAME}, so it is no backup of `assay backup`; name one")
        with (backup / NAME).open("rb") as file:
            return read_manifest(file.read(MOST_BYTES), str(backup))
    with _opened(backup) as tar:
        for member in tar:
            if member.name == NAME and member.isreg():
                return read_manifest(_content(tar, member).read(MOST_BYTES), str(backup))
    raise ConfigurationError(f"{backup}: has no {NAME}, so it is no backup of `assay backup`; name one")


def unpack(backup: Path, manifest: Manifest, place_of: Callable[[KeptFile], Path], progress: Progress) -> None:
    """Put every file of a backup where it belongs, and hold it to its sha256.

    Args:
        backup: the folder or archive.
        manifest: what it says of itself.
        place_of: where a file goes.
        progress: told how many bytes were read.

    Raises:
        ConfigurationError: a file is missing, or is not what the manifest says.
        OSError: the disk is full or cannot be written.
    """
    left = {file.path: file for file in manifest.files}
    if backup.is_dir():
        for path, kept in tuple(left.items()):
            if not (backup / path).is_file():
                break
            with (backup / path).open("rb") as reading:
                _put(reading, left.pop(path), place_of(kept), backup, progress)
    else:
        with _opened(backup) as tar:
            for member in tar:
                kept_here = left.pop(member.name, None) if member.isreg() else None
                if kept_here is not None:
                    _put(_content(tar, member), kept_here, place_of(kept_here), backup, progress)
    if left:
        raise ConfigurationError(f"{backup}: lacks {next(iter(left))}, which its manifest names; take another backup")


def _put(reading: BinaryIO, kept: KeptFile, target: Path, backup: Path, progress: Progress) -> None:
    private_directory(target.parent)
    told = write_stream(reading, target, progress)
    if told != (kept.bytes, kept.sha256):
        raise ConfigurationError(
            f"{backup}: {kept.path}: is not what the manifest says (sha256); the backup is damaged, take another one"
        )


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of this machine's users."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    content = tar.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name}: is no regular file")
    return cast("BinaryIO", content)


@contextmanager
def _opened(backup: Path) -> Iterator[tarfile.TarFile]:
    """An archive that is read from its begin to its end.

    Raises:
        ConfigurationError: it is no archive, or damaged.
    """
    if not backup.exists():
        raise ConfigurationError(f"{backup}: is not there; name a folder or archive of `assay backup`")
    try:
        with tarfile.open(backup, "r:*") as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error) as exc:
        raise ConfigurationError(f"{backup}: is no archive, or damaged ({exc}); take another backup") from None
    except OSError as exc:
        if exc.errno is not None:
            raise
        # gzip's own complaint
        raise ConfigurationError(f"{backup}: is damaged ({exc}); take another backup") from None
