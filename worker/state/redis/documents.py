"""Rubrics and calibrations in Redis.

Keys:
    doc:HASH   the document's text
"""

from __future__ import annotations

from typing import Any

from assay.worker.state.redis.connection import RedisConnection

DOCUMENT_TTL_S = 30 * 24 * 3600
"""Longer than a message that names a document may wait. Each sweep publishes them anew."""


class RedisDocuments:
    """`assay.worker.ports.documents.Documents`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def put(self, digest: str, content: str) -> None:
        """Publish a document under its hash."""
        async with self._redis.guard():
            await self._redis.client.set(self._redis.key(f"doc:{digest}"), content, ex=DOCUMENT_TTL_S)

    async def get(self, digest: str) -> str | None:
        """A published document, or None."""
        async with self._redis.guard():
            raw: Any = await self._redis.client.get(self._redis.key(f"doc:{digest}"))
        return raw.decode() if raw is not None else None
