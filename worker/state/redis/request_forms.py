"""The forms of judge endpoints in Redis.

Keys:
    form:PLACE   the form as JSON
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from assay.judges.models.request_form import LearntForm
from assay.worker.state.redis.connection import RedisConnection


class RedisRequestForms:
    """`assay.worker.ports.request_forms.RequestForms`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def recall(self, place: str) -> LearntForm | None:
        """What is known of a place. None: nothing, or what another version wrote and this one cannot read."""
        async with self._redis.guard():
            raw: Any = await self._redis.client.get(self._redis.key(f"form:{place}"))
        try:
            return None if raw is None else LearntForm.model_validate_json(raw)
        except ValidationError:
            return None

    async def keep(self, place: str, learnt: LearntForm, *, ttl_s: int) -> None:
        """Keep a form instead of what was known of its place."""
        async with self._redis.guard():
            await self._redis.client.set(self._redis.key(f"form:{place}"), learnt.model_dump_json(), ex=ttl_s)
