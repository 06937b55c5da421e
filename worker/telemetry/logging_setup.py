"""Logging: structured, one line an event, never a secret and never the text of a trace.

Our own loggers speak at the level that ASSAY_LOG_LEVEL names. Those of all libraries speak from warning on, and at
debug from info on. Their own debug lines are never written. They hold requests,
and so the text of traces.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.models.web_address import shown_address
from assay.worker.config.settings import LogFormat, Settings, log_format_asked
from assay.worker.telemetry.exceptions import as_text, described
from assay.worker.telemetry.log_lines import LINES, write_raw_line

OWN = "assay"
"""The root of our own loggers' names."""

EXIT_CONFIGURATION, EXIT_FAILED = 2, 3
"""How a process ends that could not start: as the commands do."""


def configure_logging(settings: Settings) -> None:
    """Send our own and the libraries' log records, and Python's warnings, to stderr in one form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    foreign_level = logging.INFO if level == logging.DEBUG else max(level, logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.setFormatter(_formatter(settings.log_format))
    # The handler, not the loggers: a library may have given its logger a level of its own.
    handler.addFilter(lambda record: record.levelno >= foreign_level or _is_own(record.name))
    handler.addFilter(_without_login)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(foreign_level)
    logging.getLogger(OWN).setLevel(level)
    logging.captureWarnings(True)


def log_uncaught() -> None:
    """Log what ends the process or one of its threads, instead of printing a traceback."""

    def process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("python").critical("process.failed", exc_info=(kind, error, trace))

    def thread_ends(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            exc_info = (args.exc_type, args.exc_value, args.exc_traceback)
            logging.getLogger("python").error("thread.failed", exc_info=exc_info)

    def cannot_be_raised(args: sys.UnraisableHookArgs) -> None:
        exc_info = (args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value is not None else None
        logging.getLogger("python").error("exception.ignored", exc_info=exc_info)

    sys.excepthook = process_ends
    threading.excepthook = thread_ends
    sys.unraisablehook = cannot_be_raised


@contextmanager
def start_failures_logged() -> Iterator[None]:
    """Make an expected error one line of the log's form, and an exit code, also before logging is configured.

    Raises:
        SystemExit: 2 for a wrong configuration, 3 for anything else that is not there or does not answer.
        EvaluationError: the log, or the terminal, is for people, and the caller prints the error.
    """
    try:
        yield
    except EvaluationError as exc:
        if log_format_asked() == "console" or sys.stderr.isatty():
            raise
        write_raw_line("error", "process.not_started", **described(exc, is_private=True))
        sys.exit(EXIT_CONFIGURATION if isinstance(exc, ConfigurationError) else EXIT_FAILED)


def _formatter(log_format: LogFormat) -> logging.Formatter:
    is_json = log_format == "json"
    rendered = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
        processors=[
            _ExceptionInFields(as_fields=is_json),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            rendered,
        ],
    )


class _Handler(logging.Handler):
    """Writes to stderr, and makes one line of what Python prints in several where a record cannot be formatted."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. Whoever logs never hears of a log that takes no lines."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  # as the handlers of the standard library
            self.handleError(record)
        else:
            LINES.write(line)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the base class names it so
        """Name the logger and where it was called. The arguments do not fit, and may be private."""
        place = f"{record.pathname}:{record.lineno}"
        write_raw_line("error", "log.record_broken", logger=record.name, place=place)


class _ExceptionInFields:
    """Puts an exception into the line.

    Our own code handles traces, so the messages of exceptions that are not ours are withheld there.
    """

    def __init__(self, *, as_fields: bool) -> None:
        self._as_fields = as_fields

    def __call__(self, _logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        exc_info = event.pop("exc_info", None)
        error = sys.exc_info()[1] if exc_info is True else exc_info[1] if isinstance(exc_info, tuple) else exc_info
        if isinstance(error, BaseException):
            description = described(error, is_private=bool(event.get("_from_structlog")))
            event["exception"] = description if self._as_fields else as_text(description)
        return event


def _without_login(record: logging.LogRecord) -> bool:
    """Take login and query out of an address that a library for HTTP tells: `POST https://key:…@host/v1?token=…`."""
    if record.name.startswith("http") and isinstance(record.args, tuple):
        record.args = tuple(
            shown_address(str(arg)) if str(arg).startswith(("http://", "https://")) else arg for arg in record.args
        )
    return True


def _is_own(logger_name: str) -> bool:
    return logger_name == OWN or logger_name.startswith(f"{OWN}.")


_SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
"""What is done to our own records and to those of libraries alike."""
