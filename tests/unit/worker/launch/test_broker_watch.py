"""What `assay up` sees of a Redis that answers, and refuses what work needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from assay.worker.launch.broker import Broker
from assay.worker.launch.broker_watch import broker_trouble
from assay.worker.state.redis.connection import RedisConnection


@pytest.fixture
def client(broker: Broker) -> Iterator[Any]:
    with redis.Redis.from_url(broker.url) as opened:
        yield opened


def trouble(url: str, prefix: str, user: str = "default", password: str = "") -> str:
    async def look() -> str:
        credentials = f"&username={user}&password={password}" if password else ""
        connection = RedisConnection(url + credentials, prefix=prefix)
        try:
            return await broker_trouble(connection)
        finally:
            await connection.close()

    return asyncio.run(look())


def test_server_that_takes_work_is_in_no_trouble(broker: Broker, client: Any, key_prefix: str) -> None:
    assert [trouble(broker.url, key_prefix) for _ in range(3)] == ["", "", ""]
    assert list(client.scan_iter(f"{key_prefix}*")) == [f"{key_prefix}broker_probe".encode()]


@pytest.mark.parametrize("name", ["unacked", "unacked_index", "assess", "control", "golden"])
def test_key_of_another_program_is_named_with_its_remedy(
    broker: Broker, client: Any, key_prefix: str, name: str
) -> None:
    client.set(f"{key_prefix}{name}", "x")
    assert "ASSAY_KEY_PREFIX" in trouble(broker.url, key_prefix)
    client.delete(f"{key_prefix}{name}")
    assert trouble(broker.url, key_prefix) == ""


@pytest.mark.parametrize("command", ["evalsha", "brpop", "rpush", "hdel", "zrem", "llen", "set"])
def test_right_that_the_user_lacks_is_found(broker: Broker, client: Any, key_prefix: str, command: str) -> None:
    user = key_prefix.strip(":")
    client.execute_command("ACL", "SETUSER", user, "on", ">word", "~*", "&*", "+@all", f"-{command}")
    try:
        assert "ACL SETUSER" in trouble(broker.url, key_prefix, user, "word")
        client.execute_command("ACL", "SETUSER", user, f"+{command}")
        assert trouble(broker.url, key_prefix, user, "word") == ""
    finally:
        client.execute_command("ACL", "DELUSER", user)
