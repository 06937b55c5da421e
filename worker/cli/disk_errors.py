"""What a disk that refuses to be written comes to: one line that names the place and the remedy."""

from __future__ import annotations

import errno

_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for more",
    errno.EROFS: "name a place that can be written",
    errno.EACCES: "name a place that you may write, or change its permissions",
    errno.EPERM: "name a place that you may write, or change its permissions",
    errno.EISDIR: "it is a directory; name a file",
    errno.ENOTDIR: "a part of the path is a file; name a directory",
    errno.EEXIST: "it is a file; name a directory",
    errno.ENOENT: "name a directory that is there",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.EFBIG: "the disk takes no file of that size; name another place",
    errno.ELOOP: "its links lead in a circle; name another place",
    errno.EIO: "the disk fails; name another place",
    errno.ENXIO: "it is no file that can be written; name another one",
}
"""What to do, by the system's number of an error. Others are no fault of a disk."""


def disk_problem(exc: BaseException) -> str | None:
    """The line about a file that cannot be read or written. None where the exception is about something else."""
    if not isinstance(exc, OSError) or exc.errno not in _REMEDIES:
        return None
    name = exc.filename2 or exc.filename
    place = f"{name.decode(errors='replace') if isinstance(name, bytes) else name}: " if name is not None else ""
    return f"{place}{exc.strerror}; {_REMEDIES[exc.errno]}"
