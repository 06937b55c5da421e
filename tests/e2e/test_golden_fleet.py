"""Golden runs judged by real workers behind a real broker, and a scheduled run from beat to webhook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotState
from assay.worker.golden.scheduling.tick import schedule_statuses
from assay.worker.wiring.golden import golden_schedules
from assay.worker.wiring.queues import GOLDEN_QUEUE
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed
from tests.integration.golden_home import Home, N, answers, chat, target
from tests.unit.worker.golden.scheduling.test_scheduler import hook

CONFIG = "defaults: {min_per_day: 0}\nuse_cases: [{name: bot}]\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "d")


@pytest.fixture
def deployed(home: Home) -> Deployed:
    found = Deployed.create(home.path, [])
    (home.path / "assay.yaml").write_text(CONFIG)
    return found


def assay(home: Home, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, against whatever broker lives in the data directory."""
    return subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", *args, "--config", str(home.path)],
        env={"PATH": os.environ["PATH"], "HOME": str(home.path), **env},  # noqa: TID251  # a child's PATH
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def decided(stdout: str) -> dict[str, Any]:
    """Of a gate's JSON what must not depend on where it was judged."""
    result = json.loads(stdout)
    differs = {"run_id", "started", "finished"}
    for pair in result["pairs"]:
        for side in ("baseline", "candidate"):
            for answer in pair[side]:
                (answer["outcome"] or {}).get("verdict", {}).pop("latency_s", None)
    return {key: value for key, value in result.items() if key not in differs}


def test_the_fleet_comes_to_what_one_process_comes_to(home: Home, deployed: Deployed) -> None:
    home.write({"old": answers(2), "new": answers(20)})
    alone = assay(home, "gate", "bot-v1", "--candidate", "new", "--json")
    with deployed.running():
        by_fleet = assay(home, "gate", "bot-v1", "--candidate", "new", "--json", "--fleet")
        waiting = deployed.ask(lambda runtime: runtime.state.deliveries.queue_depth(GOLDEN_QUEUE))
    assert (alone.returncode, by_fleet.returncode) == (1, 1), alone.stderr + by_fleet.stderr
    assert decided(alone.stdout) == decided(by_fleet.stdout)
    assert waiting == 0


def test_lost_messages_and_a_killed_worker_do_not_stop_a_run(home: Home, deployed: Deployed) -> None:
    home.write()
    with deployed.running():
        deployed.kill("control")
        process = home.start("golden", "run", "bot-v1", "--release", "new", "--fleet", "--json")
        deadline = time.monotonic() + 60
        emptied = 0
        while not emptied and time.monotonic() < deadline:
            emptied = deployed.ask(_empty_golden_queue)
            time.sleep(0.05)
        assert emptied, "nothing was ever queued"
        assert deployed.fleet is not None
        while process.returncode is None:
            assert time.monotonic() < deadline + 90, deployed.logs()
            deployed.fleet.check()
            with suppress(subprocess.TimeoutExpired):
                out, err = process.communicate(timeout=0.2)
    assert process.returncode == 0, err
    assert sum(one["status"] == "passed" for one in json.loads(out)["items"]) == N - 2


async def _empty_golden_queue(runtime: Runtime) -> int:
    client = runtime.state.connection.client  # type: ignore[attr-defined]
    return int(await client.delete(f"{runtime.settings.key_prefix}{GOLDEN_QUEUE}"))


def test_a_fleet_without_workers_ends_in_3_by_the_runs_time_limit(home: Home, deployed: Deployed) -> None:
    home.write()
    with deployed.running():
        assert deployed.fleet is not None
        os.kill(deployed.fleet.supervisor.pids["control"], signal.SIGSTOP)
        try:
            gate = assay(home, "gate", "bot-v1", "--candidate", "new", "--fleet", "--timeout", "3")
        finally:
            os.kill(deployed.fleet.supervisor.pids["control"], signal.SIGCONT)
    assert gate.returncode == 3
    assert "the time of the whole run was up" in " ".join(gate.stdout.split())


def test_fleet_where_there_is_none_is_3_at_once(home: Home) -> None:
    home.write()
    gate = assay(home, "gate", "bot-v1", "--candidate", "new", "--fleet")
    assert gate.returncode == 3
    assert "no fleet runs here" in gate.stderr


def test_an_interrupted_fleet_run_goes_on_where_it_stopped(home: Home, deployed: Deployed) -> None:
    with chat() as server, deployed.running():
        server.delay_s = 0.2
        home.write(target={**target(server), "concurrency": 2})
        process = home.start("golden", "run", "bot-v1", "--fleet")
        deadline = time.monotonic() + 60
        while not (kept := _journaled(home)) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 3
        assert kept
        run_id = home.runs()[0].name
        assert f"--resume {run_id}" in err
        server.delay_s = 0
        before, judged = len(server.requests), _journaled(home)
        again = assay(home, "golden", "run", "bot-v1", "--fleet", "--resume", run_id)
    assert again.returncode == 0, again.stderr
    assert len(server.requests) - before == N - judged


def _journaled(home: Home) -> int:
    """Answers (not anchors) in the journal of the one run there is."""
    journals = [run / "journal.jsonl" for run in home.runs() if (run / "journal.jsonl").exists()]
    lines = [line for path in journals for line in path.read_text().splitlines()[1:]]
    return sum('"part":"candidate"' in line for line in lines)


def test_a_scheduled_run_goes_from_beat_to_the_webhook_once(home: Home, deployed: Deployed) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=75)
    slot = soon.replace(second=0, microsecond=0)
    with chat() as server, hook() as there:
        home.write(target=target(server), schedule={"daily": f"{slot:%H:%M}"})
        deployed.settings = deployed.settings_with({"golden_tick_every_s": 1.0, "golden_webhook_url": there.url})
        with deployed.running():
            deadline = time.monotonic() + 150
            while (status := _status(deployed)).record is None or not status.record.state.is_final:
                assert time.monotonic() < deadline, f"{status}\n{deployed.logs()}"
                time.sleep(0.5)
            time.sleep(3)  # three more ticks: none may run it again
            shown = assay(home, "status", "--json")
    assert status.record.state is SlotState.DONE, status
    assert status.record.verdict == "pass"
    assert len(there.received) == 1
    assert there.received[0]["text"] == "✅ Golden set bot-v1: pass"
    assert len(server.requests) == N
    (line,) = json.loads(shown.stdout)["golden"]
    assert (line["golden_set"], line["overdue_s"], line["record"]["announced"]) == ("bot-v1", 0.0, "announced")
    assert there.url not in shown.stdout + deployed.logs()


def _status(deployed: Deployed) -> ScheduleStatus:
    async def read(runtime: Runtime) -> list[ScheduleStatus]:
        return await schedule_statuses(runtime.state.key_values, golden_schedules(runtime.root), runtime.clock.now())

    return next(one for one in deployed.ask(read) if one.golden_set == "bot-v1")
