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


OWN = "global: {scrape_interval: 5s}\n"


def test_what_an_operator_wrote_is_left_alone(alerts: Invoke, tmp_path: Path) -> None:
    """Their prometheus.yml from before us, and ours once they changed its targets."""
    options, path = render_options(tmp_path), tmp_path / FILES[2]
    path.parent.mkdir()
    path.write_text(OWN)
    assert f"left {path} as it is" in alerts("render", *options).stdout.replace("\n", "")
    assert path.read_text() == OWN
    assert alerts("render", *options, "--check").stdout == ""
    assert f"wrote {path}" in alerts("render", *options, "--force").stdout.replace("\n", "")
    assert path.read_text() != OWN


@pytest.mark.parametrize("name", [FILES[0], "alertmanager/alertmanager.yml"])
def test_a_file_of_somebody_else_is_not_written_over(alerts: Invoke, tmp_path: Path, name: str) -> None:
    options, path = render_options(tmp_path), tmp_path / name
    path.parent.mkdir()
    path.write_text("route: {receiver: ours}\n")
    with pytest.raises(ConfigurationError, match=r"was not written by assay alerts render; .*--force"):
        alerts("render", *options)
    assert not (tmp_path / FILES[1]).exists(), "nothing is written before all is known to be ours"
    alerts("render", *options, "--force")
    assert alerts("render", *options, "--check").exit_code == 0


def test_tests_of_rules_may_be_left_out(alerts: Invoke, tmp_path: Path) -> None:
    alerts("render", *render_options(tmp_path), "--without-tests")
    assert not (tmp_path / FILES[1]).exists()
    assert alerts("render", *render_options(tmp_path), "--without-tests", "--check").exit_code == 0
    with pytest.raises(ConfigurationError, match="test"):
        alerts("render", *render_options(tmp_path), "--check")
