"""`assay golden series`: which runs it watches, and the way back after an alarm."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.golden.runs.run_store import RunStore, RunSummary
from assay.worker.wiring.golden_calls import load_set
from tests.integration.golden_home import Home, N

START = datetime(2026, 1, 5, 6, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "d")
    made.write()
    return made


def week(n: int) -> str:
    return f"{START + timedelta(weeks=n):%Y%m%dT%H%M%S}-00000a"


def write_history(home: Home, failed: list[int], *, first: int = 0, **changes: Any) -> None:
    """A run a week of the set as it stands."""
    digest = load_set(ConfigRoot(path=home.path), load_settings(), "bot-v1").digest
    runs = [
        RunSummary(
            run_id=week(n),
            kind="gate",
            origin="schedule",
            finished=START + timedelta(weeks=n),
            target="bot",
            set_digest=digest,
            revision="r",
            repeats=1,
            passed=N - bad,
            failed=bad,
            missing=0,
        ).model_copy(update=changes)
        for n, bad in enumerate(failed, first)
    ]
    path = RunStore(home.path / ".assay", "bot-v1").path / "history.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(run.model_dump_json() + "\n" for run in runs)


def series(home: Home, *args: str) -> int:
    return home.assay("golden", "series", "bot-v1", *args)


def test_an_alarm_stands_until_it_is_acknowledged(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(home, [5, 6, 5, 6, 5, *[25] * 3, *[5] * 12])
    assert series(home) == 1, "twelve good weeks do not undo it"
    assert series(home, "--acknowledge", week(9)) == 0
    capsys.readouterr()
    assert series(home, "--json") == 0, "it is kept"
    found = json.loads(capsys.readouterr().out)
    assert (found["alarm"], found["acknowledged"]) == (None, [week(9)])
    assert max(point["e_value"] for point in found["points"][5:]) < 10
    assert series(home) == 0
    assert "acknowledged" in capsys.readouterr().out


def test_a_second_drop_after_an_acknowledgement_is_an_alarm_again(home: Home) -> None:
    write_history(home, [5, 6, 5, 6, 5, *[25] * 3, *[5] * 3, *[25] * 3])
    assert series(home, "--acknowledge", week(8)) == 1


@pytest.mark.parametrize("run", [week(4), week(5), "20200101T000000-0a1b2c", "nothing"])
def test_only_an_alarm_can_be_acknowledged(home: Home, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(home, [5, 6, 5, 6, 5, 6, *[25] * 3])
    assert series(home) == 1
    assert series(home, "--acknowledge", run) == 2
    assert "not the run of the alarm" in capsys.readouterr().err
    assert series(home) == 1


def test_a_quiet_series_has_nothing_to_acknowledge(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(home, [5, 6, 5, 6, 5, 6, 5])
    assert series(home, "--acknowledge", week(6)) == 2
    assert "there is no alarm" in capsys.readouterr().err


def test_gates_of_a_pipeline_neither_feed_the_series_nor_choose_its_target(home: Home) -> None:
    write_history(home, [5, 6, 5, 6, 5, 6, 5])
    write_history(home, [30] * 9, first=90, origin="command", target="pull-request")
    write_history(home, [30] * 9, first=100, origin="command")
    assert series(home) == 0
    assert series(home, "--target", "pull-request") == 3


def test_an_acknowledgement_is_no_run(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(home, [5, 6, 5, 6, 5, *[25] * 3])
    series(home, "--acknowledge", week(7))
    capsys.readouterr()
    assert home.assay("golden", "runs", "bot-v1", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 8
