"""Starting a real store's server for a test session, and ending it by its own process."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

from tests.leftovers import lasting

START_S = 180.0
"""A start takes 17 s with byte code, and more than a minute without it on a busy machine."""
END_S = 15.0


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], variables: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a server in a folder of its own. Its log is `log` there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}  # noqa: TID251
    with (folder / "log").open("w") as output, lasting():
        return subprocess.Popen(
            command, env={**environment, **variables}, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )


def wait_until_up(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Return when the address answers.

    Raises:
        RuntimeError: it did not in time, or the server ended; with the end of its log.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start: {(folder / 'log').read_text()[-2000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and see that it does."""
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def for_the_session(command: Sequence[str], variables: Mapping[str, str], url: str) -> None:
    """Start a server that lasts until the tests end, with a folder that goes with it, and wait until it answers."""
    folder = Path(tempfile.mkdtemp(prefix="assay-store-"))
    process = start(command, variables, folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(end, process)
    wait_until_up(url, process, folder)
