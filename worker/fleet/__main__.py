"""The program of one worker or beat process: `python -m assay.worker.fleet worker …`, as `assay worker` starts it.

It begins with the signals, and then with the log, so that whatever happens while all else is loaded is a line of it.
"""

from __future__ import annotations

import sys

from assay.worker.config.end_signals import end_at_once_on_signals, take_signals
from assay.worker.config.math_threads import bound_math_threads


def main() -> None:
    """Run Celery's command that the arguments name."""
    end_at_once_on_signals()
    take_signals()
    bound_math_threads()
    from assay.judges.errors import ConfigurationError, EvaluationError
    from assay.worker.config.settings import load_settings
    from assay.worker.telemetry.logging_setup import (
        EXIT_CONFIGURATION,
        EXIT_FAILED,
        configure_logging,
        log_uncaught,
        start_failures_logged,
    )

    try:
        with start_failures_logged():
            configure_logging(load_settings())
            log_uncaught()
            from assay.worker.fleet.command import run_celery

            run_celery(sys.argv[1:])
    except EvaluationError as exc:  # a person reads, at a terminal or in a log for people
        sys.stderr.write(f"assay: {exc}\n")
        sys.exit(EXIT_CONFIGURATION if isinstance(exc, ConfigurationError) else EXIT_FAILED)


if __name__ == "__main__":
    main()
