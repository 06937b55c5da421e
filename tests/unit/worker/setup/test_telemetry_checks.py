"""The line of `assay doctor` about the fleet's own telemetry."""

from __future__ import annotations

import asyncio
import socket

import pytest

from assay.worker.ports.health import Check
from assay.worker.setup.telemetry_checks import telemetry_check

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def checked() -> Check:
    return asyncio.run(telemetry_check())


def test_nothing_is_sent_where_no_endpoint_is_set() -> None:
    assert checked().status == "ok"
    assert ENDPOINT in checked().message


def test_the_address_is_shown_without_its_login_and_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv(ENDPOINT, f"http://user:secret@127.0.0.1:{listening.getsockname()[1]}")
        check = checked()
    assert check.status == "ok"
    assert check.message.startswith("traces, logs and metrics go to http://127.0.0.1")
    assert "secret" not in check.message


def test_an_endpoint_that_is_away_is_a_warning_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    check = checked()
    assert (check.status, bool(check.remedy)) == ("warn", True)
    assert check.message.startswith("traces go to")


def test_a_protocol_that_is_not_spoken_is_a_persons_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert (checked().status, checked().is_configuration) == ("fail", True)


def test_a_switched_off_sdk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert "OTEL_SDK_DISABLED" in checked().message
