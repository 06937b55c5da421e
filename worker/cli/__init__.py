"""The `assay` command. Commands only parse, call and print. What they do lives in the packages below.

This file imports nothing, so that whatever cannot be imported becomes an exit code, and never a 1.
"""

from __future__ import annotations

EXIT_CONFIGURATION = 2
EXIT_BACKEND = 3
"""Inconclusive, interrupted, a backend failed, or a bug: nothing was decided."""

EXIT_INTERRUPTED = 130
"""Of every command but those that decide: what a shell makes of Ctrl-C."""

EXIT_PIPE = 141
"""What a shell makes of a program that writes on after its reader has left."""


def main() -> None:
    """Run the command of this process's arguments. See `assay.worker.cli.start`, which needs more to be imported."""
    try:
        from assay.worker.cli.start import run
        from assay.worker.config.math_threads import bound_math_threads

        bound_math_threads()
    except Exception as exc:  # noqa: BLE001  # a traceback ends in exit 1, "the gate says regressed"
        import sys

        from assay.worker.cli.broken_imports import explain_import_failure

        sys.stderr.write(f"assay: {explain_import_failure(exc)}\n")
        sys.exit(EXIT_CONFIGURATION)
    run()
