"""The end of processes whose parent vanished without a word (kill -9, out of memory).

Runs as a small process of its own, by path and without imports beyond the standard library. It reads its standard
input, where the parent notes what it started and what has ended. End of file means that the parent is gone, however it
went. What is still noted then gets its signal.

`PR_SET_PDEATHSIG` would do the same without a process. But it exists on Linux alone, it fires when the *thread* that
started the child ends, and it needs code between fork and exec.
"""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> None:
    """Follow `+ PID SIGNAL` and `- PID` lines until the writer is gone, then signal the groups still noted."""
    noted: dict[int, int] = {}
    for line in sys.stdin:
        sign, pid, *rest = line.split()
        if sign == "+":
            noted[int(pid)] = int(rest[0])
        else:
            noted.pop(int(pid), None)
    # Last started, first stopped: workers before the broker they talk to.
    for pid, number in reversed(noted.items()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


if __name__ == "__main__":
    main()
