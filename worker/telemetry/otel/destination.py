"""Where events of results go, by the standard variables, as the SDK reads them for spans and metrics.

A variable of the signal's own counts before the one for all signals. Empty is unset.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from opentelemetry.util.re import parse_env_headers
from pydantic import BaseModel, Field, SecretStr

from assay.worker.config.settings import read_variables

FOR_ALL, FOR_LOGS = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_LOGS_"
LOGS_PATH = "/v1/logs"
"""Behind an endpoint that is for all signals, e.g. `http://collector:4318`."""
TIMEOUT_S = 10.0

log = structlog.get_logger(__name__)


class Compression(StrEnum):
    """How a request is packed."""

    NONE = "none"
    GZIP = "gzip"
    DEFLATE = "deflate"


@dataclass(frozen=True)
class Destination:
    """A receiver of one signal.

    Attributes:
        url: the whole address. It may hold a login.
        headers: sent with each request. They hold keys.
        timeout_s: of one request, all tries together.
        compression: how requests are packed.
        certificate: file with the authorities that the receiver is checked by. None: those of the system.
        client_certificate: file by which the receiver knows us, and the one with its key.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = TIMEOUT_S
    compression: Compression = Compression.NONE
    certificate: str | None = None
    client_certificate: str | tuple[str, str] | None = None


class _Variables(BaseModel):
    """What stands behind `OTEL_EXPORTER_OTLP_`, for one signal or for all."""

    endpoint: SecretStr | None = Field(None, validation_alias="ENDPOINT")
    headers: SecretStr | None = Field(None, validation_alias="HEADERS")
    timeout: str | None = Field(None, validation_alias="TIMEOUT")
    compression: str | None = Field(None, validation_alias="COMPRESSION")
    certificate: str | None = Field(None, validation_alias="CERTIFICATE")
    client_key: str | None = Field(None, validation_alias="CLIENT_KEY")
    client_certificate: str | None = Field(None, validation_alias="CLIENT_CERTIFICATE")


def logs_destination() -> Destination | None:
    """Where events go; None where no endpoint is named."""
    for_all, own = read_variables(_Variables, FOR_ALL), read_variables(_Variables, FOR_LOGS)
    told = for_all.model_copy(update={key: value for key, value in own if value is not None})
    if told.endpoint is None:
        return None
    url = told.endpoint.get_secret_value()
    key, certificate = told.client_key, told.client_certificate
    return Destination(
        url if own.endpoint is not None else url.removesuffix("/") + LOGS_PATH,
        headers=dict(parse_env_headers(told.headers.get_secret_value() if told.headers else "", liberal=True)),
        timeout_s=_timeout_s(told.timeout),
        compression=_compression(told.compression),
        certificate=told.certificate,
        client_certificate=(certificate, key) if certificate and key else certificate,
    )


def _timeout_s(written: str | None) -> float:
    """Seconds, as the SDK for Python counts them. What is no number is ignored, as the specification asks."""
    try:
        seconds = float(written) if written is not None else TIMEOUT_S
    except ValueError:
        seconds = math.nan
    if seconds > 0 and math.isfinite(seconds):
        return seconds
    log.warning("otel.variable_ignored", variable=f"{FOR_ALL}TIMEOUT", remedy=f"write seconds, as {TIMEOUT_S:g}")
    return TIMEOUT_S


def _compression(written: str | None) -> Compression:
    """How it is packed. An unknown word is ignored, as the specification asks."""
    try:
        return Compression((written or Compression.NONE).strip().lower())
    except ValueError:
        remedy = f"write one of {', '.join(Compression)}"
        log.warning("otel.variable_ignored", variable=f"{FOR_ALL}COMPRESSION", remedy=remedy)
        return Compression.NONE
