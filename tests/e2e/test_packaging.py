"""The wheel holds all that the command needs, and compose starts what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.worker.launch.broker import Broker
from assay.worker.launch.supervisor import Supervisor
from tests.e2e.running import Deployed, make_traces
from tests.integration.golden_home import EVIDENCE, GOOD, Home
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
ENV = {"PATH": os.environ["PATH"]}  # noqa: TID251  # a child's PATH


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a directory of its own, before the checkout on the path."""
    home = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(home), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=ENV, timeout=PATIENCE_S)
    wheel = next(home.glob("*.whl"))
    target = home / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, env=ENV, timeout=PATIENCE_S)
    return target


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("rubrics", "lint"), "grounding.yaml: ok"),
        (("golden", "verify", "mtrag-v1"), "mtrag-v1: as frozen"),
        (("settings",), "config root"),
        (("gate", "mtrag-v1", "--candidate", "llama-3.1-405b", "--html", "page.html"), "every answer, its claims"),
    ],
)
def test_installed_command_finds_its_rubrics_and_golden_sets(
    installed: Path, tmp_path: Path, args: tuple[str, ...], expected: str
) -> None:
    env = {**ENV, "PYTHONPATH": str(installed), "COLUMNS": "200"}
    command = [sys.executable, "-P", "-m", "assay.worker.cli", *args]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_wheel_holds_nothing_outside_its_package(installed: Path) -> None:
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} - {"bin"}
    assert top == {"assay"}


def test_wheel_of_the_sdist_holds_what_the_wheel_of_the_checkout_holds(installed: Path, tmp_path: Path) -> None:
    """The two packages are reached through links in a checkout; what is published must hold them all the same."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, env=ENV, timeout=PATIENCE_S)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("assay/")}
    unpacked = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert packed == {name for name in unpacked if name.startswith("assay/") and "__pycache__" not in name}


@pytest.mark.parametrize("command", [["-P", "-m", "assay.worker.cli"], ["-m", "assay.worker.cli"]])
def test_packages_of_a_user_named_as_our_folders_are_left_in_peace(
    installed: Path, tmp_path: Path, command: list[str]
) -> None:
    """A Celery user's own package is called `worker` as a rule; it is the application under test here."""
    for package in ("worker", "judges"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    answer = {"response": GOOD, "contexts": [EVIDENCE]}
    (tmp_path / "worker" / "bot.py").write_text(f"def answer(question, history):\n    return {answer!r}\n")
    home = Home(tmp_path)
    home.write(target={"kind": "python", "call": "worker.bot:answer"})
    env = {**ENV, "PYTHONPATH": os.pathsep.join([".", str(installed)]), "COLUMNS": "200"}
    gate = [sys.executable, *command, "gate", "bot-v1", "--baseline", "old"]
    done = subprocess.run(gate, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout


def test_compose_commands_score_traces_when_run_by_hand(tmp_path: Path, broker: Broker, key_prefix: str) -> None:
    """No container engine here: the services' own commands, against a real broker, in separate processes."""
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = {name: body for name, body in compose["services"].items() if name != "broker"}
    deployed = Deployed.create(tmp_path / "d", make_traces(10), key_prefix=key_prefix)
    places = {"redis_url": broker.url, "config_dir": deployed.home}
    env = {**ENV, **Deployed.settings_with(deployed, places).environment()}
    with Supervisor(tmp_path / "logs") as supervisor:
        for name, body in services.items():
            own = {**env, "ASSAY_ALIVE_FILE": str(tmp_path / f"{name}-alive")}
            supervisor.start(name, [sys.executable, "-m", "assay.worker.cli", *body["command"]], env=own)
        deployed.watch(supervisor, broker)
        funnel = deployed.settled(10)
        deployed.await_that(lambda: all((tmp_path / f"{name}-alive").exists() for name in services))
    assert funnel.adds_up
    assert funnel.rows[0].total_scored == 10
