"""Does a trace cost the same however many there are? And what does selecting very many ids take?

    python -m benchmarks.fire.growth --sizes 1000 10000 50000
    python -m benchmarks.fire.growth --ids 1000000

For each size: a fleet judges all of them with a fast judge; then the cost by trace, the bytes of Redis by trace, and
processor time and memory of `assay report` and `assay status`. `--ids` only selects: a control worker sweeps so many
small traces, and nobody judges them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.fire import processes
from benchmarks.fire.audit import audit
from benchmarks.fire.fleet import Fire, fire, scratch
from benchmarks.fire.throughput import CONFIG

SETTLED_S = 5.0


def judge_all(given: argparse.Namespace, size: int) -> None:
    """One row of the table."""
    with fire(
        scratch(f"growth{size}", given.scratch), workers=1, whole=False, mean=0.05, checkout=given.checkout
    ) as fleet:
        fleet.load(size)
        empty = fleet.broker.used_bytes()
        fleet.start()
        processes.wait_for(lambda: fleet.judge.ask("stats")["calls"] > 0, within_s=300.0)
        before = {name: processes.cpu_s(pid) for name, pid in fleet.pids().items()}
        done = fleet.settle(within_s=300.0 + size / 15)
        cpu = {name: 1000 * (processes.cpu_s(pid) - before[name]) / size for name, pid in fleet.pids().items()}
        rss = {name: processes.rss_mb(pid) for name, pid in fleet.pids().items()}
        used = (fleet.broker.used_bytes() - empty) / size
        costs = " + ".join(f"{name} {ms:.2f}" for name, ms in cpu.items())
        print(
            f"{size:,}{'' if done else ' NOT FINISHED'}: CPU ms/trace {sum(cpu.values()):.2f} = {costs}; Redis "
            f"{used:,.0f} bytes/trace; RSS {'/'.join(f'{mb:.0f}' for mb in rss.values())} MB; "
            f"report {_command(fleet, 'report')}; status {_command(fleet, 'status')}; {audit(fleet).line()}",
            flush=True,
        )


def _command(fleet: Fire, *arguments: str) -> str:
    """Seconds, processor seconds and peak memory of a command."""
    command = [sys.executable, "-m", "assay.worker.cli", *arguments]
    begun = time.monotonic()
    process = subprocess.Popen(command, env=fleet.env, cwd=fleet.home, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return f"{time.monotonic() - begun:.1f} s, CPU {cpu:.1f} s, {peak:.0f} MB, exit {process.returncode}"


def select_ids(given: argparse.Namespace, count: int) -> None:
    """Select so many ids with nobody to judge them."""
    with fire(scratch("ids", given.scratch), workers=0, whole=False, checkout=given.checkout, config=CONFIG) as fleet:
        file = fleet.home / "roots.jsonl"
        _write_roots(file, count)
        fleet.assay("import", str(file))
        fleet.traces = count
        empty = fleet.broker.used_bytes()
        fleet.start()
        processes.wait_for(lambda: fleet.final() >= 0 and "control" in fleet.pids(), within_s=60.0)
        control = fleet.pids()["control"]
        begun = time.monotonic()
        processes.wait_for(lambda: sum(fleet.states().values()) >= count, within_s=600.0 + count / 200, every_s=1.0)
        took = time.monotonic() - begun
        time.sleep(SETTLED_S)
        cpu = processes.cpu_s(control)
        broker = processes.cpu_s(fleet.broker.process.pid) if fleet.broker.process else 0.0
        used = (fleet.broker.used_bytes() - empty) / count
        print(
            f"{count:,} ids, {sum(fleet.states().values()):,} selected in {took:.0f} s: control "
            f"{cpu / count * 1e6:.0f} us an id (its start included), broker {broker / count * 1e6:.0f} us, "
            f"{used:,.0f} bytes of Redis an id, control {processes.rss_mb(control):.0f} MB; {fleet.states()}"
        )


def _write_roots(path: Path, count: int) -> None:
    """Small traces of the last 50 minutes, without content."""
    now = datetime.now(UTC)
    with path.open("w") as file:
        for number in range(count):
            start = (now - timedelta(seconds=120 + 2880 * number / count)).isoformat()
            file.write(json.dumps({"id": f"root-{number:07}", "name": "bot", "start": start, "end": start}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--ids", type=int)
    parser.add_argument("--checkout", type=Path, default=processes.checkout())
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}")
    for size in given.sizes:
        judge_all(given, size)
    if given.ids:
        select_ids(given, given.ids)
    print(f"this script: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
