"""A fleet whose processes run different versions on one broker, one record and one embedded store."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path

from benchmarks.fire import processes
from benchmarks.fire.fleet import Fire
from benchmarks.fire.traffic import write_traces
from benchmarks.rolling_upgrade_versions import Version

READY = {"beat": '"beat.ready"'}
"""What each process logs when it works. A worker logs `"worker.ready"`."""

END_S, START_S = 150.0, 90.0
"""How long a process may take to end, as the systemd units give it, and to start on a busy machine."""


AHEAD_S = (20.0, 40.0)
"""When live traces begin, in seconds from now. Their import takes some of them on a busy machine."""


@dataclass
class RollingFleet(Fire):
    """A fleet that is exchanged process by process.

    Attributes:
        version: what a command of the product and a process without a version of its own runs.
        running: the version of each process.
        starts: how often each has been exchanged. Every process has a name of its own, as a pod has.
    """

    version: Version = field(kw_only=True)
    running: dict[str, Version] = field(default_factory=dict, kw_only=True)
    starts: dict[str, int] = field(default_factory=dict, kw_only=True)

    @classmethod
    def of(cls, fleet: Fire, version: Version) -> RollingFleet:
        """The same deployment, all of whose processes start with one version."""
        return cls(**{each.name: getattr(fleet, each.name) for each in fields(Fire)}, version=version)

    @property
    def record(self) -> Path:
        """The record of the deployment."""
        return self.home / ".assay" / "history.db"

    def assay(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the product in the fleet's version."""
        return self.assay_of(self.version, *arguments, check=check)

    def assay_of(self, version: Version, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the product in some version."""
        done = subprocess.run(
            version.command(*arguments),
            env=version.environment(self.env),
            cwd=self.home,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and done.returncode:
            told = done.stderr.strip() or done.stdout.strip()
            raise RuntimeError(f"{version.name}: assay {' '.join(arguments)} ended with {done.returncode}: {told}")
        return done

    def load_now(self, n: int) -> None:
        """Traces that begin in a moment, as live traffic does: none comes in after its window was looked through."""
        file = self.home / "traces.jsonl"
        write_traces(file, range(self.traces, self.traces + n), ages_s=(-AHEAD_S[1], -AHEAD_S[0]))
        self.assay("import", str(file))
        self.traces += n

    def start_one(self, name: str) -> None:
        """Start one of its commands in its version; each adds to a log of its own."""
        self.logs.mkdir(parents=True, exist_ok=True)
        version = self.running.setdefault(name, self.version)
        self.members[name] = processes.start(
            version.command(*self.commands()[name]),
            log=self.logs / f"{name}.log",
            env=version.environment(self.env),
            cwd=self.home,
        )

    def commands(self) -> dict[str, list[str]]:
        """What is started. A worker that was exchanged has another name: `assess1-2`."""
        commands = super().commands()
        for name, nth in self.starts.items():
            if name in commands and "--name" in commands[name]:
                commands[name][-1] = f"{name}-{nth}"
        return commands

    def exchange(self, name: str, version: Version, *, surge: bool = False) -> int | None:
        """End a process by SIGTERM, and start another version in its place.

        Args:
            name: of the process.
            version: the other one.
            surge: it starts and works before the old one is told to end, as on Kubernetes.

        Returns:
            Its exit code where the new one ended instead of working; None where it works.
        """
        old, before = self.members[name], self.running[name]
        self.starts[name] = self.starts.get(name, 1) + 1
        if not surge:
            self._end(name, old)
            self.running[name] = version
            return self.start_and_wait(name)
        self.running[name] = version
        try:
            code = self.start_and_wait(name)
        except BaseException:
            self._end(name, old)
            raise
        if code is None:
            self._end(name, old)
        else:
            self.members[name], self.running[name] = old, before
        return code

    def _end(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.note(f"SIGTERM {name}")
        processes.end(process, grace_s=END_S)

    def start_and_wait(self, name: str) -> int | None:
        """Start a process and wait until it works. As `exchange`."""
        lines = self.ready_lines(name)
        self.start_one(name)
        processes.wait_for(
            lambda: self.ready_lines(name) > lines or self.members[name].poll() is not None, within_s=START_S
        )
        return self.members[name].poll()

    def ready_lines(self, name: str) -> int:
        """How often a process has told that it works."""
        return self.log_of(name).count(READY.get(name, '"worker.ready"'))

    def log_of(self, name: str) -> str:
        """All that the processes of a name have logged."""
        file = self.logs / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def dead_letters(self) -> int:
        """How many entries gave up."""
        return self.states().get("dead", 0)

    def recorded(self) -> tuple[int, int, str]:
        """Rows of the record, the traces they are of, and its format."""
        with closing(sqlite3.connect(f"file:{self.record}?mode=ro", uri=True, timeout=60)) as connection:
            rows, traces = connection.execute("SELECT count(*), count(DISTINCT trace_id) FROM history").fetchone()
            (version,) = connection.execute("SELECT version_num FROM history_migrations").fetchone()
        return int(rows), int(traces), str(version)
