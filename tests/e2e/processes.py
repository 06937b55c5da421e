"""Single processes of a fleet, without a supervisor: whoever ends shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assay.worker.config.settings import child_environment
from assay.worker.launch.fleet import beat_argv, worker_argv
from tests.e2e.running import Deployed
from tests.waiting import PATIENCE_S, until


@dataclass
class Processes:
    """Named processes, each with a log."""

    deployed: Deployed
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start `control`, `beat` or any `assess…`."""
        for name in names:
            settings = self.deployed.settings.model_copy(
                update={"redis_url": SecretStr(self.url), "config_dir": self.deployed.root.path}
            )
            argv = {"control": worker_argv("control", settings), "beat": beat_argv(settings)}.get(
                name, worker_argv("assess", settings, name=name)
            )
            env = child_environment(**settings.environment(), **self.environment)
            self.log_of(name).parent.mkdir(parents=True, exist_ok=True)
            with self.log_of(name).open("ab") as log:
                self.running[name] = subprocess.Popen(argv, env=env, stdout=log, stderr=log)

    def await_ready(self, *names: str) -> None:
        """Wait until they take messages, or tick."""
        for name in names:
            until(lambda name=name: self.told(name, "worker.ready", "beat.ready") or self.ended(name), told=self.logs)  # type: ignore[misc]
            assert not self.ended(name), self.logs()

    def log_of(self, name: str) -> Path:
        return self.deployed.home / ".assay" / "logs" / f"{name}.log"

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What a process has logged."""
        return [json.loads(line) for line in self.log_of(name).read_text().splitlines() if line.startswith("{")]

    def told(self, name: str, *events: str, after: int = 0) -> bool:
        """Whether it logged one of these events, after so many lines."""
        return any(line["event"] in events for line in self.lines(name)[after:])

    def ended(self, name: str) -> bool:
        return self.running[name].poll() is not None

    def all_run(self) -> bool:
        return not any(map(self.ended, self.running))

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, and wait for its end. Returns its exit code."""
        self.running[name].send_signal(number)
        return self.running[name].wait(PATIENCE_S)

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"--- {name}\n{self.log_of(name).read_text()[-3000:]}" for name in self.running)


@contextmanager
def processes(
    deployed: Deployed, url: str, names: Sequence[str] = (), environment: dict[str, str] | None = None
) -> Iterator[Processes]:
    """Start these and kill on leaving whatever still runs."""
    started = Processes(deployed, url, environment or {})
    try:
        started.start(*names)
        yield started
    finally:
        for process in started.running.values():
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
