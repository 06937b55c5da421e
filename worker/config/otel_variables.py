"""What the environment says of OpenTelemetry: its own standard variables, which its SDK reads too.

Nothing is sent unless an endpoint is named. The SDK itself takes headers, time-outs, certificates, the resource and
sampling from the other standard variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from assay.worker.config.settings import read_variables

Signal = Literal["traces", "logs", "metrics"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)

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
    traces_protocol: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
    logs_protocol: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_LOGS_PROTOCOL")
    metrics_protocol: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_METRICS_PROTOCOL")
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

    @model_validator(mode="after")
    def _is_spoken(self) -> Self:
        """A protocol that other programs of a company speak says nothing where nothing is sent."""
        if not self.is_on:
            return self
        for variable, protocol in self._protocols():
            if protocol not in {None, "http/protobuf"}:
                raise ValueError(
                    f"{variable}: only http/protobuf is spoken (port 4318 of a collector); remove it, or set it to that"
                )
        return self

    def _protocols(self) -> Iterator[tuple[str, str | None]]:
        yield "OTEL_EXPORTER_OTLP_PROTOCOL", self.protocol
        for signal in SIGNALS:
            if self.sends(signal):
                own: str | None = getattr(self, f"{signal}_protocol")
                yield f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", own

    def sends(self, signal: Signal) -> bool:
        """Whether a kind of signal is sent."""
        exporter = getattr(self, f"{signal}_exporter")
        named = self.endpoint or getattr(self, f"{signal}_endpoint")
        return named is not None and not self.is_disabled and exporter in {None, "otlp"}

    @property
    def is_on(self) -> bool:
        """Whether anything is sent."""
        return any(self.sends(signal) for signal in SIGNALS)

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
