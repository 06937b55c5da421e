"""What the image is made of: parts of the lock, the lines of the Dockerfile, and the check of its health."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from assay.worker.extras import EXTRAS
from assay.worker.telemetry.http_pages import Answer, HttpPages
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "deploy" / "image"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*==[^ ]+.*?) *\\$", re.MULTILINE)
"""The first line of a package in a lock, e.g. `contourpy==1.3.3 ; python_full_version < '3.12' \\`."""


def pins(text: str) -> list[str]:
    return _PIN.findall(text)


def lock(name: str) -> list[str]:
    return pins((ROOT / name).read_text())


def picked(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(IMAGE / "pick_requirements.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_locks_are_parts_of_each_other() -> None:
    """In their versions. A platform may need a package for one of them that it does not need for another."""
    base, everything, dev = (
        {pin.partition(" ;")[0] for pin in lock(f"requirements{part}.lock")} for part in ("", "-all", "-dev")
    )
    assert base < everything < dev


@pytest.mark.parametrize(("extras", "same_as"), [("", "requirements.lock"), ("all", "requirements-all.lock")])
def test_part_of_the_lock_is_what_uv_resolves(extras: str, same_as: str) -> None:
    done = picked(str(ROOT / "requirements-all.lock"), "--extras", extras)
    assert pins(done.stdout) == lock(same_as), done.stderr
    assert done.stdout.count("--hash=sha256:") == (ROOT / same_as).read_text().count("--hash=sha256:")


def test_part_of_an_extra_has_what_it_needs_and_nothing_of_another() -> None:
    done = picked(str(ROOT / "requirements-all.lock"), "--extras", "langfuse, postgres")
    names = {pin.partition("==")[0] for pin in pins(done.stdout)}
    assert {"langfuse", "wrapt", "psycopg", "psycopg-binary", "celery"} <= names
    assert not names & {"matplotlib", "pillow", "pyarrow", "starlette"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--extras", "langfuse,plots"), "there is no extra 'plots'; name some of: langfuse,"),
        (("--package", "hatchling"), "the lock lacks hatchling; write it anew by `make lock`"),
    ],
)
def test_part_that_cannot_be_is_refused(options: tuple[str, ...], told: str) -> None:
    done = picked(str(ROOT / "requirements-all.lock"), *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


def test_extras_that_messages_name_can_be_installed() -> None:
    known = PROJECT["optional-dependencies"]
    assert EXTRAS.keys() <= known.keys()
    assert known["all"] == [f"assay-fleet[{','.join(sorted(known.keys() - {'all', 'stores'}))}]"]


def argument(name: str) -> str:
    match = re.search(rf"^ARG {name}=(.*)$", DOCKERFILE, re.MULTILINE)
    assert match is not None, name
    return match[1]


def test_arguments_of_the_image_have_defaults_that_hold() -> None:
    assert argument("VERSION") == PROJECT["version"]
    assert set(argument("EXTRAS").split(",")) <= PROJECT["optional-dependencies"].keys()
    versions = {re.search(r"python:(3\.\d+)", argument(f"{base}_IMAGE")) for base in ("BUILD", "PYTHON")}
    assert len({match and match[1] for match in versions}) == 1, "the environment of the first stage runs in the second"
    froms = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert froms == [f"${{{base}_IMAGE}}${{{base}_DIGEST:+@${{{base}_DIGEST}}}}" for base in ("BUILD", "PYTHON")]


def test_wheel_of_the_image_finds_all_its_sources_and_no_more() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["only-include"], *wheel["force-include"], PROJECT["readme"], *PROJECT["license-files"]}
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)]
    sources = {word.rstrip("/") for words in copied for word in words}
    assert {path.split("/")[0] for path in needed} <= sources
    assert "." not in sources
    ignored = {line.strip("/") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    assert not {source.split("/")[0] for source in sources} & ignored


def test_image_runs_as_a_user_that_is_told_by_number() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "VOLUME /data" in DOCKERFILE
    assert "ASSAY_DATA_DIR=/data" in DOCKERFILE


def test_environment_loses_what_is_not_read_at_run_time_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "package"
    kept = ["__init__.py", "data.json", "tests/__init__.py", "tests/_natype.py", "test_of_users.py", "header.hpp"]
    lost = ["tests/test_it.py", "tests/data/test_it.pkl", "module.pyi", "module.pyx", "include/api.h", "module.c"]
    for name in [*kept, *lost]:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("")
    subprocess.run(["sh", str(IMAGE / "make_smaller.sh"), str(tmp_path)], check=True, capture_output=True)
    assert {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()} == set(kept)


# --- health ---


def healthy(process: int, **env: str) -> tuple[bool, str]:
    """What the image's check says of a process."""
    command = [sys.executable, "-I", "-S", str(IMAGE / "healthcheck.py"), str(process)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert not done.stderr
    return done.returncode == 0, done.stdout


@pytest.fixture
def pages() -> Iterator[tuple[HttpPages, list[HTTPStatus]]]:
    """A server whose `/healthz` answers what the list says."""
    statuses = [HTTPStatus.OK]

    async def health(_accept: str) -> Answer:
        return Answer(statuses[-1], "application/json", b"{}")

    served = HttpPages({"/healthz": health})
    served.start("127.0.0.1", 0)
    yield served, statuses
    served.stop()


Call = Callable[..., int]
"""Starts a process with these arguments, and returns its id."""


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Call]:
    """Starts processes that do nothing and have the arguments of one of ours."""
    running: list[subprocess.Popen[bytes]] = []
    script = tmp_path / "assay"
    script.write_text("#!/bin/sh\nread line\n")
    script.chmod(0o755)

    def call(*arguments: str) -> int:
        process = subprocess.Popen([str(script), *arguments], stdin=subprocess.PIPE)
        running.append(process)
        return process.pid

    yield call
    for process in running:
        process.communicate(b"\n")


@pytest.mark.parametrize("arguments", [("worker", "--role", "assess"), ("beat",), ("up",)], ids=lambda words: words[0])
def test_process_of_the_fleet_is_asked_where_it_has_a_port(
    arguments: tuple[str, ...], called: Call, pages: tuple[HttpPages, list[HTTPStatus]]
) -> None:
    served, statuses = pages
    env = {"ASSAY_METRICS_PORT": str(served.port), "ASSAY_METRICS_HOST": "0.0.0.0", "ASSAY_ALIVE_FILE": "/nowhere"}
    process = called(*arguments)
    assert healthy(process, **env) == (True, f"port {served.port}: HTTP/1.1 200 OK\n")
    statuses.append(HTTPStatus.SERVICE_UNAVAILABLE)
    assert healthy(process, **env) == (False, f"port {served.port}: HTTP/1.1 503 Service Unavailable\n")


@pytest.mark.parametrize(("command", "prefix"), [("collector", "ASSAY_COLLECTOR"), ("serve", "ASSAY_SERVE")])
def test_server_is_asked_at_its_own_port(
    command: str, prefix: str, called: Call, pages: tuple[HttpPages, list[HTTPStatus]]
) -> None:
    served, _ = pages
    process = called(command, "--days", "worker")
    assert healthy(process, **{f"{prefix}_PORT": str(served.port), "ASSAY_METRICS_PORT": "1"})[0]
    assert not healthy(process, **{f"{prefix}_PORT": "1"})[0]


@pytest.mark.parametrize(("age_s", "is_well"), [(0, True), (50, True), (70, False), (None, False)])
def test_process_without_a_port_is_known_by_its_mark(
    age_s: int | None, is_well: bool, called: Call, tmp_path: Path
) -> None:
    mark = tmp_path / "alive"
    if age_s is not None:
        mark.touch()
        os.utime(mark, (time.time() - age_s,) * 2)
    assert healthy(called("worker", "--role", "control"), ASSAY_ALIVE_FILE=str(mark))[0] == is_well


@pytest.mark.parametrize("arguments", [("backfill", "--since", "7d"), ("golden", "run", "worker"), ()])
def test_command_that_ends_by_itself_is_well_while_it_runs(arguments: tuple[str, ...], called: Call) -> None:
    assert healthy(called(*arguments), ASSAY_METRICS_PORT="1", ASSAY_ALIVE_FILE="/nowhere")[0]
