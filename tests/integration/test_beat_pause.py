"""A beat outlives what a broker goes through: a pause longer than its patience, and a restart. With a real server."""

from __future__ import annotations

import json
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
from assay.worker.wiring.queues import TICKS
from benchmarks.fire import clock_skew
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with open_broker(None, tmp_path / "data", ping=check_connection, search_path="") as opened:
        yield opened


def pid_of(broker: Broker) -> int:
    with redis.Redis.from_url(broker.url) as client:
        return int(client.info("server")["process_id"])


@contextmanager
def running_beat(url: str, home: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    env = child_environment(
        **environment,
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


def test_ticks_that_nobody_takes_wait_once_for_each_kind(broker: Broker, tmp_path: Path) -> None:
    with running_beat(broker.url, tmp_path) as beat, redis.Redis.from_url(broker.url) as client:
        until(lambda: client.hget("assay:state:pulse:ticks", "release:sent") or beat.poll() is not None)
        first = client.hget("assay:state:pulse:ticks", "release:sent")
        for _ in range(5):
            marked = (tmp_path / "alive").stat().st_mtime_ns
            until(lambda marked=marked: marked_after(tmp_path, marked))  # type: ignore[misc]
        assert client.llen("assay:control") <= len(TICKS)
        assert client.hget("assay:state:pulse:ticks", "release:sent") == first, "one of its kind waits"


def test_schedule_of_a_beat_whose_clock_is_ahead_is_kept_by_the_next(broker: Broker, tmp_path: Path) -> None:
    """It ticks, says that its clock is off, and leaves nothing behind that is due only when its clock says so."""
    skew = tmp_path / "skew.json"
    skew.write_text(json.dumps({"beat": 300}))
    path = {"PYTHONPATH": str(Path(clock_skew.__file__).parent), "FIRE_CLOCK_SKEW": str(skew)}

    def sent(client: redis.Redis) -> float:
        return float(client.hget("assay:state:pulse:ticks", "reconcile:sent") or 0)

    with redis.Redis.from_url(broker.url) as client:
        with running_beat(broker.url, tmp_path, **path):
            until(lambda: sent(client) > 0 and told(tmp_path, "clock.off"))
        # As if its minute were over, and a worker had taken what waits: also what a killed beat marked and never sent.
        client.delete("assay:redbeat::lock", "assay:control")
        client.hdel("assay:state:pulse:ticks", "reconcile:waiting")
        before = sent(client)
        with running_beat(broker.url, tmp_path) as beat:
            until(lambda: sent(client) > before or beat.poll() is not None)
            assert sent(client) - before < 200, "its ticks carry its own clock"


def test_beat_writes_its_schedule_again_after_all_was_lost(broker: Broker, tmp_path: Path) -> None:
    with running_beat(broker.url, tmp_path) as beat, redis.Redis.from_url(broker.url) as client:
        until(lambda: client.hget("assay:state:pulse:ticks", "reconcile:sent"))
        client.flushall()
        until(lambda: client.hget("assay:state:pulse:ticks", "reconcile:sent") or beat.poll() is not None)
        assert beat.poll() is None, (tmp_path / "beat.log").read_text()


def test_beat_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path) -> None:
    socket = tmp_path / "data" / "valkey.sock"
    with running_beat(f"unix://{socket}?db=0", tmp_path) as beat:
        until(lambda: told(tmp_path, "beat.broker_away") or beat.poll() is not None)
        with open_broker(None, tmp_path / "data", ping=check_connection, search_path=""):
            until(lambda: marked_after(tmp_path, 0) or beat.poll() is not None)
            assert beat.poll() is None, (tmp_path / "beat.log").read_text()
            beat.terminate()
            assert beat.wait(PATIENCE_S) == 0
