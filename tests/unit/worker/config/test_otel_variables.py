"""OpenTelemetry's standard variables: what is refused before a process starts, and what is sent."""

from __future__ import annotations

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.otel_variables import OtelVariables, check_otel_variables


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:99999"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "soon"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_SDK_DISABLED", "perhaps"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        check_otel_variables()


@pytest.mark.parametrize(
    ("variables", "sent"),
    [
        ({}, ()),
        ({"endpoint": "http://c:4318"}, ("traces", "logs", "metrics")),
        ({"traces_endpoint": "http://c:4318/v1/traces"}, ("traces",)),
        ({"endpoint": "http://c:4318", "logs_exporter": "none"}, ("traces", "metrics")),
        ({"endpoint": "http://c:4318", "is_disabled": True}, ()),
    ],
)
def test_what_is_sent(variables: dict[str, object], sent: tuple[str, ...]) -> None:
    told = OtelVariables.model_validate(variables)
    assert tuple(signal for signal in ("traces", "logs", "metrics") if told.sends(signal)) == sent
    assert told.is_on == bool(sent)


def test_protocol_says_nothing_where_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    check_otel_variables()
