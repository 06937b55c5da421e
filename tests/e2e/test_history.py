"""The record end to end: a real fleet, a real file, whose lock somebody else holds for a while."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.history.opening import FILE
from tests.builders import make_trace
from tests.e2e.running import Deployed, make_traces
from tests.recorded import hold_record_to_ledger, unrecorded


def test_rows_are_what_became_of_the_traces_also_after_a_database_that_was_away(tmp_path: Path) -> None:
    """Work goes on meanwhile, `assay status` and `assay doctor` say so, and nothing is lost."""
    began = datetime.now(UTC) - timedelta(minutes=40)
    unanswered = [make_trace(f"silent-{n}", start=began, output=None) for n in range(8)]
    traces = [*unanswered, *make_traces(52)]
    deployed = Deployed.create(tmp_path / "d", traces, history_every_s=1.0)
    with deployed.running():
        deployed.await_that(lambda: _tables(deployed))
        with _locked(deployed):
            deployed.settled(60)
            assert deployed.fleet is not None
            url = deployed.fleet.broker.url
            deployed.await_that(lambda: _trouble(deployed))
            waiting = unrecorded(url)
        deployed.await_that(lambda: unrecorded(url) == 0)
        (row,) = deployed.funnel().rows
        rows = hold_record_to_ledger(url, _file(deployed))
        deployed.await_that(lambda: not _trouble(deployed))
    assert waiting > 0, "the lock kept nothing from being written"
    assert Counter(r.state for r in rows) == {"scored": row.total_scored, "skipped": sum(row.skipped.values())}
    assert sum(row.skipped.values()) == 8
    assert all(r.risk is not None and r.judge == "local" for r in rows if r.reason == "judged")
    assert "history.not_written" in _control_log(deployed)
    assert _control_log(deployed).count("history.not_written") == 1, "an outage is told once"


def _file(deployed: Deployed) -> Path:
    assert deployed.settings.data_dir is not None
    return deployed.settings.data_dir / FILE


def _tables(deployed: Deployed) -> bool:
    """Whether the record was made."""
    if not _file(deployed).is_file():
        return False
    with closing(sqlite3.connect(_file(deployed))) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'history'").fetchone() is not None


@contextmanager
def _locked(deployed: Deployed) -> Iterator[None]:
    """Nobody else writes meanwhile."""
    with closing(sqlite3.connect(_file(deployed), timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def _trouble(deployed: Deployed) -> str:
    trouble = deployed.ask(lambda runtime: HistoryTroubles(runtime.state.key_values).present())
    return trouble.message if trouble else ""


def _control_log(deployed: Deployed) -> str:
    return "\n".join(file.read_text() for file in (deployed.home / ".assay" / "logs").glob("control*.log"))
