"""The sweeps' counts against the metrics API's."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.records.windows import WindowRecord
from assay.worker.setup.denominators import compared, last_piece
from assay.worker.stores.langfuse.metrics import count_roots
from tests.builders import NOW
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.setup.test_doctor import doctor, home  # noqa: F401  # `home` is a fixture
from tests.unit.worker.stores.langfuse.making import HOUR, NOON, add_root, store_on, use, using


def window(minute: int, *, is_final: bool = True, **over: Any) -> WindowRecord:
    start = NOW + timedelta(minutes=minute)
    return WindowRecord(start=start, end=start + timedelta(minutes=5), is_final=is_final, **over)


def test_roots_are_counted_without_our_own_environment() -> None:
    with LangfuseServer() as server:
        for n in range(7):
            add_root(server, n, after_s=n)
        add_root(server, 8, environment="assay")
        add_root(server, 9, isRootObservation=False)
        assert using(store_on(server), lambda store: count_roots(store.client, NOON, NOON + HOUR)) == 7


def test_only_final_windows_without_a_gap_are_compared() -> None:
    windows = [window(0), window(10), window(15), window(20, is_final=False), window(25), window(30)]
    assert [w.start for w in last_piece(windows)] == [window(25).start, window(30).start]
    assert last_piece([window(0, is_final=False)]) == []


@pytest.mark.parametrize(
    ("roots", "status", "words"),
    [(1000, "ok", ""), (1020, "ok", ""), (1100, "warn", "late_seconds"), (900, "warn", "deleted")],
)
def test_counts_that_differ_by_more_than_the_tolerance_are_said(roots: int, status: str, words: str) -> None:
    seen = window(0, seen={"bot": 900, "other": 50}, unmatched=20, excluded=20, unfinished=10)
    check = compared([seen], roots)
    assert check.status == status
    assert words in check.remedy
    assert "1,000 traces" in check.message


def test_doctor_holds_the_sweeps_against_the_metrics(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    with LangfuseServer() as server:
        use(server, monkeypatch)
        server.project.add_synthetic(
            60, start_ms=int(time.time() * 1000) - 6 * 3_600_000, span_ms=3_600_000, plain=True
        )
        assert "denominators" not in doctor(home, "--no-write")[1]
        swept = CliRunner().invoke(app, ["sweep", "-c", str(home)])
        assert swept.exit_code == 0, swept.output
        check = doctor(home, "--no-write")[1]["denominators"]
    assert check["status"] == "ok", check
    assert "60 roots" in check["message"]
