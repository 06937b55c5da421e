"""A beat outlives what a broker goes through: a pause longer than its patience, and a restart. With a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from assay.worker.config.settings import child_environment
from assay.worker.launch.broker import Broker, open_broker
from assay.worker.state.redis.state import check_connection
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with open_broker(None, tmp_path / "data", ping=check_connection, search_path="") as opened:
        yield opened


def pid_of(broker: Broker) -> int:
    with redis.Redis.from_url(broker.url) as client:
        return int(client.info("server")["process_id"])


@contextmanager
def running_beat(url: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = child_environment(
        ASSAY_REDIS_URL=url,
        ASSAY_ALIVE_FILE=str(home / "alive"),
        ASSAY_RECONCILE_EVERY_S="1",
        ASSAY_LOG_FORMAT="json",
    )
    with (home / "beat.log").open("wb") as log:
        beat = subprocess.Popen(
            [sys.executable, "-m", "assay.worker.cli", "beat"], env=env, cwd=home, stdout=log, stderr=log
        )
    try:
        yield beat
    finally:
        with suppress(ProcessLookupError):
            beat.kill()
        beat.wait()


def marked_after(home: Path, when: int) -> bool:
    alive = home / "alive"
    return alive.exists() and alive.stat().st_mtime_ns > when


def told(home: Path, event: str) -> bool:
    return event in (home / "beat.log").read_text()


def test_beat_goes_on_after_the_broker_hung(broker: Broker, tmp_path: Path) -> None:
    server = pid_of(broker)
    with running_beat(broker.url, tmp_path) as beat:
        until(lambda: marked_after(tmp_path, 0))
        os.kill(server, signal.SIGSTOP)
        try:
            until(lambda: told(tmp_path, "beat.broker_away") or beat.poll() is not None)
        finally:
            os.kill(server, signal.SIGCONT)
        assert beat.poll() is None, (tmp_path / "beat.log").read_text()
        continued = (tmp_path / "alive").stat().st_mtime_ns
        until(lambda: marked_after(tmp_path, continued))
        assert "redis://" not in (tmp_path / "beat.log").read_text()
        beat.terminate()
        assert beat.wait(PATIENCE_S) == 0


def test_beat_takes_its_lock_again_after_it_expired(broker: Broker, tmp_path: Path) -> None:
    with running_beat(broker.url, tmp_path) as beat, redis.Redis.from_url(broker.url) as client:
        until(lambda: marked_after(tmp_path, 0))
        assert client.delete("assay:redbeat::lock") == 1
        until(lambda: told(tmp_path, "beat.lock_lost") or beat.poll() is not None)
        lost = (tmp_path / "alive").stat().st_mtime_ns
        until(lambda: marked_after(tmp_path, lost) or beat.poll() is not None)
        assert beat.poll() is None, (tmp_path / "beat.log").read_text()
        assert client.exists("assay:redbeat::lock")


def test_beat_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path) -> None:
    socket = tmp_path / "data" / "valkey.sock"
    with running_beat(f"unix://{socket}?db=0", tmp_path) as beat:
        until(lambda: told(tmp_path, "beat.broker_away") or beat.poll() is not None)
        with open_broker(None, tmp_path / "data", ping=check_connection, search_path=""):
            until(lambda: marked_after(tmp_path, 0) or beat.poll() is not None)
            assert beat.poll() is None, (tmp_path / "beat.log").read_text()
            beat.terminate()
            assert beat.wait(PATIENCE_S) == 0
