"""Whether anybody works with a data directory. A restore needs it for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.backup.sqlite_copy import is_database, is_in_use
from assay.worker.records.private_files import private_directory, private_file

LOCKS = {
    "up.lock": "`assay up` or another restore runs there",
    "broker.lock": "a broker starts there",
    "broker.alive": "a broker runs there",
}
"""Files in the data directory on which running processes hold a lock, and what a lock means."""


@contextmanager
def nobody_else(data_dir: Path) -> Iterator[None]:
    """Hold a data directory, so that neither `assay up` nor a broker starts there.

    Raises:
        ConfigurationError: somebody is there.
        OSError
    """
    private_directory(data_dir)
    with ExitStack() as stack:
        for name, meaning in LOCKS.items():
            private_file(data_dir / name)
            file = stack.enter_context((data_dir / name).open("ab"))
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                raise ConfigurationError(f"{data_dir}: {meaning}; stop it before you restore") from None
        yield


def check_not_in_use(paths: Iterable[Path]) -> None:
    """Refuse to replace a database that a process has open: it would go on in a file that nobody sees.

    Raises:
        ConfigurationError
        OSError
    """
    for path in paths:
        if path.is_file() and is_database(path) and is_in_use(path):
            raise ConfigurationError(
                f"{path}: is in use; stop every worker, beat, collector and page of this deployment before you restore "
                f"(`fuser {path}` names them)"
            )
