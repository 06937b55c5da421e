"""The suite's own watch over processes: it finds them, names them and ends them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import leftovers
from tests.waiting import gone, until

DAEMON = """
import subprocess, sys
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
print(subprocess.Popen(["sleep", "3600"], start_new_session=True, **quiet).pid)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc on this platform")
def test_orphan_in_a_session_of_its_own_is_found_named_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "ENDING_S", 0.1)
    with pytest.raises(AssertionError, match=r"outlived their test:\n\d+: sleep 3600"), leftovers.none_left():
        out = subprocess.run([sys.executable, "-c", DAEMON], env={}, capture_output=True, check=True).stdout
    until(lambda: gone(int(out)))


def test_process_that_ends_with_its_test_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "ENDING_S", 0.1)
    with leftovers.none_left():
        subprocess.run(["true"], check=True)
