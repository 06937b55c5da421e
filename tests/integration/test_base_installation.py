"""Assay without any extra: what works, and the line that each command gives which needs one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import child_environment
from assay.worker.extras import EXTRAS, Extra, needs_extra
from assay.worker.launch.broker import Broker
from assay.worker.launch.supervisor import Supervisor
from tests.scraping import asked, free_ports
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]

HIDING = """
import sys
from importlib.machinery import PathFinder

HIDDEN = {hidden!r}

class WithoutExtras(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else super().find_spec(name, path, target)

sys.meta_path = [WithoutExtras if finder is PathFinder else finder for finder in sys.meta_path]
"""
"""A `sitecustomize` that hides packages, as if they were not installed."""


def names(lock: str) -> set[str]:
    """The packages of a lock."""
    return set(re.findall(r"^([a-z0-9][a-z0-9.-]*)==", (ROOT / lock).read_text(), re.MULTILINE))


def hidden_modules() -> set[str]:
    """The modules at the top of every package that only extras bring, e.g. `langfuse`, `google`, `PIL`."""
    extra = names("requirements-all.lock") - names("requirements.lock")
    owners = packages_distributions().items()
    return {module for module, packages in owners if {re.sub(r"[-_.]+", "-", p).lower() for p in packages} <= extra}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    hidden = hidden_modules()
    assert {module.partition(".")[0] for modules in EXTRAS.values() for module in modules} <= hidden
    (folder / "sitecustomize.py").write_text(HIDING.format(hidden=hidden))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    (tmp_path / "answers.jsonl").write_text(
        '{"id": "a", "question": "When?", "contexts": ["It opens at 9."], "response": "It opens at 10.", "label": 1}\n'
    )
    return tmp_path


def run(site: Path, home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assay.worker.cli", *arguments],
        cwd=home,
        env=child_environment(PYTHONPATH=str(site), COLUMNS="300", **env),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--help",), "Start with `assay demo`"),
        (("judge", "answers.jsonl"), '"hallucination_risk"'),
        (("doctor",), "own telemetry"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_command_works_without_extras(arguments: tuple[str, ...], told: str, site: Path, home: Path) -> None:
    done = run(site, home, *arguments)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


LANGFUSE = {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_BASE_URL": "http://127.0.0.1:9"}


def test_langfuse_is_told_by_its_extra(site: Path, home: Path) -> None:
    (home / "assay.yaml").write_text("store: {kind: langfuse}\nuse_cases: [{name: bot}]\n")
    done = run(site, home, "doctor", **LANGFUSE)
    line = (
        "assay.yaml: store.kind: langfuse: needs langfuse, which is not installed; pip install 'assay-fleet[langfuse]'"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"assay: {line}\n")


def test_plot_is_refused_before_anything_is_judged(site: Path, home: Path) -> None:
    done = run(site, home, "calibrate", "--labels", "answers.jsonl", "--plot", "plot.png")
    line = "--plot: needs matplotlib, which is not installed; pip install 'assay-fleet[plot]', or leave it out"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"assay: {line}\n")


def test_postgresql_is_told_by_its_extra(site: Path, home: Path) -> None:
    done = run(site, home, "report", ASSAY_DATABASE_URL="postgresql://u@127.0.0.1:9/d")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "PostgreSQL needs a driver (No module named 'psycopg'); pip install 'assay-fleet[postgres]'\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "extra"),
    [
        ("ASSAY_DATABASE_URL", "postgresql://u@127.0.0.1:9/d", "postgres"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "otel"),
    ],
)
def test_a_fleet_that_could_not_work_is_not_started(
    variable: str, value: str, extra: Extra, site: Path, home: Path
) -> None:
    done = run(site, home, "up", **{variable: value})
    line = f"environment: {variable}: needs {EXTRAS[extra][0]}, which is not installed; "
    remedy = f"pip install 'assay-fleet[{extra}]', or unset it"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"assay: {line}{remedy}\n")


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_extra_that_is_missing_has_its_line(extra: Extra, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_extra(extra, what="it")
    module = EXTRAS[extra][-1]
    monkeypatch.setitem(sys.modules, module, None)
    line = re.escape(f"it: needs {module}, which is not installed; pip install 'assay-fleet[{extra}]', or do without")
    with pytest.raises(ConfigurationError, match=f"^{line}$"):
        needs_extra(extra, what="it", otherwise="or do without")


def test_worker_with_the_embedded_store_takes_work_without_extras(
    site: Path, home: Path, broker: Broker, key_prefix: str
) -> None:
    port = free_ports(1)
    env = child_environment(
        PYTHONPATH=str(site),
        ASSAY_REDIS_URL=broker.url,
        ASSAY_KEY_PREFIX=key_prefix,
        ASSAY_CONFIG_DIR=str(home),
        ASSAY_DATA_DIR=str(home / "data"),
        ASSAY_METRICS_PORT=str(port),
    )
    with Supervisor(home / "logs") as supervisor:
        supervisor.start("control", [sys.executable, "-m", "assay.worker.cli", "worker", "--role", "control"], env=env)

        def is_ready() -> bool:
            try:
                return asked(f"http://127.0.0.1:{port}/readyz").status == 200
            except OSError:
                return False

        until(is_ready, told=(home / "logs" / "control.log").read_text, every_s=0.2)
