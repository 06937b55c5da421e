"""`assay alerts dashboards`: it needs neither a fleet nor a broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app


def dashboards(home: Path, *options: str) -> Result:
    words = ["alerts", "dashboards", "--config", str(home), "--out", str(home / "grafana"), *options]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_files_are_written_with_the_stores_address_and_held_equal(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot, owner: payments}]\n")
    store = ("--traces", "https://traces.example.org/project/1/traces")
    told = dashboards(tmp_path, *store).stdout
    assert told.count("wrote ") == 6
    file = tmp_path / "grafana/dashboards/assay-quality.json"
    assert file.stat().st_mode & 0o044, "Grafana's own user reads it"
    variables = {each["name"]: each for each in json.loads(file.read_text())["templating"]["list"]}
    assert variables["trace_store"]["query"] == store[1]
    assert variables["owner"]["query"] == "everybody : .*,payments : bot"
    assert dashboards(tmp_path, *store, "--check").stdout == ""
    with pytest.raises(ConfigurationError, match=r"is not what assay\.yaml makes; run assay alerts dashboards"):
        dashboards(tmp_path, "--check")


def test_thresholds_come_from_the_deployment(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\nalerts: {thresholds: {spike_share: 0.33}}\n")
    dashboards(tmp_path)
    assert '"value": 0.33' in (tmp_path / "grafana/dashboards/assay-quality.json").read_text()
