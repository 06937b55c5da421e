"""The wheel holds all that the command needs, and compose starts what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.launch.supervisor import Supervisor
from assay.worker.records.metrics.process import BUILD
from tests.compose_file import OURS, in_force
from tests.e2e.running import Deployed, make_traces
from tests.integration.golden_home import EVIDENCE, GOOD, Home
from tests.scraping import free_ports, scraped
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
HEALTH_CHECK = ROOT / "deploy" / "image" / "healthcheck.py"
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


def test_services_of_compose_do_their_work_when_run_by_hand(tmp_path: Path, broker: Broker, key_prefix: str) -> None:
    """No container engine here: their commands, variables and health checks, on this machine's own ports and paths."""
    deployed = Deployed.create(tmp_path / "d", make_traces(10), key_prefix=key_prefix)
    places = {"redis_url": broker.url, "config_dir": deployed.home}
    settings = Deployed.settings_with(deployed, places).environment()
    first = free_ports(3 * len(OURS))
    services = [ServiceByHand(name, tmp_path, first + 3 * number) for number, name in enumerate(OURS)]
    with Supervisor(tmp_path / "logs") as supervisor:
        for service in services:
            argv = [sys.executable, "-m", "assay.worker.cli", *OURS[service.name]["command"]]
            supervisor.start(service.name, argv, env={**ENV, **service.environment(), **settings, **service.own})
        deployed.watch(supervisor, broker)
        funnel = deployed.settled(10)
        pids = supervisor.pids
        deployed.await_that(lambda: all(service.is_healthy(pids[service.name]) for service in services))
        roles = {service.role() for service in services}
    assert funnel.adds_up
    assert funnel.rows[0].total_scored == 10
    assert roles == set(OURS)
    assert not any(service.is_healthy(pids[service.name]) for service in services if service.is_asked)


class ServiceByHand:
    """One of our services, as far as it is no container: three ports of its own, and a folder instead of /tmp."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name, self._alive, self._port = name, folder / f"{name}-alive", port
        self._service = OURS[name]
        token = "a-token-that-nobody-guesses"
        self.own = {
            "ASSAY_ALIVE_FILE": str(self._alive),
            "ASSAY_METRICS_PORT": str(port),
            "ASSAY_METRICS_HOST": "127.0.0.1",
            **{f"ASSAY_{each}_PORT": str(port + 1 + n) for n, each in enumerate(("COLLECTOR", "SERVE"))},
            **{f"ASSAY_{each}_HOST": "127.0.0.1" for each in ("COLLECTOR", "SERVE")},
            **{f"ASSAY_{each}_TOKEN": token for each in ("COLLECTOR", "SERVE")},
        }

    @property
    def is_asked(self) -> bool:
        """Whether its health check asks the process, and does not look at a file."""
        return str(self._service["healthcheck"]["test"][0]) == "CMD"

    def environment(self) -> dict[str, str]:
        """What compose gives it."""
        given: dict[str, str] = in_force(self._service["environment"], {})
        return given

    def is_healthy(self, pid: int) -> bool:
        """What its health check says. In a container the process is number 1."""
        kind, *command = (part.replace("$$", "$") for part in self._service["healthcheck"]["test"])
        if kind == "CMD-SHELL":
            script = command[0].replace(self.environment()["ASSAY_ALIVE_FILE"], str(self._alive))
            argv = ["sh", "-c", script]
        else:
            places = {"/opt/assay/bin/python": sys.executable, "/opt/assay/healthcheck.py": str(HEALTH_CHECK)}
            argv = [*(places.get(part, part) for part in command), str(pid)]
        env = {**ENV, **self.environment(), **self.own}
        return subprocess.run(argv, env=env, capture_output=True, check=False, timeout=PATIENCE_S).returncode == 0

    def role(self) -> str:
        """Who it says it is where Prometheus asks."""
        (role,) = (name[1] for name in scraped(f"http://127.0.0.1:{self._port}/metrics") if name[0] == BUILD.name)
        return role
