"""What it costs to start the command: CPU seconds and imported modules of the commands people and pipelines run.

    python -m benchmarks.command_start [--runs 5]

Each command runs in a process of its own, in an empty folder with the packaged configuration. CPU seconds are user
plus system time of the process and its children; the smallest and the median of all runs are printed, as a busy machine
only adds. `status` and `why` read a broker that runs already. `judge` judges one sample in its own process. `gate` is
asked for a set that is not there: everything is imported by then, and nothing is judged. Exits 1 where the smallest
figure is above the limit of a command.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from assay.worker.config.settings import child_environment
from assay.worker.launch.broker import open_broker
from assay.worker.state.redis.state import check_connection


class Measured(NamedTuple):
    """A command to measure: its words, its input, the exit code it ends with, and its limit in CPU seconds."""

    words: tuple[str, ...]
    stdin: str = ""
    ends: int = 0
    limit_s: float | None = None


SAMPLE = json.dumps({"id": "1", "contexts": ["The bridge opened in 1932."], "response": "It opened in 1932."}) + "\n"
COMMANDS = (
    Measured(("--help",), limit_s=0.5),
    Measured(("--version",), limit_s=0.5),
    Measured(("status",), limit_s=0.8),
    Measured(("why", "no-such-trace"), limit_s=0.8),
    Measured(("judge", "-", "--workers", "1"), stdin=SAMPLE),
    Measured(("gate", "no-such-set"), ends=2),
)

COUNTING = """
import atexit, sys
from assay.worker.cli import main
atexit.register(lambda: print(f"\\n{len(sys.modules)}", file=sys.stderr))
main()
"""
"""The command, which prints on its last line of stderr how many modules it has imported."""


def run(program: Sequence[str], command: Measured, home: Path, env: Mapping[str, str]) -> str:
    """Run a command to its end and return its stderr."""
    process = subprocess.run(
        [*program, *command.words], input=command.stdin, cwd=home, env=env, capture_output=True, text=True, check=False
    )
    if process.returncode != command.ends:
        raise SystemExit(f"{' '.join(command.words)} ended with {process.returncode}:\n{process.stderr}")
    return process.stderr


def cpu_seconds(command: Measured, home: Path, env: Mapping[str, str]) -> float:
    """User and system seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([sys.executable, "-m", "assay.worker.cli"], command, home, env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    """Measure every command and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    today = datetime.now(UTC).date().isoformat()
    print(f"{today}, {platform.machine()}, Python {platform.python_version()}, {runs} runs each")
    print(f"{'command':<26} {'least':>7} {'median':>7} {'limit':>6} {'modules':>8}")
    slow = []
    with tempfile.TemporaryDirectory() as folder, open_broker(None, Path(folder), ping=check_connection) as broker:
        home = Path(folder) / "empty"
        home.mkdir()
        env = child_environment(ASSAY_REDIS_URL=broker.url, ASSAY_DATA_DIR=folder)
        for command in COMMANDS:
            name = " ".join(command.words)
            modules = run([sys.executable, "-c", COUNTING], command, home, env).splitlines()[-1]
            seconds = [cpu_seconds(command, home, env) for _ in range(runs)]
            limit = "" if command.limit_s is None else f"{command.limit_s:.1f}"
            print(f"{name:<26} {min(seconds):>6.2f}s {statistics.median(seconds):>6.2f}s {limit:>6} {modules:>8}")
            slow += [name] if command.limit_s is not None and min(seconds) > command.limit_s else []
    if slow:
        raise SystemExit(f"above the limit: {', '.join(slow)}")


if __name__ == "__main__":
    main()
