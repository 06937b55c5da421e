"""`assay up` over outages: it says cause and remedy, waits, and never gives up for a Redis that is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.worker.config.settings import child_environment
from tests.e2e.running import CONFIG
from tests.servers.valkey_server import ValkeyServer, full_memory, no_scripts, other_password, read_only
from tests.waiting import PATIENCE_S, until


@contextmanager
def running_up(home: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    home.mkdir()
    (home / "assay.yaml").write_text(CONFIG.format(rubric="grounding", rate=0.2))
    with (home / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "assay.worker.cli", "up", "-w", "1"],
            env=child_environment(ASSAY_SWEEP_EVERY_S="2", **environment),
            cwd=home,
            stdout=log,
            stderr=log,
        )
    try:
        yield up
    finally:
        if up.poll() is None:
            up.send_signal(signal.SIGTERM)
            up.wait(PATIENCE_S)


def test_up_waits_for_a_broker_and_over_every_outage_that_it_names(tmp_path: Path) -> None:
    home = tmp_path / "d"
    server = ValkeyServer(tmp_path / "valkey")
    with running_up(home, ASSAY_REDIS_URL=server.url) as up:

        def told(words: str, *, times: int = 1) -> bool:
            assert up.poll() is None, (home / "up.log").read_text()
            return (home / "up.log").read_text().count(words) >= times

        until(lambda: told("waiting for it"), every_s=0.1)
        with server:
            with other_password(server):
                until(lambda: told("refuses the login"), every_s=0.1)
            until(lambda: told("Assay is up"), every_s=0.1)
            children = _children(up.pid)
            with read_only(server):
                until(lambda: told("it is a replica"), every_s=0.1)
            until(lambda: told("Redis takes work again"), every_s=0.1)
            with full_memory(server):
                until(lambda: told("is full (maxmemory)"), every_s=0.1)
            until(lambda: told("Redis takes work again", times=2), every_s=0.1)
            with no_scripts(server):
                until(lambda: told("ACL SETUSER"), every_s=0.1)
            until(lambda: told("Redis takes work again", times=3), every_s=0.1)
            until(lambda: server.run("HGET", "assay:state:pulse:ticks", "sweep:done"), every_s=0.2)
            assert _children(up.pid) == children, "a process was replaced"
            up.send_signal(signal.SIGTERM)
            assert up.wait(PATIENCE_S) == 0, (home / "up.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_up_that_waits_for_a_broker_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "d"
    with running_up(home, ASSAY_REDIS_URL="redis://127.0.0.1:1/0") as up:
        until(lambda: "waiting for it" in (home / "up.log").read_text(), every_s=0.1)
        up.send_signal(number)
        assert up.wait(PATIENCE_S) == 0, (home / "up.log").read_text()


def test_up_names_what_keeps_a_child_from_starting(tmp_path: Path) -> None:
    """A configuration that breaks after the start ends in a crash loop, which says why."""
    home = tmp_path / "d"
    with ValkeyServer(tmp_path / "valkey") as server, running_up(home, ASSAY_REDIS_URL=server.url) as up:
        until(lambda: "Assay is up" in (home / "up.log").read_text() or up.poll() is not None, every_s=0.1)
        until(lambda: server.run("ZCARD", "assay:state:pulse:seen") >= 3, every_s=0.2)
        (home / "assay.yaml").write_text("use_cases: [{name: bot, rate: 7}]\n")
        assess = next(pid for pid in _children(up.pid) if _command(pid).find("assess1@") > 0)
        os.kill(assess, signal.SIGKILL)
        assert up.wait(PATIENCE_S) == 3
        told = (home / "up.log").read_text()
        assert "signal SIGKILL" in told
        assert "times in a row: configuration: " in told
        assert "rate" in told


def _children(pid: int) -> set[int]:
    return {
        int(child)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if "assay.worker.fleet" in _command(int(child))
    }


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
