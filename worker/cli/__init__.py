"""The `assay` command. Commands only parse, call and print; what they do lives in the packages below.

This file imports next to nothing, so that a signal that comes while all else is imported already finds its exit code.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from assay.worker.cli.streams import print_error

EXIT_CONFIGURATION = 2
EXIT_BACKEND = 3
"""Inconclusive, interrupted, a backend failed, or a bug: nothing was decided."""

EXIT_INTERRUPTED = 130
"""Of every command but those that decide: what a shell makes of Ctrl-C."""

_INTERRUPTED = "assay: interrupted; nothing is decided"
_ENDS = (signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the command; whatever happens becomes an exit code, and an expected error one line on stderr.

    A pipeline acts on the code of `assay gate` and `assay golden run`: however they end without a verdict, by a bug, by
    Ctrl-C or by the SIGTERM of a cancelled pipeline, it is 2 or 3.
    """
    decides = sys.argv[1:2] == ["gate"] or sys.argv[1:3] == ["golden", "run"]
    if decides:
        _on_signals(_leave, _leave)
    try:
        # Everything: seconds on a busy machine, and none of it is garbage to look for meanwhile.
        gc.disable()
        from assay.worker.cli.commands import run_command

        gc.enable()
        if decides:
            _on_signals(signal.default_int_handler, _as_interrupt)
        run_command()
    except KeyboardInterrupt:
        _end_interrupted(decides)
    except SystemExit as exc:
        # Typer's, where Ctrl-C came before or after what a command does about it.
        if exc.code == EXIT_INTERRUPTED:
            _end_interrupted(decides)
        raise
    except Exception:  # noqa: BLE001  # a bug of ours must not look like exit 1, "the gate says regressed"
        sys.exit(_bug())


def _on_signals(interrupt: signal._HANDLER, end: signal._HANDLER) -> None:
    """Handlers for Ctrl-C and for what ends a pipeline; what the caller has us ignore (nohup) stays ignored."""
    for signum, handler in ((signal.SIGINT, interrupt), *((signum, end) for signum in _ENDS)):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, handler)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing has begun, and an exception may be swallowed by whatever is being imported."""
    print_error(_INTERRUPTED)
    os._exit(EXIT_BACKEND)


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C would do here: a running loop ends its tasks first."""
    found = signal.getsignal(signal.SIGINT)
    (found if callable(found) else signal.default_int_handler)(signal.SIGINT, frame)


def _end_interrupted(decides: bool) -> NoReturn:
    if decides:
        print_error(_INTERRUPTED)
    sys.exit(EXIT_BACKEND if decides else EXIT_INTERRUPTED)


def _bug() -> int:
    import traceback

    print_error(traceback.format_exc())
    print_error("assay: this is a bug in assay, not in your files; please report it with the lines above")
    return EXIT_BACKEND
