"""Plan and backfill as a person runs them: beside a fleet, without one, killed in the middle, two at once."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.config.settings import child_environment
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import make_trace
from tests.e2e.running import QUICK, Deployed
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.waiting import until

CONFIG = """
window_seconds: 3600
defaults: {quiet_seconds: 1, rubrics: [grounding]}
use_cases: [{name: bot}]
"""


def last_week(n: int) -> list[Any]:
    now = datetime.now(UTC)
    return [
        make_trace(
            f"past-{i:04}",
            start=now - timedelta(days=3, minutes=7 * i),
            input={"question": f"Question {i}: when was the bridge opened?"},
        )
        for i in range(n)
    ]


def deployed(home: Path, n: int) -> Deployed:
    made = Deployed.create(home, last_week(n))
    (home / "assay.yaml").write_text(CONFIG)
    return made


def command(home: Path, *args: str) -> subprocess.Popen[str]:
    # What a killed command has released is published again after the deadline of its own settings.
    deadline = f"{QUICK['ledger_deadline_s']:g}"
    env = child_environment(
        ASSAY_CONFIG_DIR=str(home),
        ASSAY_DATA_DIR=str(home / ".assay"),
        ASSAY_LEDGER_DEADLINE_S=deadline,
        NO_COLOR="1",
    )
    argv = [sys.executable, "-m", "assay.worker.cli", *args]
    return subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate()
    return process.returncode, out, err


def scores_by_trace(home: Path) -> Counter[str]:
    """How many scores of the risk each trace has."""

    async def read() -> Counter[str]:
        store = SqliteStore(home / ".assay" / "traces.db")
        try:
            pages = store.list_roots(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
            ids = [root.trace_id async for page in pages for root in page]
            return Counter({i: sum(s.name == "hallucination_risk" for s in await store.scores_of(i)) for i in ids})
        finally:
            await store.close()

    return asyncio.run(read())


@pytest.mark.timeout(600)
def test_backfill_without_workers_says_so_and_a_fleet_takes_it_up(tmp_path: Path) -> None:
    home = tmp_path / "d"
    fleet = deployed(home, 40)
    code, out, err = ended(command(home, "backfill", "--from", "7d", "--yes"))
    assert code == 3
    assert "no worker is running" in err
    assert "40 selected = 0 scored + 0 skipped + 0 dead + 40 in flight" in out
    code, out, err = ended(command(home, "backfill", "--from", "7d"))
    assert code == 3, "nobody is asked where nothing is to be released"
    assert "nothing to release" in out
    with fleet.running():
        # A fleet that is still starting is none yet: then the same command is given again.
        until(lambda: ended(command(home, "backfill", "--from", "7d", "--yes"))[0] == 0)
    code, out, _ = ended(command(home, "backfill", "--from", "7d", "--yes"))
    assert code == 0
    assert "40 selected = 40 scored + 0 skipped + 0 dead + 0 in flight" in out
    assert set(scores_by_trace(home).values()) == {1}


@pytest.mark.timeout(900)
def test_killed_backfills_and_workers_and_two_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    home = tmp_path / "d"
    fleet = deployed(home, 240)
    with fleet.running(assess_workers=2):
        first = command(home, "backfill", "--from", "14d", "--yes")
        fleet.await_that(lambda: sum(scores_by_trace(home).values()) >= 40)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        fleet.kill("assess1")
        rivals = [command(home, "backfill", "--from", "14d", "--yes", "--json") for _ in range(2)]
        results = [ended(rival) for rival in rivals]
        assert [code for code, _, _ in results] == [0, 0], results
        outcomes = [json.loads(out)["outcome"] for _, out, _ in results]
        again = json.loads(ended(command(home, "backfill", "--from", "14d", "--yes", "--json"))[1])
    assert all(outcome["selected"] == outcome["scored"] == 240 for outcome in outcomes)
    assert again["released"]["selected"] == 0
    counts = scores_by_trace(home)
    assert len(counts) == 240
    assert set(counts.values()) == {1}


@pytest.mark.timeout(600)
def test_backfill_of_a_langfuse_within_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = LangfuseSettings(score_lag_s=1.0, per_minute={"general": 300, "ingestion": 1000})
    with LangfuseServer(settings) as server:
        begin = datetime.now(UTC) - timedelta(days=6)
        days = int(timedelta(days=4).total_seconds() * 1000)
        # As many as take somewhat more than the 270 reads of the first minute.
        server.project.add_synthetic(100, start_ms=int(begin.timestamp() * 1000), span_ms=days, seed=3, plain=True)
        monkeypatch.setenv("LANGFUSE_BASE_URL", server.url)
        monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", server.public_key)
        monkeypatch.setenv("LANGFUSE_SECRET_KEY", server.secret_key)
        home = tmp_path / "d"
        fleet = Deployed.create(home, [])
        store = "store: {kind: langfuse, plan: self-hosted, requests_per_minute: 300, read_lag_seconds: 2}"
        (home / "assay.yaml").write_text(store + CONFIG)
        with fleet.running():
            planned = json.loads(ended(command(home, "plan", "--from", "10d", "--json"))[1])
            code, out, err = ended(command(home, "backfill", "--from", "10d", "--yes", "--json"))
        assert code == 0, err
        result = json.loads(out)
    assert planned["store"]["reads_per_minute"] == 270
    assert planned["plan"]["work"] == result["released"]["selected"] == result["outcome"]["selected"] > 65
    assert result["outcome"]["in_flight"] == {}


def test_import_names_what_no_sweep_will_see_and_the_plan_of_it(tmp_path: Path) -> None:
    home = tmp_path / "d"
    home.mkdir()
    (home / "assay.yaml").write_text(CONFIG)
    now = datetime.now(UTC)
    starts = [
        now - timedelta(hours=3),
        *(now - timedelta(days=5, minutes=n) for n in range(9)),
        now + timedelta(days=1),
    ]
    lines = [
        {
            "id": f"t{n}",
            "start": s.isoformat(),
            "end": (s + timedelta(seconds=1)).isoformat(),
            "input": "q",
            "output": "a",
        }
        for n, s in enumerate(starts)
    ]
    (home / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    code, out, _ = ended(command(home, "import", str(home / "t.jsonl")))
    assert code == 0
    assert "9 traces will not be swept: 9 began before" in out
    assert "1 trace: the next sweep looks at them" in out
    assert "1 trace with a start in the future" in out
    told = out[out.index("assay backfill") :].split()
    code, planned, _ = ended(command(home, "plan", *told[2:6], "--json"))
    assert code == 0
    plan = json.loads(planned)
    assert plan["plan"]["use_cases"][0]["traces"] == 9
    assert plan["plan"]["work"] == 9
    assert plan["totals"]["cost_usd"] == 0
    code, swept, _ = ended(command(home, "sweep"))
    assert "9 traces will not be swept" in swept
    code, out, _ = ended(command(home, "status", "--json"))
    status = json.loads(out)
    assert status["coverage"]["outside"] == 9
    assert status["rates"][0]["why"] == "volume_unknown"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "yesterday"), "--from: 'yesterday' is no moment"),
        (("--from", "2d", "--to", "7d"), "is not before"),
        (("--from", "2026-11-20T10:00"), "has no time zone"),
        (("--from", "7d", "--use-case", "nosuch"), "--use-case: 'nosuch' is not in assay.yaml; known: bot"),
        (("--from", "1969-12-31"), "before 1970"),
    ],
)
def test_wrong_range_is_one_line_and_exit_2(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    home = tmp_path / "d"
    home.mkdir()
    (home / "assay.yaml").write_text(CONFIG)
    code, _, err = ended(command(home, "backfill", *args, "--yes"))
    assert (code, len(err.strip().splitlines())) == (2, 1), err
    assert said in err
