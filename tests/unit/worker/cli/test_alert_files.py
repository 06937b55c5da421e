"""`assay alerts ls` and `assay alerts render`: neither needs a fleet, nor a broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app

CONFIG = "use_cases: [{name: bot, owner: payments}]\nalerts: {thresholds: {spike_share: 0.3}}\n"
FILES = ("prometheus/assay-alerts.yml", "prometheus/assay-alerts.test.yml", "prometheus/prometheus.yml")

Invoke = Callable[..., Result]


@pytest.fixture
def alerts(tmp_path: Path) -> Invoke:
    """Runs `assay alerts` on a deployment."""
    (tmp_path / "assay.yaml").write_text(CONFIG)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, ["alerts", *words, "--config", str(tmp_path)], catch_exceptions=False)

    return invoke


def render_options(folder: Path) -> tuple[str, str]:
    return "--out", str(folder / "prometheus")


def test_the_list_tells_condition_partner_and_owner(alerts: Invoke) -> None:
    rules = {rule["name"]: rule for rule in json.loads(alerts("ls", "--json").stdout)["rules"]}
    spike = rules["LLMHallucinationSpike"]
    assert "> 0.3\nand" in spike["expression"]
    assert (spike["severity"], spike["owner"], spike["partner"]) == ("page", "payments", "AssayHallucinationAlarmOff")
    assert rules["AssayBeatDead"]["owner"] is None
    assert rules["AssayControlNotScraped"]["partner"] is None


def test_the_table_names_every_rule(alerts: Invoke) -> None:
    told = alerts("ls").stdout
    for rule in json.loads(alerts("ls", "--json").stdout)["rules"]:
        assert rule["name"] in told


def test_files_are_written_for_others_to_read_and_held_equal(alerts: Invoke, tmp_path: Path) -> None:
    options = render_options(tmp_path)
    assert alerts("render", *options).exit_code == 0
    for name in (*FILES, "alertmanager/alertmanager.yml"):
        assert (tmp_path / name).stat().st_mode & 0o044, f"{name} is read by Prometheus' own user"
    assert alerts("render", *options, "--check").stdout == ""
    (tmp_path / FILES[0]).write_text("groups: []\n")
    with pytest.raises(ConfigurationError, match=r"assay-alerts\.yml: is not what assay\.yaml makes"):
        alerts("render", *options, "--check")


def test_files_that_are_not_there_are_named(alerts: Invoke, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"assay-alerts\.yml: cannot be read"):
        alerts("render", *render_options(tmp_path), "--check")


def test_a_folder_that_cannot_be_had_is_named(alerts: Invoke, tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        alerts("render", *render_options(tmp_path))
