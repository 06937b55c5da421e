"""`assay collector` as a process of its own, in a directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from assay.worker.config.settings import child_environment
from tests.scraping import Values, asked, free_ports, scraped
from tests.waiting import PATIENCE_S, until

CONFIG = """
{collector}
use_cases:
  - {{name: bot, rate: 1.0, allow_rate: true}}
"""

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What a sender got."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class CollectorProcess:
    """A collector that runs."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.home / ".assay" / "traces.db"

    @property
    def log(self) -> str:
        return (self.home / "collector.log").read_text()

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body."""
        request = Request(self.url + path, data=body, headers=dict(headers), method="POST")
        try:
            with urlopen(request, timeout=PATIENCE_S) as reply:
                return Answer(reply.status, reply.read(), dict(reply.headers))
        except HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.read(), dict(refused.headers))

    def export(self, message: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send spans as protobuf."""
        return self.post("/v1/traces", message.SerializeToString(), {**PROTOBUF, **(headers or {})})

    def metrics(self) -> Values:
        """What a scrape shows."""
        return scraped(f"http://127.0.0.1:{self.port + 1}/metrics")

    def resident_mb(self) -> float:
        """Memory of the process now."""
        return self._status_mb("VmRSS")

    def peak_mb(self) -> float:
        """The most memory that it ever had."""
        return self._status_mb("VmHWM")

    def cpu_seconds(self) -> float:
        """User and system time of the process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_ready(self) -> bool:
        try:
            return asked(f"{self.url}/readyz").status == 200
        except (URLError, OSError):
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def _status_mb(self, name: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise AssertionError(f"the process has no {name}: it has ended\n{self.log}")


@contextmanager
def running_collector(
    home: Path, *, collector: str = "collector: {}", port: int | None = None, **env: str
) -> Iterator[CollectorProcess]:
    """A collector that is ready. On leaving it is ended, if it still runs.

    Args:
        home: its directory.
        collector: its section of assay.yaml.
        port: its own; the next one has its pages. None: any.
        env: further variables.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "assay.yaml").write_text(CONFIG.format(collector=collector))
    port = free_ports(2) if port is None else port
    places = {"ASSAY_COLLECTOR_PORT": str(port), "ASSAY_METRICS_PORT": str(port + 1), "ASSAY_CONFIG_DIR": str(home)}
    with (home / "collector.log").open("ab") as log:
        argv = [sys.executable, "-m", "assay.worker.cli", "collector"]
        process = subprocess.Popen(argv, env=child_environment(**places, **env), stdout=log, stderr=log)
    running = CollectorProcess(home, port, process)

    def is_there() -> bool:
        assert process.poll() is None, f"it ended with {process.returncode}\n{running.log}"
        return running.is_ready()

    try:
        until(is_there, told=lambda: running.log, every_s=0.05)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            with_grace(process)


def with_grace(process: subprocess.Popen[bytes], seconds: float = 40) -> None:
    """Wait for an end that was asked for; kill after that."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
    process.wait()
