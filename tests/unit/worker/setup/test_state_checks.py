"""`assay doctor`: whether Redis keeps what it is given, whether clocks agree, and who may read what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.worker.ports.pulse import ProcessSeen
from assay.worker.ports.server_facts import ServerFacts
from assay.worker.setup.state_checks import clock_check, permission_check, server_checks
from assay.worker.state.redis.server_facts import facts_of

WELL = {
    "server_name": "valkey",
    "valkey_version": "8.1.0",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "maxmemory": 1_000,
    "used_memory": 100,
    "total_system_memory": 10_000,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def names(**over: Any) -> dict[str, str]:
    return {check.name: check.status for check in server_checks(facts_of({**WELL, **over}))}


@pytest.mark.parametrize(
    ("info", "found"),
    [
        ({}, {}),
        ({"role": "slave"}, {"redis role": "fail"}),
        ({"maxmemory_policy": "allkeys-lru"}, {"redis memory": "fail"}),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 0}, {}),
        ({"used_memory": 900}, {"redis room": "warn"}),
        ({"used_memory": 9_000, "maxmemory": 0}, {"redis room": "warn"}),
        ({"aof_enabled": 0}, {"redis persistence": "warn"}),
        ({"aof_last_write_status": "err"}, {"redis disk": "fail"}),
    ],
)
def test_what_would_lose_work_is_found(info: dict[str, Any], found: dict[str, str]) -> None:
    assert names(**info) == found


def test_a_server_that_tells_little_is_not_blamed() -> None:
    facts = facts_of({"redis_version": "7.2"})
    assert facts == ServerFacts(version="redis 7.2")
    assert list(server_checks(facts)) == []


def seen(name: str, offset_s: float | None) -> ProcessSeen:
    return ProcessSeen(name=name, queues=("assess",), offset_s=offset_s, seen_ago_s=1.0)


def test_clocks_are_compared_with_redis() -> None:
    well = clock_check(0.01, [seen("assess1", -0.02), seen("assess2", None)])
    assert (well.status, well.lines) == ("ok", ())
    assert well.message == "2 clocks compared; assess1 is 0.0 s behind Redis'"
    off = clock_check(0.01, [seen("assess1", 30.0), seen("control", -300.0)])
    assert off.status == "warn"
    assert off.lines == (
        "assess1: the clock of its machine is 30.0 s ahead of Redis'; have NTP keep it",
        "control: the clock of its machine is 300.0 s behind Redis'; have NTP keep it",
    )
    assert clock_check(None, []).status == "warn"


def test_a_private_data_directory_is_well_and_an_open_one_is_told_and_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert permission_check(data) is None
    (data / "logs").mkdir(parents=True)
    for name in ("traces.db", "logs/assess1.log"):
        (data / name).touch(mode=0o644)
        (data / name).chmod(0o644)
    data.chmod(0o755)
    told = permission_check(data)
    assert told is not None
    assert told.status == "warn"
    assert told.lines == (f"{data}: 755", f"{data}/traces.db: 644", f"{data}/logs/assess1.log: 644")
    assert data.stat().st_mode & 0o777 == 0o755, "it changes nothing"
    data.chmod(0o700)
    told = permission_check(data)
    assert told is not None
    assert told.status == "ok"
