"""Golden runs judged by real workers behind a real broker, and a scheduled run from beat to webhook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotBook, SlotState
from assay.worker.golden.scheduling.tick import TickReport, schedule_statuses
from assay.worker.launch.fleet import running_broker
from assay.worker.records.messages import GoldenJudgeMessage, GoldenRunMessage
from assay.worker.wiring.golden import golden_clock, golden_schedules
from assay.worker.wiring.queues import GOLDEN_QUEUE
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed
from tests.integration.golden_home import Home, N, answers, chat, target
from tests.unit.worker.golden.scheduling.test_scheduler import hook
from tests.waiting import PATIENCE_S, until

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
        timeout=PATIENCE_S,
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
        # Nobody revives the control worker yet, so that the messages stay in the queue until they are lost.
        until(lambda: deployed.ask(_empty_golden_queue), told=deployed.logs, every_s=0.05)
        deployed.await_that(lambda: _has_ended(process))
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert sum(one["status"] == "passed" for one in json.loads(out)["items"]) == N - 2


def _has_ended(process: subprocess.Popen[str]) -> bool:
    """Whether it has; its output is read meanwhile, so that no full pipe holds it up."""
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=0.2)
    return process.returncode is not None


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
        until(lambda: _journaled(home), told=deployed.logs, every_s=0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 3
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
    slot = (datetime.now(UTC) - timedelta(minutes=1)).replace(second=0, microsecond=0)
    with chat() as server, hook() as there:
        home.write(target=target(server), schedule={"daily": f"{slot:%H:%M}"})
        deployed.settings = deployed.settings_with({"golden_tick_every_s": 1.0, "golden_webhook_url": there.url})
        with running_broker(deployed.settings, deployed.root) as broker:
            deployed.ask(_looked_at_yesterday, broker)
            with deployed.running():
                deployed.await_that(lambda: _is_final(_status(deployed)), told=lambda: _status(deployed))
                status = _status(deployed)
                again = deployed.ask(_tick)
                shown = assay(home, "status", "--json")
    assert status.record is not None
    assert status.record.state is SlotState.DONE, status
    assert status.record.verdict == "pass"
    assert again == TickReport(), "a later tick runs it again"
    assert len(there.received) == 1
    assert there.received[0]["text"] == "✅ Golden set bot-v1: pass"
    assert len(server.requests) == N
    (line,) = json.loads(shown.stdout)["golden"]
    assert (line["golden_set"], line["overdue_s"], line["record"]["announced"]) == ("bot-v1", 0.0, "announced")
    figures = line["figures"]
    assert (figures["run_id"], figures["items"]) == (status.record.run_id, N)
    assert figures["pass_rate"]["low"] <= figures["pass_rate"]["value"] <= figures["pass_rate"]["high"]
    assert figures["judge"]["low"] <= figures["judge"]["value"] == 1.0
    assert there.url not in shown.stdout + deployed.logs()


async def _looked_at_yesterday(runtime: Runtime) -> None:
    """So that the slot a minute ago counts as one that came while nobody looked."""
    now = runtime.clock.now()
    schedule = golden_schedules(runtime.root).by_set["bot-v1"]
    await SlotBook(runtime.state.key_values).first_seen("bot-v1", schedule, now - timedelta(days=1))


def _is_final(status: ScheduleStatus) -> bool:
    return status.record is not None and status.record.state.is_final


async def _tick(runtime: Runtime) -> TickReport:
    async def publish(messages: Sequence[GoldenRunMessage | GoldenJudgeMessage]) -> None:
        raise AssertionError(messages)

    return await golden_clock(runtime, publish).tick()


def _status(deployed: Deployed) -> ScheduleStatus:
    async def read(runtime: Runtime) -> list[ScheduleStatus]:
        return await schedule_statuses(runtime.state.key_values, golden_schedules(runtime.root), runtime.clock.now())

    return next(one for one in deployed.ask(read) if one.golden_set == "bot-v1")
