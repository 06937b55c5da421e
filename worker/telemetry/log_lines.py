"""Lines of the log on their way to stderr. A log that takes none, e.g. on a full disk, ends no process.

They go past Python's buffers, which a signal may have interrupted while they were locked.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from assay.worker.config.settings import log_format_asked
from assay.worker.records.traces import utc_iso

STDERR = 2


class LogLines:
    """Writes whole lines, counts those that the system does not take, and says how many as soon as it takes one."""

    def __init__(self, descriptor: int = STDERR) -> None:
        self._descriptor = descriptor
        self._lost = 0
        self._is_torn = False

    def write(self, line: str) -> None:
        """Write a line. One that is not taken is lost."""
        if self._lost and not self._all(raw_line("warning", "log.lines_lost", lines=self._lost)):
            self._lost += 1
            return
        self._lost = 0 if self._all(line) else 1

    def _all(self, line: str) -> bool:
        data = f"{line}\n".encode(errors="backslashreplace")
        if self._is_torn:
            data = b"\n" + data
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
                self._is_torn = bool(data)
        except OSError:  # a full disk, a pipe whose reader has left, a terminal that is closed
            return False
        return True


def raw_line(level: str, event: str, **fields: object) -> str:
    """A line of the log for places where no logger can be called: before settings are read, in a signal's handler."""
    if log_format_asked() == "console":
        return " ".join([event, *(f"{name}={value}" for name, value in fields.items())])
    return json.dumps({"event": event, **fields, "level": level, "timestamp": utc_iso(datetime.now(UTC))})


def write_raw_line(level: str, event: str, **fields: object) -> None:
    """Write such a line."""
    LINES.write(raw_line(level, event, **fields))


LINES = LogLines()
"""The log of this process."""
