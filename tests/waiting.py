"""Waiting for other processes. Every wait of the suite takes its limit from here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 600.0 * float(os.environ.get("ASSAY_TEST_PATIENCE", "1"))  # noqa: TID251  # a setting of the suite
"""Seconds until a test gives up waiting for something that must happen.

It only bounds how long a broken test takes to fail. It is far above what any test needs, so that a busy machine
passes. `ASSAY_TEST_PATIENCE=4` makes it four times as long.
"""

HANGS_AFTER_S = 2 * PATIENCE_S
"""Seconds until pytest-timeout ends a test: one that waits for something without a limit of its own."""


def until(condition: Callable[[], object], *, told: Callable[[], str] = str, every_s: float = 0.01) -> None:
    """Return as soon as the condition holds.

    Args:
        condition: asked again and again.
        told: what the failure shows, for instance the end of a log.
        every_s: seconds between two looks. Longer where a look is dear.

    Raises:
        AssertionError: it did not hold within `PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {PATIENCE_S:g} s\n{told()}"
        time.sleep(every_s)


@contextmanager
def cpu_seconds_below(limit: float) -> Iterator[None]:
    """Fail if what is inside takes that much processor time. It is no measurement: what is quadratic takes minutes.

    Processor time, since the machine may be busy with something else.
    """
    begun = time.process_time()
    yield
    assert time.process_time() - begun < limit


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts as ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return Path("/proc/self").exists()
