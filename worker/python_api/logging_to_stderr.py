"""Where log lines of Assay go in a program that has not set up structlog: to stderr. Stdout is the program's."""

from __future__ import annotations

import sys

import structlog


def log_to_stderr() -> None:
    """Send our log lines to stderr, unless the program has said where lines go. Its own loggers stay on stdout."""
    if not structlog.is_configured():
        structlog.configure(logger_factory=_logger)


def _logger(*names: object) -> structlog.PrintLogger:
    is_ours = bool(names) and str(names[0]).startswith("assay.")
    return structlog.PrintLogger(sys.stderr if is_ours else sys.stdout)
