"""kill -9 of the control worker while it writes the record: every entry that ended has exactly one row, its own."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from assay.worker.history.opening import FILE
from benchmarks.fire.fleet import Fire
from tests.chaos.conftest import StartFire
from tests.chaos.looking import await_that, settled
from tests.recorded import unrecorded

_LOCK = "assay:state:lock:history"
"""The lock of who writes."""


def test_killed_while_it_waits_to_write_and_right_after_it_wrote(start_fire: StartFire) -> None:
    fleet = start_fire(workers=1, mean=0.05)
    fleet.load(100)
    fleet.start()
    await_that(fleet, lambda: _rows(fleet) is not None)
    _kill_before_commit(fleet)
    for share in (10, 60):
        # As soon as rows are seen: what was written then may not be let go yet.
        await_that(fleet, lambda share=share: (_rows(fleet) or 0) >= share)  # type: ignore[misc]
        _kill(fleet)
    found = settled(fleet)
    assert found.states == {"scored": 100}, found.line()


def _kill_before_commit(fleet: Fire) -> None:
    """Hold the database until a worker waits for it with rows in its hands, and kill that worker."""
    with closing(sqlite3.connect(_file(fleet), timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        await_that(fleet, lambda: unrecorded(fleet.broker.url) > 0 and _is_writing(fleet))
        _kill(fleet)
        connection.execute("ROLLBACK")


def _kill(fleet: Fire) -> None:
    """Kill the control worker. Its lock ends at once: a test does not wait for that."""
    assert fleet.send("control", signal.SIGKILL)
    fleet.broker.client().delete(_LOCK)


def _is_writing(fleet: Fire) -> bool:
    """Whether somebody holds the lock of those who write."""
    return bool(fleet.broker.client().exists(_LOCK))


def _rows(fleet: Fire) -> int | None:
    """How many rows there are. None: nobody has made the record yet."""
    if not _file(fleet).is_file():
        return None
    with closing(sqlite3.connect(f"file:{_file(fleet)}?mode=ro", uri=True, timeout=60)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'history'").fetchone() is None:
            return None
        return int(connection.execute("SELECT count(*) FROM history").fetchone()[0])


def _file(fleet: Fire) -> Path:
    return fleet.home / ".assay" / FILE
