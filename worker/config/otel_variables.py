"""What the environment says of OpenTelemetry: its own standard variables, which its SDK reads too.

Nothing is sent unless an endpoint is named. The SDK itself takes headers, time-outs, certificates, the resource and
sampling from the other standard variables.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from assay.worker.config.settings import read_variables

Signal = Literal["traces", "logs", "metrics"]

NEW_NAMES_BESIDE_OLD = "gen_ai/dup"
"""In OTEL_SEMCONV_STABILITY_OPT_IN: the names of before 1.37 are written beside the present ones."""


def check_otel_variables() -> None:
    """Refuse standard variables that cannot be used, before any process is started.

    Raises:
        ConfigurationError: names the variable and the remedy.
    """
    read_variables(OtelVariables)


class OtelVariables(BaseModel):
    """The standard variables that decide whether anything is sent, and in which names."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    endpoint: SecretStr | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    traces_endpoint: SecretStr | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    logs_endpoint: SecretStr | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_LOGS_ENDPOINT")
    metrics_endpoint: SecretStr | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
    traces_exporter: str | None = Field(None, validation_alias="OTEL_TRACES_EXPORTER")
    logs_exporter: str | None = Field(None, validation_alias="OTEL_LOGS_EXPORTER")
    metrics_exporter: str | None = Field(None, validation_alias="OTEL_METRICS_EXPORTER")
    protocol: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_PROTOCOL")
    is_disabled: bool | None = Field(None, validation_alias="OTEL_SDK_DISABLED")
    metric_interval_ms: float | None = Field(None, gt=0, validation_alias="OTEL_METRIC_EXPORT_INTERVAL")
    stability: str | None = Field(None, validation_alias="OTEL_SEMCONV_STABILITY_OPT_IN")
    capture: bool | None = Field(None, validation_alias="OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")

    @field_validator("endpoint", "traces_endpoint", "logs_endpoint", "metrics_endpoint")
    @classmethod
    def _is_web_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_address(url.get_secret_value()):
            raise ValueError("must be a web address, as http://collector:4318")
        return url

    @field_validator("protocol")
    @classmethod
    def _is_spoken(cls, protocol: str | None) -> str | None:
        if protocol not in {None, "http/protobuf"}:
            raise ValueError("only http/protobuf is spoken (port 4318 of a collector); remove it, or set it to that")
        return protocol

    def sends(self, signal: Signal) -> bool:
        """Whether a kind of signal is sent."""
        exporter = getattr(self, f"{signal}_exporter")
        named = self.endpoint or getattr(self, f"{signal}_endpoint")
        return named is not None and not self.is_disabled and exporter in {None, "otlp"}

    @property
    def is_on(self) -> bool:
        """Whether anything is sent."""
        return any(self.sends(signal) for signal in ("traces", "logs", "metrics"))

    @property
    def has_old_names(self) -> bool:
        """Whether names of the older dialect are written too."""
        return NEW_NAMES_BESIDE_OLD in (self.stability or "").split(",")


def _is_address(url: str) -> bool:
    """Whether a scheme, a host and a port that can be one stand there, e.g. in `http://collector:4318`."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or too large
        return False
