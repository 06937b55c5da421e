"""Ports of the processes of one machine."""

from __future__ import annotations

import socket

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.cli.up import _metrics_line
from assay.worker.config.settings import Settings
from assay.worker.launch.fleet import assess_names
from assay.worker.launch.ports import metrics_ports, taken


def test_ports_stand_next_to_one_another() -> None:
    settings = Settings(metrics_port=9464)
    assert metrics_ports(settings, assess_names(2)) == {"control": 9464, "beat": 9465, "assess1": 9466, "assess2": 9467}
    assert _metrics_line(settings, 2) == (
        "http://127.0.0.1:9464/metrics control · :9465 beat · :9466 assess1 · :9467 assess2; also /healthz, /readyz"
    )
    assert metrics_ports(Settings(), assess_names(2)) == {}


def test_ports_beyond_the_last_are_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"ASSAY_METRICS_PORT: 4 processes .* set it to 65532 at most"):
        metrics_ports(Settings(metrics_port=65_533), assess_names(2))


def test_port_that_somebody_has_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert taken("127.0.0.1", {"control": port}) == {"control": port}
    assert taken("127.0.0.1", {"control": port}) == {}
    assert taken("no such host.invalid", {"beat": port}) == {"beat": port}
