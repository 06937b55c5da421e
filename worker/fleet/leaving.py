"""How a worker is told to end: in order at the first signal, at once at the second."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from celery.worker import state as celery_state

from assay.worker.config.end_signals import END_SIGNALS
from assay.worker.telemetry.log_lines import write_raw_line

AT_ONCE_S = 1.8
"""A second signal ends the process within this, whatever still waits. What is not given back by then comes back when
nobody has renewed it for 20 s."""


def leave_on_signals(give_all_back: Callable[[], None]) -> None:
    """From now on the first SIGTERM, SIGINT or SIGHUP ends the worker in order, and the second at once.

    Args:
        give_all_back: gives back whatever is in hand.
    """
    reader, writer = os.pipe()

    def received(number: int, _frame: FrameType | None) -> None:
        # A handler may interrupt anything, also somebody who holds a lock. It writes a byte and a flag, no more.
        write_raw_line("info", "worker.signal", signal=signal.Signals(number).name)
        leave(0)
        os.write(writer, b"x")

    def second_ends() -> None:
        os.read(reader, 1)
        os.read(reader, 1)
        write_raw_line("warning", "worker.ends_at_once")
        killer = threading.Timer(AT_ONCE_S, os._exit, (0,))
        killer.daemon = True
        killer.start()
        give_all_back()
        os._exit(0)

    threading.Thread(target=second_ends, name="assay-leaving", daemon=True).start()
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, received)


def no_more_signals() -> None:
    """All is done. While Python itself ends, a signal would otherwise end it with a code of its own."""
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave(exit_code: int) -> None:
    """Have the worker take nothing more, and end with this code once what it has in hand is done or given back."""
    if celery_state.should_stop is None:
        celery_state.should_stop = exit_code  # type: ignore[assignment]  # Celery reads an exit code from it
