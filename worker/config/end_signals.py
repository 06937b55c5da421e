"""The signals by which a process of the fleet is told to end. Imports next to nothing: it comes before all else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""Of a service's manager, of Ctrl-C, of a terminal that closes, of Ctrl-\\. Each ends a process in the same way."""


def end_at_once_on_signals() -> None:
    """Until there is work in hand, whoever is told to end has nothing to finish. What is ignored (nohup) stays so."""
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(0))


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End at once at a signal within the block, where there is nothing to finish yet, whoever handles it afterwards."""
    afterwards = {number: signal.getsignal(number) for number in END_SIGNALS}
    end_at_once_on_signals()
    try:
        yield
    finally:
        for number, handler in afterwards.items():
            signal.signal(number, handler)


def hold_back_signals() -> None:
    """Have signals wait: the program that replaces this one takes them as soon as it can."""
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)


def take_signals() -> None:
    """Take what has waited, and all that comes."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)
