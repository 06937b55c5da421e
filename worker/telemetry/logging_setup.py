"""Logging: structured, with trace ids, never a secret and never the text of a trace."""

from __future__ import annotations

import logging
import sys

import structlog

from assay.worker.config.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send our own and the libraries' log records to stderr in one form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=rendered))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Celery logs each message it receives and acknowledges: at our rates that is noise, and it holds arguments.
    for name in ("celery.worker.strategy", "celery.app.trace", "httpx", "aiosqlite"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
