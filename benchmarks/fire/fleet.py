"""A fleet as users run it: `assay up` on a folder of its own, a broker, a judge server, traces in the embedded store.

Nothing of the product is imported here: what is measured is what its commands do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fire import processes
from benchmarks.fire.broker import Broker, fields_of
from benchmarks.fire.traffic import write_traces

CONFIG = """\
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true}
"""

QUICK = {
    "ASSAY_SWEEP_EVERY_S": "5",
    "ASSAY_JUDGE_MODEL": "gpt-5.4-mini",
    "OPENAI_API_KEY": "sk-fire",
}


class JudgeProcess:
    """The judge server in a process of its own."""

    def __init__(self, log: Path, *, mean: float, sigma: float, seed: int) -> None:
        command = [sys.executable, "-m", "benchmarks.fire.judge_server", "--mean", str(mean), "--sigma", str(sigma)]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--seed", str(seed)], stdout=subprocess.PIPE, stderr=errors, cwd=processes.checkout()
            )
        assert self.process.stdout is not None
        self.url = str(json.loads(self.process.stdout.readline())["url"])

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What it answers on one of its own paths."""
        data = json.dumps(body or {}).encode()
        with urllib.request.urlopen(f"{self.url}/{path}", data, timeout=60) as reply:
            text = reply.read().decode()
        return [json.loads(line) for line in text.splitlines()] if path in ("calls", "bodies") else json.loads(text)

    def stop(self) -> None:
        """End it."""
        processes.end(self.process, grace_s=5.0)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def control(self, **faults: Any) -> None:
        """Change what it does with calls."""
        self.ask("control", faults)


@dataclass
class Fire:
    """One deployment and its processes.

    Attributes:
        checkout: of which checkout the fleet runs.
        whole: `assay up` runs and supervises it. Otherwise each process is a command of its own, started again here.
        events: (moment, what was done, or what ended by itself), for the audit.
    """

    home: Path
    broker: Broker
    judge: JudgeProcess
    workers: int
    checkout: Path
    env: dict[str, str]
    whole: bool = True
    traces: int = 0
    members: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    events: list[tuple[float, str]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """The embedded store."""
        return self.home / ".assay" / "traces.db"

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.home / ".assay" / "logs"

    def assay(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the product."""
        command = [sys.executable, "-m", "assay.worker.cli", *arguments]
        return subprocess.run(
            command, env=self.env, cwd=self.home, check=check, capture_output=True, text=True, timeout=1200
        )

    def load(self, n: int, *, name: str = "bot", ages_s: tuple[float, float] = (600, 2400)) -> None:
        """Import more traces that began so many seconds ago, evenly spread."""
        file = self.home / "traces.jsonl"
        write_traces(file, range(self.traces, self.traces + n), name=name, ages_s=ages_s)
        self.assay("import", str(file))
        self.traces += n

    def commands(self) -> dict[str, list[str]]:
        """What is started: the arguments of each command by the name of its process."""
        if self.whole:
            return {"up": ["up", "--workers", str(self.workers)]}
        names = [f"assess{n + 1}" for n in range(self.workers)]
        assess = {name: ["worker", "--role", "assess", "--name", name] for name in names}
        return {"control": ["worker", "--role", "control", "--name", "control"], **assess, "beat": ["beat"]}

    def start(self) -> None:
        """Start the fleet."""
        for name in self.commands():
            self.start_one(name)

    def start_one(self, name: str) -> None:
        """Start one of its commands; each adds to a log of its own."""
        self.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "assay.worker.cli", *self.commands()[name]]
        log = self.logs / f"{name}.log"
        self.members[name] = processes.start(command, log=log, env=self.env, cwd=self.home)

    def stop(self) -> dict[str, int]:
        """End it as a user does, beat first; the exit code of each command."""
        names = sorted(self.members, key=lambda name: (name != "beat", not name.startswith("assess")))
        for name in names:
            self.members[name].terminate()
        return {name: processes.reap(self.members.pop(name), grace_s=150.0) for name in names}

    def pids(self) -> dict[str, int]:
        """The fleet's processes by name."""
        if self.whole:
            return processes.children(self.members["up"].pid) if "up" in self.members else {}
        return {name: member.pid for name, member in self.members.items() if member.poll() is None}

    def send(self, name: str, number: signal.Signals) -> bool:
        """Send one of them a signal and note it."""
        pid = self.pids().get(name)
        done = pid is not None and processes.send(pid, number)
        if done:
            self.note(f"{number.name} {name}")
        return done

    def note(self, what: str) -> None:
        """Remember what was done to the fleet."""
        self.events.append((time.time(), what))

    def revive(self) -> None:
        """Start again what ended, as a supervisor would, and note how it ended."""
        for name, member in list(self.members.items()):
            if member.poll() is not None:
                self.note(f"ended {name} {member.returncode}")
                self.start_one(name)

    def ended(self) -> list[str]:
        """What ended by itself: not by a signal of ours, e.g. `assess1 1`."""
        ours: set[str] = set()
        for _, what in self.events:
            if what.startswith("SIG"):
                number, name = what.split()
                ours |= {f"{name} {-signal.Signals[number]}", *([f"{name} 0"] if number == "SIGTERM" else [])}
        ends = [what.removeprefix("ended ") for _, what in self.events if what.startswith("ended ")]
        return [what for what in ends if what not in ours]

    def states(self) -> dict[str, int]:
        """How many entries are in each state, from the ledger's counts in Redis."""
        client = self.broker.client()
        counts: dict[str, int] = {}
        for key in client.scan_iter("assay:state:count:*", count=1000):
            for name, value in fields_of(client, key).items():
                state = name.split("\x1f")[2]
                counts[state] = counts.get(state, 0) + int(value)
        return {state: n for state, n in counts.items() if n}

    def final(self) -> int:
        """How many traces are scored, skipped or dead; -1 while the broker does not answer."""
        try:
            states = self.states()
        except Exception:  # noqa: BLE001  # it is under fire
            return -1
        return sum(states.get(state, 0) for state in ("scored", "skipped", "dead"))

    def settle(self, *, within_s: float, n: int | None = None) -> bool:
        """Wait until that many traces are final; whether they are."""

        def done() -> bool:
            self.revive()
            return self.final() >= (self.traces if n is None else n)

        return processes.wait_for(done, within_s=within_s, every_s=0.5)


@contextmanager
def fire(  # noqa: PLR0913  # each is a choice of its own, and has a name
    home: Path,
    *,
    workers: int,
    whole: bool = True,
    checkout: Path | None = None,
    mean: float = 0.2,
    sigma: float = 0.4,
    seed: int = 1,
    config: str = CONFIG,
    env: Mapping[str, str] | None = None,
) -> Iterator[Fire]:
    """A deployment with broker and judge running, its fleet not yet started."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "assay.yaml").write_text(config)
    source = checkout or processes.checkout()
    broker = Broker(home / "broker")
    broker.start()
    judge = JudgeProcess(home / "judge.log", mean=mean, sigma=sigma, seed=seed)
    places = {"ASSAY_REDIS_URL": broker.url, "ASSAY_CONFIG_DIR": str(home), "OPENAI_BASE_URL": f"{judge.url}/v1"}
    variables = processes.environment(source, {**QUICK, **places, **(env or {})})
    fleet = Fire(home, broker, judge, workers, source, variables, whole)
    try:
        yield fleet
    finally:
        fleet.stop()
        judge.stop()
        broker.stop()


def scratch(name: str, base: Path | None) -> Path:
    """A new folder for a run."""
    folder = (base or Path(os.path.realpath("/tmp"))) / f"fire-{name}-{os.getpid()}-{time.time_ns() % 10**6}"
    folder.mkdir(parents=True)
    return folder
