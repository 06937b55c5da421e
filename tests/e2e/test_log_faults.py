"""A log that takes no lines, on a full disk or in a pipe that nobody reads, ends no process and stops no work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.processes import processes
from tests.e2e.running import Deployed, make_traces
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

NAMES = ("control", "assess1", "beat")
FULL = Path("/dev/full")
"""A device of Linux that is always full."""


def on_a_full_disk(log: Path) -> Callable[[], None]:
    log.symlink_to(FULL)
    return lambda: None


def in_a_pipe(log: Path) -> Callable[[], None]:
    """Returns what makes its reader leave."""
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    return lambda: os.close(reader)


@pytest.mark.parametrize("lay", [on_a_full_disk, in_a_pipe])
def test_fleet_works_whose_logs_take_no_lines(tmp_path: Path, lay: Callable[[Path], Callable[[], None]]) -> None:
    """Every process has something to say: that it is ready, what it did, that it was told to end."""
    if lay is on_a_full_disk and not FULL.exists():
        pytest.skip("this system has no /dev/full")
    deployed = Deployed.create(tmp_path / "d", make_traces(3))
    with ValkeyServer(tmp_path / "valkey") as server, processes(deployed, server.url) as fleet:
        fleet.log_of("control").parent.mkdir(parents=True, exist_ok=True)
        leaves = [lay(fleet.log_of(name)) for name in NAMES]
        fleet.start(*NAMES)
        for leave in leaves:
            leave()
        until(lambda: len(deployed.scores()) >= 3 or not fleet.all_run(), every_s=0.5)
        assert [fleet.stop(name) for name in NAMES] == [0, 0, 0]
