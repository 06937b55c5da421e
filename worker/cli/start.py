"""From the first line of a command to its exit code: signals, interruptions, imports that fail, and bugs.

This file imports next to nothing, so that a signal that comes while all else is imported already finds its exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from assay.worker.cli import EXIT_BACKEND, EXIT_CONFIGURATION, EXIT_INTERRUPTED
from assay.worker.cli.interruptions import decides, tell_interruption
from assay.worker.cli.streams import print_error
from assay.worker.config.end_signals import end_at_once_on_signals

_ENDS = (signal.SIGTERM, signal.SIGHUP)

_PROCESSES = ("worker", "beat", "collector")
"""Commands that become a process of the fleet."""


def run() -> None:
    """Run the command. Whatever happens becomes an exit code, and an expected error one line on stderr.

    A pipeline acts on the code of `assay gate` and `assay golden run`. Without a verdict it is 2 or 3, whether a bug
    ended them, Ctrl-C, the SIGTERM of a cancelled pipeline, or something that cannot be imported.
    """
    is_decision = decides(sys.argv[1:])
    if is_decision:
        _on_signals(_leave, _leave)
    if sys.argv[1:2] and sys.argv[1] in _PROCESSES:
        end_at_once_on_signals()
    try:
        from assay.worker.cli.commands import COMMANDS, run_command
        from assay.worker.cli.golden.group import GOLDEN_COMMANDS

        if is_decision:
            (COMMANDS["gate"] if sys.argv[1] == "gate" else GOLDEN_COMMANDS["run"]).load()
            _on_signals(signal.default_int_handler, _as_interrupt)
        run_command()
    except KeyboardInterrupt:
        tell_interruption(sys.argv[1:])
        sys.exit(EXIT_BACKEND if is_decision else EXIT_INTERRUPTED)
    except SystemExit as exc:
        if exc.code == EXIT_INTERRUPTED:
            # Typer's, where Ctrl-C came before or after what a command does about it.
            tell_interruption(sys.argv[1:])
            sys.exit(EXIT_BACKEND if is_decision else EXIT_INTERRUPTED)
        if isinstance(exc.__context__, BrokenPipeError):
            # Rich's, where the reader of a help has left: it has what it wanted.
            sys.exit(EXIT_BACKEND if is_decision and "--help" not in sys.argv else 0)
        sys.exit(_import_failure(exc) or exc.code)
    except Exception as exc:  # noqa: BLE001  # a bug of ours must not look like exit 1, "the gate says regressed"
        sys.exit(_import_failure(exc) or _bug())


def _on_signals(interrupt: signal._HANDLER, end: signal._HANDLER) -> None:
    """Set handlers for Ctrl-C and for what ends a pipeline. A signal that the caller ignores (nohup) stays ignored."""
    for signum, handler in ((signal.SIGINT, interrupt), *((signum, end) for signum in _ENDS)):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, handler)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing has begun, and an exception may be swallowed by whatever is being imported."""
    tell_interruption(sys.argv[1:])
    os._exit(EXIT_BACKEND)


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C would do here: a running loop ends its tasks first."""
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, frame)


def _import_failure(exc: BaseException) -> int | None:
    """Say in a line what could not be imported, and return the exit code. None where an import did not fail."""
    from assay.worker.cli.broken_imports import explain_import_failure

    explanation = explain_import_failure(exc)
    if explanation is None:
        return None
    print_error(f"assay: {explanation}")
    return EXIT_CONFIGURATION


def _bug() -> int:
    import traceback

    print_error(traceback.format_exc())
    print_error("assay: this is a bug in assay, not in your files; please report it with the lines above")
    return EXIT_BACKEND
