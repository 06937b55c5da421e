"""OpenTelemetry in a process of the fleet: begun before its work, closed when Python ends."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import structlog

from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import Settings, read_variables
from assay.worker.extras import needs_extra
from assay.worker.fleet.pages import Role, gathered, make_pages
from assay.worker.wiring.watch import watch_assessments

if TYPE_CHECKING:
    from assay.worker.telemetry.otel.start import Telemetry

log = structlog.get_logger(__name__)

_TALKATIVE = tuple(
    f"opentelemetry.exporter.otlp.proto.{name}"
    for name in (
        "http.trace_exporter",
        "http._log_exporter",
        "http.metric_exporter",
        "http._common",
        "common._exporter",
    )
)
"""Loggers of the exporters, which write a line for each try that nobody answers."""

QUIET_S = 60.0
"""For so long a logger that has spoken of an endpoint that is away says it no more."""

_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "gcp.gemini"}
"""What the conventions call those who speak a protocol. An OpenAI-compatible server counts as one."""


class OncePerMinute(logging.Filter):
    """Lets a line of a logger through once in `QUIET_S`."""

    def __init__(self) -> None:
        super().__init__()
        self._next_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + QUIET_S
        return True


_telemetry: list[Telemetry] = []


def end_opentelemetry() -> None:
    """Send what waits, for a few seconds."""
    while _telemetry:
        _telemetry.pop().close()


def begin_opentelemetry(role: Role, settings: Settings, files: JudgeFiles) -> None:
    """Send spans, results and metrics from now on, if the standard variables name an endpoint.

    Args:
        role: of this process.
        settings: in which forms results go.
        files: what is known of judge endpoints.

    Raises:
        ConfigurationError: a variable cannot be used, or the extra `otel` is not installed.
    """
    variables = read_variables(OtelVariables)
    if not variables.is_on:
        return
    needs_extra("otel", what="environment: OTEL_EXPORTER_OTLP_ENDPOINT", otherwise="or unset it")
    from assay.worker.telemetry.otel.start import start_telemetry

    if variables.sends("metrics"):
        make_pages(role)

    def provider_of(endpoint: str) -> str:
        known = files.endpoints.get(endpoint)
        protocol = known.section.protocol if known is not None else None
        return _PROVIDERS.get(protocol or "openai", protocol or "openai")

    telemetry = start_telemetry(
        variables,
        role=role,
        evaluations=settings.otel_evaluations,
        provider_of=provider_of,
        gather=gathered,
    )
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(OncePerMinute())
    watch_assessments(telemetry.watch)
    _telemetry.append(telemetry)
    log.info(
        "otel.sends", traces=variables.sends("traces"), logs=variables.sends("logs"), metrics=variables.sends("metrics")
    )
