"""A restore that runs, or that was killed: nobody may work on what is half old and half new, or is about to go."""

from __future__ import annotations

from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import RESTORE_MARK, RESTORE_UNPACKED

RESTORE_FOLDER, COMMIT = RESTORE_MARK.parts
"""In the data directory what `assay restore` unpacks, and in it, once all is unpacked and checked, what goes where."""

NEW = RESTORE_UNPACKED.name
"""In the folder of the restore: what is unpacked."""


class InterruptedRestore(ConfigurationError):
    """Some of the files are of the backup and the others are not yet, or all are about to be. `data_dir` is where."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"{data_dir}: {_state(data_dir)}")
        self.data_dir = data_dir


def _state(data_dir: Path) -> str:
    if (data_dir / RESTORE_MARK).is_file():
        return "a restore was interrupted while it put its files in place; `assay restore --finish` ends it"
    return (
        "a restore runs there, or was killed before it changed anything; wait for its end, and if none runs, "
        "`assay restore --finish` removes what it unpacked and keeps the old state"
    )
