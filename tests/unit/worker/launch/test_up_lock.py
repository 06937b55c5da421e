"""A second `assay up` in a data directory is refused, and a killed one leaves nothing in the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.launch.up_lock import LOCK_FILE, only_fleet

HOLD = """
import sys
from pathlib import Path
from assay.worker.launch.up_lock import only_fleet
with only_fleet(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_fleet_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "new" / ".assay"
    command = [sys.executable, "-c", HOLD, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with (
            pytest.raises(ConfigurationError, match=rf"already up here \(pid {first.pid}\); stop it"),
            only_fleet(data),
        ):
            pass
        with only_fleet(tmp_path / "other"):
            pass
        first.kill()
        first.wait()
    assert (data / LOCK_FILE).exists()
    with only_fleet(data):
        pass
    with only_fleet(data):
        pass


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="set ASSAY_DATA_DIR"), only_fleet(tmp_path / "file"):
        pass


def test_an_error_of_the_fleet_stays_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), only_fleet(tmp_path):
        raise FileNotFoundError("a bug of the fleet's")
