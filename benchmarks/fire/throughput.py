"""How fast is one assess process, what does a trace cost, and what do the same calls cost without a fleet?

    python -m benchmarks.fire.throughput --traces 12000 --at-once 256

A slope is calls answered a second between the 10th and the 90th per cent. Processor seconds are those of each process
from just before the traces come until all are scored; start-up is not in them. Rows come interleaved, so that all meet
the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fire import processes
from benchmarks.fire.audit import audit
from benchmarks.fire.fleet import Fire, fire, scratch
from benchmarks.fire.judge_calls import ANSWERED

CONFIG = """\
window_seconds: 10
lookback_hours: 1
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true}
"""

LEAD_S = 20.0
"""The traces begin so long after they were written to a file: the import is over by then, and the fleet idles."""


@dataclass(frozen=True)
class Row:
    """One measurement; `cpu` in seconds by process."""

    name: str
    calls: int
    traces: int
    slope: float
    wall_s: float
    cpu: dict[str, float]
    rss: dict[str, float]
    remark: str = ""

    def line(self) -> str:
        """On one line of a table."""
        each = " + ".join(f"{name} {1000 * s / self.traces:.2f}" for name, s in self.cpu.items())
        memory = "/".join(f"{mb:.0f}" for mb in self.rss.values())
        total = 1000 * sum(self.cpu.values()) / self.traces
        return (
            f"{self.name:10} n {self.traces:6} calls/trace {self.calls / self.traces:.3f} slope {self.slope:7.1f}/s "
            f"wall {self.wall_s:6.1f} s CPU-s/1,000 {total:5.2f} = {each} RSS {memory} MB {self.remark}"
        )


def slope(ends: Sequence[float]) -> float:
    """Answers a second between the 10th and the 90th per cent; 0 without answers."""
    ordered = sorted(ends)
    if not ordered:
        return 0.0
    first, last = len(ordered) // 10, len(ordered) * 9 // 10
    return (last - first) / max(1e-9, ordered[last] - ordered[first])


def _answers(judge_calls: Sequence[dict[str, Any]]) -> list[float]:
    return [call["end"] for call in judge_calls if call["outcome"] == ANSWERED]


def measure_raw(how: str, fleet: Fire, bodies: Path, calls: int, at_once: int) -> Row:
    """The same calls from a script."""
    fleet.judge.ask("forget")
    command = [sys.executable, "-m", "benchmarks.fire.raw", how, "--url", fleet.judge.url, "--bodies", str(bodies)]
    command += ["--calls", str(calls), "--at-once", str(at_once)]
    result = subprocess.run(command, cwd=processes.checkout(), capture_output=True, text=True, check=True, timeout=900)
    told = json.loads(result.stdout.splitlines()[-1])
    ends = _answers(fleet.judge.ask("calls"))
    return Row(how, len(ends), calls, slope(ends), told["wall_s"], {how: told["cpu_s"]}, {how: told["rss_mb"]})


def measure_fleet(fleet: Fire, traces: int) -> Row:
    """The fleet on as many traces, all selected at once."""
    fleet.judge.ask("forget")
    fleet.start()
    wanted = {"control", "beat", *(f"assess{n + 1}" for n in range(fleet.workers))}
    processes.wait_for(lambda: wanted <= fleet.pids().keys() and _ready(fleet), within_s=600.0)
    due = _load_ahead(fleet, traces)
    pids = {**fleet.pids(), "broker": fleet.broker.process.pid if fleet.broker.process else 0}
    time.sleep(max(0.0, due - 3.0 - time.monotonic()))
    before = {name: processes.cpu_s(pid) for name, pid in pids.items()}
    lines = _info_lines(fleet)
    rss = dict.fromkeys(pids, 0.0)
    begun = time.monotonic()

    def done() -> bool:
        for name, pid in pids.items():
            rss[name] = max(rss[name], processes.rss_mb(pid))
        return fleet.final() >= fleet.traces

    if not processes.wait_for(done, within_s=120.0 + traces / 20, every_s=1.0):
        print(f"NOT FINISHED: {fleet.states()}; see {fleet.logs}")
    cpu = {name: processes.cpu_s(pid) - before[name] for name, pid in pids.items()}
    calls = fleet.judge.ask("calls")
    info = {name: (n - lines.get(name, 0)) / (traces / 16) for name, n in _info_lines(fleet).items()}
    remark = "info lines a message: " + ", ".join(f"{name} {n:.1f}" for name, n in info.items())
    row = Row("assay", len(calls), traces, slope(_answers(calls)), time.monotonic() - begun, cpu, rss, remark)
    print(row.line(), flush=True)
    print(f"           {audit(fleet).line()}", flush=True)
    return row


def _load_ahead(fleet: Fire, traces: int) -> float:
    """Import traces that begin in a while. Returns when, on the monotonic clock."""
    lead_s = LEAD_S + traces / 1000
    while True:
        due = time.monotonic() + lead_s
        fleet.traces = 0
        fleet.load(traces, ages_s=(-lead_s, -lead_s))
        if time.monotonic() < due - 5.0:
            return due
        # A starved machine. Once more, under the same ids: a window that was swept without them is not swept soon.
        lead_s *= 2


def _ready(fleet: Fire) -> bool:
    return all("worker.ready" in log.read_text() for log in fleet.logs.glob("[ac]*.log"))


def _info_lines(fleet: Fire) -> dict[str, int]:
    return {log.stem: log.read_text().count('"info"') for log in sorted(fleet.logs.glob("[ac]*.log"))}


def compare(rows: Sequence[Row]) -> None:
    """The ratios that the goals are about."""
    means: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        means[name] = {
            "slope": sum(row.slope for row in own) / len(own),
            "cpu": sum(1000 * sum(row.cpu.values()) / row.traces for row in own) / len(own),
            "judging": sum(
                1000 * sum(s for role, s in row.cpu.items() if role not in ("beat", "broker")) / row.traces
                for row in own
            )
            / len(own),
        }
    ours, sdk, runner = means["assay"], means["sdk"], means.get("langfuse")
    best = max(sdk["slope"], means["aiohttp"]["slope"])
    print(f"slope {ours['slope'] / best:.1%} of raw; CPU all {ours['cpu'] / sdk['cpu']:.2f} x the SDK script's", end="")
    if runner:
        print(f"; assess + control {ours['judging'] / runner['judging']:.2f} x Langfuse's runner", end="")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=12_000)
    parser.add_argument("--at-once", type=int, default=256, help="model calls in flight")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="assess processes; each has that many in flight")
    parser.add_argument("--mean", type=float, default=1.0, help="seconds of a call")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkout", type=Path, default=processes.checkout())
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}; {given}")
    rows: list[Row] = []
    threads = str(max(16, 2 * given.at_once // 16))
    env = {"ASSAY_JUDGE_CONCURRENCY": str(given.at_once), "ASSAY_WORKER_THREADS": threads}
    for turn in range(given.rounds):
        home = scratch(f"throughput{turn}", given.scratch)
        options: Any = {"workers": given.workers, "checkout": given.checkout, "mean": given.mean}
        with fire(home, **options, seed=given.seed + turn, config=CONFIG, env=env) as fleet:
            rows.append(measure_fleet(fleet, given.traces))
            bodies = home / "bodies.jsonl"
            bodies.write_text("\n".join(json.dumps(body) for body in fleet.judge.ask("bodies")))
            fleet.stop()
            for how in ("aiohttp", "sdk", "langfuse"):
                # The runner's slope is no goal, and it is slow: a quarter of the calls says what one costs.
                calls = given.traces if how != "langfuse" else max(300, given.traces // 4)
                rows.append(measure_raw(how, fleet, bodies, calls, given.at_once))
                print(rows[-1].line(), flush=True)
    compare(rows)


if __name__ == "__main__":
    main()
