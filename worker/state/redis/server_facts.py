"""What Redis or Valkey says of itself, by INFO, which hosted servers answer as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.worker.ports.server_facts import ServerFacts
from assay.worker.state.redis.connection import RedisConnection


class RedisServer:
    """`assay.worker.ports.server_facts.StateServer`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def facts(self) -> ServerFacts | None:
        """What it says of itself."""
        async with self._redis.guard():
            info: Mapping[str, Any] = await self._redis.client.info()
        return facts_of(info)


def facts_of(info: Mapping[str, Any]) -> ServerFacts:
    """The facts in an answer to INFO. What a server leaves out is not told."""
    name = str(info.get("server_name") or "redis")
    version = info.get(f"{name}_version") or info.get("redis_version") or ""
    appends = info.get("aof_enabled")
    writes = (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status"))
    return ServerFacts(
        version=f"{name} {version}".strip(),
        is_replica=info.get("role") in {"slave", "replica"},
        evicts=str(info.get("maxmemory_policy") or ""),
        appends=None if appends is None else bool(int(appends)),
        memory_bytes=int(info.get("used_memory") or 0),
        limit_bytes=int(info.get("maxmemory") or 0),
        machine_bytes=int(info.get("total_system_memory") or 0),
        last_write_failed=any(status not in {None, "ok"} for status in writes),
    )
