"""What the standard variables come to for events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import read_variables
from assay.worker.telemetry.otel.destination import Compression, Destination, logs_destination
from assay.worker.telemetry.otel.pipeline import otlp_pipeline

ALL, LOGS = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_LOGS_"
BASE = {f"{ALL}ENDPOINT": "http://collector:4318/"}
URL = "http://collector:4318/v1/logs"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({f"{LOGS}ENDPOINT": "http://logs/otlp/"}, {"url": "http://logs/otlp/"}),
        ({f"{ALL}HEADERS": "X-Key=a%20b, y=2"}, {"headers": {"x-key": "a b", "y": "2"}}),
        ({f"{ALL}HEADERS": "k=all", f"{LOGS}HEADERS": "k=logs"}, {"headers": {"k": "logs"}}),
        ({f"{ALL}HEADERS": "k=all", f"{LOGS}HEADERS": ""}, {"headers": {"k": "all"}}),
        ({f"{ALL}TIMEOUT": "3", f"{ALL}COMPRESSION": "GZIP"}, {"timeout_s": 3, "compression": Compression.GZIP}),
        ({f"{ALL}TIMEOUT": "soon", f"{ALL}COMPRESSION": "zstd"}, {}),
        ({f"{LOGS}TIMEOUT": "-1"}, {}),
        ({f"{ALL}CERTIFICATE": "ca.pem", f"{ALL}CLIENT_CERTIFICATE": "c"}, {"certificate": "ca.pem", "client": "c"}),
        ({f"{ALL}CLIENT_CERTIFICATE": "c", f"{LOGS}CLIENT_KEY": "k"}, {"client": ("c", "k")}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_own_variable_counts_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], expected: Mapping[str, Any]
) -> None:
    for name, value in (BASE | dict(variables)).items():
        monkeypatch.setenv(name, value)
    fields = {"client_certificate" if name == "client" else name: value for name, value in expected.items()}
    assert logs_destination() == Destination(**({"url": URL} | fields))


def test_nothing_of_a_key_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ALL}ENDPOINT", "http://user:secret@collector:4318")
    monkeypatch.setenv(f"{ALL}HEADERS", "k=secret")
    assert "secret" not in repr(logs_destination())


def test_provider_of_credentials_is_asked_by_the_sdks_own_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ALL}LOGS_ENDPOINT", "http://collector:4318")
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "nobody's")
    with pytest.raises(RuntimeError, match="nobody's"):
        otlp_pipeline(read_variables(OtelVariables), role="assess")
