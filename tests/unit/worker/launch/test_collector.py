"""`assay up` and the collector: where it is asked for, and what is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.cli.up import _collector_line, _metrics_line
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.launch.fleet import collector_names, running_fleet
from assay.worker.launch.ports import metrics_ports


def test_it_is_started_where_assay_yaml_has_its_section(tmp_path: Path) -> None:
    file, root = tmp_path / "assay.yaml", ConfigRoot(path=tmp_path)
    file.write_text("use_cases: [{name: bot}]\n")
    assert collector_names(root) == []
    file.write_text("collector: {}\nuse_cases: [{name: bot}]\n")
    assert collector_names(root) == ["collector"]


def test_its_pages_come_after_all_others() -> None:
    settings = Settings(metrics_port=9464)
    assert metrics_ports(settings, ["assess1", "collector"])["collector"] == 9467
    assert _metrics_line(settings, 1, ["collector"]).endswith(":9467 collector; also /healthz, /readyz")


def test_it_is_told_where_spans_go() -> None:
    assert _collector_line(Settings()) == "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 (http/protobuf)"
    settings = Settings(collector_host="::1", collector_port=5, collector_token=SecretStr("secret"))
    assert _collector_line(settings) == "OTEL_EXPORTER_OTLP_ENDPOINT=http://[::1]:5 (http/protobuf, with the token)"


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("collector: {}\nuse_cases: [{name: bot}]\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = Settings(data_dir=tmp_path / "data", collector_port=server.getsockname()[1])
        fleet = running_fleet(settings, ConfigRoot(path=tmp_path), assess_workers=1)
        with pytest.raises(ConfigurationError, match="ASSAY_COLLECTOR_PORT"), fleet:
            pass
    assert not (tmp_path / "data").exists()
