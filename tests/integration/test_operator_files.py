"""What an operator takes as it is: .env.example, compose, systemd units, the mounted configuration, the CI install."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from assay.worker.config.deployment import parse_deployment
from assay.worker.config.settings import Settings, child_environment
from assay.worker.stores.registry import factories, sink_factories
from tests.compose_file import COMPOSE, OURS, in_force, names_of
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
MARKING = [name for name, service in OURS.items() if service["healthcheck"]["test"][0] == "CMD-SHELL"]
"""Services whose health check looks at the file that they touch. The others are asked by HTTP."""
EXAMPLES = {"ASSAY_ENDPOINT_IN_HOUSE_URL", "ASSAY_ENDPOINT_IN_HOUSE_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"}


def example_variables() -> dict[str, str]:
    """The assignments of .env.example, which are all commented out: `# ASSAY_LOG_LEVEL=info`."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    assignments = [match for line in lines if (match := re.fullmatch(r"# ([A-Z][A-Z0-9_]+)=(.*)", line))]
    return {match[1]: match[2] for match in assignments}


def settings_variables() -> dict[str, str]:
    """Every setting's variable with its default as the environment would have it."""
    return {
        str(field.validation_alias or f"ASSAY_{name.upper()}"): "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }


def test_env_example_has_every_variable_with_its_default() -> None:
    expected = settings_variables()
    stores = {str(key) for factory in factories().values() for key in factory.keys}
    given = example_variables()
    standard = {"LANGFUSE_BASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    assert given.keys() >= expected.keys() | stores | standard
    of_compose = names_of(COMPOSE) | {"COMPOSE_PROFILES"}
    assert given.keys() >= of_compose
    assert given.keys() - expected.keys() - variables_of_stores() - standard - of_compose == EXAMPLES
    assert {name: given[name] for name in expected} == expected


def test_env_example_has_the_defaults_of_compose() -> None:
    """Who takes the comment sign away starts what was started before."""
    own = names_of(COMPOSE) - settings_variables().keys()
    given = {name: value for name, value in example_variables().items() if value and name in own}
    assert len(given) > 10
    assert in_force(COMPOSE, given) == in_force(COMPOSE, {})


def variables_of_stores() -> set[str]:
    """Every variable that a store or a sink reads."""
    fields = [field for factory in sink_factories().values() for field in factory.variables.model_fields.values()]
    aliases = [field.validation_alias for field in fields]
    return {str(name) for alias in aliases for name in (alias.choices if isinstance(alias, AliasChoices) else [alias])}


def test_env_example_with_all_its_defaults_is_the_default() -> None:
    """Somebody who takes every comment sign away gets what stands there, and no error."""
    fields: dict[str, Any] = {name: example_variables()[variable] for name, variable in _fields().items()}
    settings = Settings(**fields)
    assert settings.model_dump() == Settings().model_dump()


def _fields() -> dict[str, str]:
    fields = Settings.model_fields.items()
    return {name: str(field.validation_alias or f"ASSAY_{name.upper()}") for name, field in fields}


def test_secrets_of_dot_env_reach_neither_git_nor_the_image(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, is_ignored in ((".env", True), (".env.production", True), (".env.example", False)):
        (tmp_path / name).write_text("")
        done = subprocess.run(["git", "-C", str(tmp_path), "check-ignore", "-q", name], check=False)
        assert (done.returncode == 0) == is_ignored, name
    assert {".env", ".env.*"} <= set((ROOT / ".dockerignore").read_text().splitlines())


@pytest.mark.parametrize("name", OURS)
def test_container_has_the_keys_the_configuration_and_nothing_else_of_the_host(name: str) -> None:
    service = OURS[name]
    assert service["env_file"] == [{"path": ".env", "required": False}]
    assert service["volumes"] == ["${CONFIG_FOLDER:-./deploy/config}:/config:ro", "data:/data"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize(("age_s", "is_healthy"), [(0, True), (50, True), (70, False), (None, False)])
@pytest.mark.parametrize("name", MARKING)
def test_health_check_sees_a_process_that_stopped_marking(
    name: str, age_s: int | None, is_healthy: bool, tmp_path: Path
) -> None:
    kind, command = OURS[name]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    mark = tmp_path / "mark"
    if age_s is not None:
        mark.touch()
        subprocess.run(["touch", "-d", f"@{int(time.time()) - age_s}", str(mark)], check=True)
    marked_at = OURS[name]["environment"]["ASSAY_ALIVE_FILE"]
    script = command.replace("$$", "$").replace(marked_at, str(mark))
    assert str(mark) in script
    assert (subprocess.run(["sh", "-c", script], check=False, capture_output=True).returncode == 0) == is_healthy


def test_mounted_configuration_is_valid_and_keeps_the_embedded_store() -> None:
    deployment = parse_deployment(ROOT / "deploy" / "config" / "assay.yaml")
    assert [case.name for case in deployment.use_cases] == ["everything"]


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


REFUSED = {
    "assay-collector": ({"ASSAY_COLLECTOR_PORT": "none"}, "ASSAY_COLLECTOR_PORT"),
    "assay-serve": ({"ASSAY_SERVE_HOST": "0.0.0.0"}, "ASSAY_SERVE_TOKEN"),
}
"""What these refuse to begin with, and the word that says so. The others miss the broker."""


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_unit_runs_a_command_that_exists(path: Path) -> None:
    service = unit(path)["Service"]
    program, *arguments = service["ExecStart"].replace("%i", "1").split()
    assert program == "/opt/assay/bin/assay"
    env, word = REFUSED.get(path.stem, ({}, "ASSAY_REDIS_URL"))
    command = [sys.executable, "-m", "assay.worker.cli", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, cwd=path.parent, timeout=PATIENCE_S
    )
    assert word in done.stderr, "it takes the options, and then misses what it needs"
    assert done.returncode == int(service["RestartPreventExitStatus"])


def test_systemd_units_of_one_machine_differ_only_where_they_must() -> None:
    """All are locked up alike, and no two have one port for their pages."""
    units = {path.stem: unit(path)["Service"] for path in UNITS}
    own = {"execstart", "killmode", "timeoutstopsec", "environment"}
    alike = [{key: value for key, value in each.items() if key.lower() not in own} for each in units.values()]
    assert all(each == alike[0] for each in alike)
    ports = [re.findall(r"^# Environment=ASSAY_METRICS_PORT=(.+)$", path.read_text(), re.MULTILINE) for path in UNITS]
    assert len({port for (port,) in ports}) == len(UNITS)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_unit_lets_a_worker_finish_its_batch(path: Path) -> None:
    grace_s = int(unit(path)["Service"]["TimeoutStopSec"])
    holds_batches = "assess" in path.name or "control" in path.name
    assert grace_s > (Settings().batch_deadline_s if holds_batches else 10)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_knows_every_key(path: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if path.stem in line and "is not executable" not in line]
    assert complaints == []


def test_pipelines_install_what_make_dist_leaves() -> None:
    """Assay is on no index: an unpinned name would install somebody else's package, or another judge."""
    dist = (ROOT / "Makefile").read_text()
    assert re.search(r"^\tcp requirements\.lock .*dist/$", dist, re.MULTILINE)
    for path in (ROOT / "deploy").glob("git*/*.yml"):
        installs = re.findall(r"pip install (.+)", path.read_text())
        assert installs == [
            "--require-hashes -r vendor/assay/requirements.lock",
            "--no-deps vendor/assay/assay_fleet-*.whl",
        ], path.name


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "deploy/config/assay.yaml", "docs/how-to/run-on-several-machines.md"]
)
def test_recipe_of_init_writes_the_mounted_folder_as_its_owner(name: str, tmp_path: Path) -> None:
    """The image's root is read-only and its user may not write to the folder: `init` must be told whose it is."""
    recipe = re.search(r"docker compose run [^`\n]* control (init --force)", (ROOT / name).read_text())
    assert recipe is not None
    assert '--user "$(id -u):$(id -g)"' in recipe[0]
    assert "--volume ./deploy/config:/config " in recipe[0]
    assert OURS["control"]["environment"]["ASSAY_CONFIG_DIR"] == "/config"
    here, config = tmp_path / "here", tmp_path / "config"
    here.mkdir()
    config.mkdir()
    shutil.copy(ROOT / "deploy" / "config" / "assay.yaml", config)
    env = child_environment(ASSAY_CONFIG_DIR=str(config), ASSAY_DATA_DIR=str(tmp_path / "data"))
    command = [sys.executable, "-m", "assay.worker.cli", *recipe[1].split()]
    subprocess.run(command, cwd=here, env=env, check=True, capture_output=True)
    assert not [*here.iterdir()]
    assert "Written by `assay init`" in (config / "assay.yaml").read_text()
