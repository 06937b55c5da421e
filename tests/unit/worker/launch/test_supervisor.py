"""Supervision of real child processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.launch.children import last_line, spawn
from assay.worker.launch.supervisor import Backoff, CrashLoop, Supervisor
from tests.waiting import PATIENCE_S, gone, until

ROOT = Path(__file__).parents[4]
FAST = Backoff(first_s=0.01, longest_s=0.02, give_up_after=3, stable_s=60)
SLEEPER = ["sleep", "60"]


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def checked(fleet: Supervisor) -> bool:
    fleet.check()
    return True


def test_children_run_in_sessions_of_their_own_with_their_output_in_logs(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as fleet:
        fleet.start("worker", ["sh", "-c", "echo to out; echo to err >&2; exec sleep 60"])
        fleet.start("other", SLEEPER, log_path=tmp_path / "elsewhere.txt")
        until(lambda: "to err" in (tmp_path / "logs" / "worker.log").read_text())
        assert "to out" in (tmp_path / "logs" / "worker.log").read_text()
        assert (tmp_path / "elsewhere.txt").exists()
        pids = fleet.pids
        assert {os.getsid(pid) for pid in pids.values()} == set(pids.values())
    assert all(gone(pid) for pid in pids.values())


def test_environment_is_the_one_given(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as fleet:
        fleet.start("env", ["/usr/bin/env"], env={"ONLY": "this"})
        until(lambda: (tmp_path / "env.log").read_text() == "ONLY=this\n")


def test_crashed_child_is_started_again_and_told_about(tmp_path: Path) -> None:
    told: list[str] = []
    with Supervisor(tmp_path, backoff=FAST, report=told.append) as fleet:
        fleet.start("worker", SLEEPER)
        first = fleet.pids["worker"]
        os.kill(first, signal.SIGKILL)
        until(lambda: checked(fleet) and fleet.pids.get("worker", first) != first)
    (line,) = told
    assert line.startswith("worker ended with signal SIGKILL: it was killed from outside, ")
    assert line.endswith(f"starting it again in 0.01 s (log: {tmp_path / 'worker.log'})")


def test_worker_that_asks_to_be_renewed_is_started_again_at_once(tmp_path: Path) -> None:
    told: list[str] = []
    with Supervisor(tmp_path, backoff=FAST, report=told.append) as fleet:
        fleet.start("worker", python("raise SystemExit(75)"))
        until(lambda: checked(fleet) and len(told) > 2 * FAST.give_up_after)
    assert "ASSAY_MEMORY_LIMIT_MB" in told[0]


def test_child_that_an_outage_ended_is_never_given_up(tmp_path: Path) -> None:
    exception = {"type": "redis.exceptions.ReadOnlyError", "message": "READONLY"}
    said = json.dumps({"level": "error", "event": "x", "exception": exception})
    told: list[str] = []
    with Supervisor(tmp_path, backoff=FAST, report=told.append) as fleet:
        fleet.start("worker", python(f"print({said!r}); raise SystemExit(3)"))
        until(lambda: checked(fleet) and len(told) > 2 * FAST.give_up_after)
    assert "it is a replica" in told[0]


def test_child_that_always_crashes_is_given_up_with_its_last_line(tmp_path: Path) -> None:
    with Supervisor(tmp_path, backoff=FAST) as fleet:
        fleet.start("good", SLEEPER)
        fleet.start("bad", python("print('no such key: ü'); raise SystemExit(7)"))
        good = fleet.pids["good"]
        with pytest.raises(
            CrashLoop, match=r"bad ended with exit code 7, 3 times in a row: no such key: ü; see .*bad\.log"
        ):
            until(lambda: not checked(fleet))
        assert list(fleet.pids) == ["good"]
    assert gone(good)


def test_child_that_ran_long_enough_begins_anew(tmp_path: Path) -> None:
    always_stable = Backoff(first_s=0.01, give_up_after=2, stable_s=0)
    with Supervisor(tmp_path, backoff=always_stable) as fleet:
        fleet.start("worker", python("print('run')"))
        until(lambda: checked(fleet) and (tmp_path / "worker.log").read_text().count("run") >= 4)


def test_backoff_doubles_up_to_its_bound() -> None:
    assert [Backoff().delay_s(n) for n in (1, 2, 3, 4, 5, 6, 60)] == [0.5, 1, 2, 4, 8, 10, 10]


TRAPS = """
import signal, sys, time
def end(number, frame):
    print(sys.argv[1], "told", time.monotonic_ns(), flush=True); time.sleep(0.1)
    print(sys.argv[1], "ended", time.monotonic_ns(), flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""


def test_stop_all_ends_beat_before_the_others_are_told(tmp_path: Path) -> None:
    log = tmp_path / "all.txt"
    fleet = Supervisor(tmp_path)
    for name in ("worker-1", "beat", "worker-2"):
        fleet.start(name, [*python(TRAPS), name], log_path=log)
    until(lambda: log.read_text().count("ready") == 3)
    fleet.stop_all()
    moments = {
        (name, what): int(at)
        for name, what, at in (line.split() for line in log.read_text().splitlines() if " " in line)
    }
    assert len(moments) == 6
    workers = {moments["worker-1", "told"], moments["worker-2", "told"]}
    assert moments["beat", "ended"] < min(workers)
    assert fleet.pids == {}


def test_child_that_ignores_the_request_is_killed_with_what_it_started(tmp_path: Path) -> None:
    told: list[str] = []
    stubborn = ["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"]
    with Supervisor(tmp_path, grace_s=0.2, report=told.append) as fleet:
        fleet.start("stubborn", stubborn)
        until(lambda: (tmp_path / "stubborn.log").read_text().strip() != "")
        grandchild = int((tmp_path / "stubborn.log").read_text())
        pid = fleet.pids["stubborn"]
    assert gone(pid)
    until(lambda: gone(grandchild))
    assert told == ["stubborn was killed: it did not end in time"]


def test_names_are_unique_and_programs_must_exist(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as fleet:
        fleet.start("worker", SLEEPER)
        with pytest.raises(ValueError, match="worker"):
            fleet.start("worker", SLEEPER)
        with pytest.raises(ConfigurationError, match="/no/such/program"):
            fleet.start("beat", ["/no/such/program"])
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match="cannot start sleep"):
            fleet.start("other", SLEEPER, log_path=tmp_path / "file" / "x.log")


_UP = """
import os, sys
from pathlib import Path
from assay.worker.launch.supervisor import Supervisor

class Telling(Supervisor):
    def check(self):  # called once the signals are caught
        if "told" not in vars(self):
            self.told = print(*self.pids.values(), flush=True)
        super().check()

stubborn = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
with Telling(Path(sys.argv[1]), grace_s=60) as fleet:
    fleet.start("beat", ["sleep", "60"])
    fleet.start("worker", stubborn if sys.argv[2] == "stubborn" else ["sleep", "60"])
    if sys.argv[2] == "unguarded":
        os.kill(fleet._guard._process.pid, 9)
        os.waitid(os.P_PID, fleet._guard._process.pid, os.WEXITED | os.WNOWAIT)
        fleet.start("late", ["sleep", "60"])
    fleet.run()
    print("after run", fleet.pids, flush=True)
"""


def up(log_dir: Path, kind: str = "meek") -> tuple[subprocess.Popen[str], list[int]]:
    command = [sys.executable, "-W", "error", "-c", _UP, str(log_dir), kind]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert parent.stdout
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_children_and_run_returns(tmp_path: Path, number: signal.Signals) -> None:
    parent, pids = up(tmp_path)
    parent.send_signal(number)
    assert parent.communicate(timeout=PATIENCE_S) == ("after run {}\n", "")
    assert parent.returncode == 0
    assert all(gone(pid) for pid in pids)


def test_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    parent, pids = up(tmp_path, "stubborn")
    until(lambda: "ready" in (tmp_path / "worker.log").read_text())
    parent.send_signal(signal.SIGINT)
    until(lambda: gone(pids[0]))
    time.sleep(0.1)
    assert parent.poll() is None
    assert not gone(pids[1])
    parent.send_signal(signal.SIGINT)
    assert parent.communicate(timeout=PATIENCE_S) == ("after run {}\n", "")
    assert all(gone(pid) for pid in pids)


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent, pids = up(tmp_path, "stubborn")
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    until(lambda: all(gone(pid) for pid in pids))


def test_guard_that_was_killed_is_replaced_with_all_it_knew(tmp_path: Path) -> None:
    parent, pids = up(tmp_path, "unguarded")
    assert len(pids) == 3
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    until(lambda: all(gone(pid) for pid in pids))


def test_last_line_finds_the_last_words_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_line(log) == ""
    log.write_bytes(b"x" * 100_000 + b"\nfirst\nlast \xff words\n\n  \n")
    assert last_line(log) == "last \ufffd words"


def test_long_log_is_moved_aside_before_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    assert spawn(["echo", "new"], log_path=log).wait() == 0
    assert log.read_text() == "new\n"
    assert (tmp_path / "x.log.1").stat().st_size > 10 * 1024 * 1024
