"""Processes that a test started and left behind.

On Linux this process adopts the orphans of its descendants. Whatever a test starts, and whatever that starts, is then
a child of this process as soon as its own parent is gone: a broker, a worker, a process in a session of its own. A look
at the direct children is enough to find it. Where there is no `/proc`, nothing is found.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import PATIENCE_S, gone

_PR_SET_CHILD_SUBREAPER = 36
ENDING_S = PATIENCE_S / 30
"""Seconds that a process may take to end after its test."""

_HELPERS = ("multiprocessing.resource_tracker",)
"""Processes of Python itself, which live as long as this one."""

_lasting: set[int] = set()


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def lasting() -> Iterator[None]:
    """What is started inside belongs to the whole session."""
    before = _children(os.getpid())
    yield
    _lasting.update(_children(os.getpid()) - before)


@contextmanager
def none_left() -> Iterator[None]:
    """Fail if a process that was started inside is still alive soon after; it is killed.

    Raises:
        AssertionError: names each such process by its number and its command line.
    """
    before = _children(os.getpid())
    yield
    deadline = time.monotonic() + ENDING_S
    while (left := _alive_since(before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    shown = [f"{pid}: {_command(pid)}" for pid in sorted(left)]
    for pid in left:
        _kill(pid)
    assert not left, "processes outlived their test:\n" + "\n".join(shown)


def _alive_since(before: set[int]) -> set[int]:
    new = _children(os.getpid()) - before - _lasting
    return {pid for pid in new if not gone(pid) and not any(name in _command(pid) for name in _HELPERS)}


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread, or the process, has just ended
            found.update(map(int, listed.read_text().split()))
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def _kill(pid: int) -> None:
    """Kill a process and all that it started."""
    below = _children(pid)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    for child in below:
        _kill(child)
