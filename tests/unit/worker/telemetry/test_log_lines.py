"""A log that takes no lines ends nothing, and is told about as soon as it takes them again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.worker.telemetry.log_lines import LogLines

FULL = Path("/dev/full")
"""A device of Linux that is always full."""

SPEAK = """
import logging, sys
from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import Settings
from assay.worker.telemetry.log_lines import write_raw_line
from assay.worker.telemetry.logging_setup import configure_logging, log_uncaught, start_failures_logged
configure_logging(Settings(log_format="json"))
log_uncaught()
logging.getLogger("assay.test").error("said")
logging.getLogger("assay.test").error("%d is broken", "n")
write_raw_line("info", "said")
print("went on")
with start_failures_logged():
    raise ConfigurationError("wrong")
"""


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_process_goes_on_whose_log_lies_on_a_full_disk() -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", SPEAK], stdout=subprocess.PIPE, stderr=full, text=True, check=False,
            env={"ASSAY_LOG_FORMAT": "json"},
        )  # fmt: skip
    assert (ended.stdout, ended.returncode) == ("went on\n", 2)


def test_process_goes_on_whose_log_nobody_reads() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-c", SPEAK], stdout=subprocess.PIPE, stderr=writer, text=True, check=False,
        env={"ASSAY_LOG_FORMAT": "json"},
    )  # fmt: skip
    os.close(writer)
    assert (ended.stdout, ended.returncode) == ("went on\n", 2)


def test_lost_lines_are_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line is torn by a disk that is full in the middle of it."""
    monkeypatch.setenv("ASSAY_LOG_FORMAT", "json")
    room = [5]
    real_write = os.write

    def write(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = real_write(descriptor, data[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", write)
    with (tmp_path / "log").open("wb") as log:
        lines = LogLines(log.fileno())
        for _ in range(3):
            lines.write('{"event": "lost"}')
        room[0] = 10_000
        lines.write('{"event": "taken"}')
        lines.write('{"event": "taken too"}')
    torn, told, *rest = (tmp_path / "log").read_text().splitlines()
    assert torn == '{"eve'
    assert (json.loads(told)["event"], json.loads(told)["lines"]) == ("log.lines_lost", 3)
    assert rest == ['{"event": "taken"}', '{"event": "taken too"}']
