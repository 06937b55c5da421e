"""Whether what is there can be replaced. It is tried before anything is changed, and the trial changes nothing."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.records.private_files import private_directory, private_file

_MOUNTS = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted, the place as the fifth word, e.g. `37 29 8:1 / /data/a\\040b rw - ext4 ...`."""

_WOULD_GO = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOENT})
"""What a system says last, when all else allows the rename. ENOENT: it is not there any more."""


def check_gives_way(paths: Iterable[Path], trial: Path) -> None:
    """Refuse what cannot be renamed: a folder of another user, a mount point, a file that must not change.

    Each is renamed onto a folder that is not empty. That never succeeds, and the system looks at rights and mounts
    first. So it says the same as the rename that counts would, whoever owns the file and however it is mounted.

    Args:
        paths: what would be replaced.
        trial: a folder beside them that is not there yet, on the same file system.

    Raises:
        ConfigurationError
        OSError
    """
    mounted = _mounted()
    with _never_empty(trial):
        for path in paths:
            number = _why_not(path, trial, mounted)
            if number not in _WOULD_GO:
                raise ConfigurationError(
                    f"{path}: cannot be replaced ({os.strerror(number)}); nothing was changed. Move it away as its "
                    "owner, or unmount it"
                )


def _why_not(path: Path, trial: Path, mounted: frozenset[str]) -> int:
    """The number of the system's error."""
    if str(path.parent.resolve() / path.name) in mounted:  # of a single file the trial does not say it
        return errno.EBUSY
    try:
        os.rename(path, trial)  # noqa: PTH104  # the bare call: nothing else may happen
    except OSError as exc:
        return exc.errno or errno.EIO
    return errno.EIO  # a folder that was not empty gave way


def _mounted() -> frozenset[str]:
    """Where something is mounted. Empty: this system has no such list."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    places = (line.split()[4] for line in lines)
    return frozenset(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place) for place in places)


@contextmanager
def _never_empty(folder: Path) -> Iterator[None]:
    private_directory(folder)
    try:
        private_file(folder / "is-not-empty")
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
