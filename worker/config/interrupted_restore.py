"""A restore that was killed while it put its files in place: nobody may work on what is half old and half new."""

from __future__ import annotations

from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import RESTORE_MARK

RESTORE_FOLDER, COMMIT = RESTORE_MARK.parts
"""In the data directory what `assay restore` unpacks, and in it, once all is unpacked and checked, what goes where."""


class InterruptedRestore(ConfigurationError):
    """Some of the files are of the backup, the others are not yet. `data_dir` is where."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"{data_dir}: a restore was interrupted while it put its files in place; `assay restore --finish` ends it"
        )
        self.data_dir = data_dir
