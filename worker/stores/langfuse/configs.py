"""Score configs: what a score may be, known to the server so that people see ranges and categories.

The server checks a score against the config it names *after* it has answered 200, and drops what does not fit
without a word. So a score names a config only after it was checked here, against the config as the server has it.
Names are not unique there: the oldest config of a name and type that is not archived is ours, whoever made it.
People archive and narrow configs while workers run; so what is known is looked up again before a score that was not
shown is written for the last time, and at once when this process writes a score again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog

from assay.worker.ports.clock import Clock
from assay.worker.ports.locks import Locks
from assay.worker.ports.store_errors import StoreError, StoreRejected
from assay.worker.records.scores import Score, ScoreSpec, SessionScore
from assay.worker.stores.langfuse import sdk
from assay.worker.stores.langfuse.client import LangfuseClient

LOCK = "langfuse-score-configs"
LOCK_TTL_S = 30
FRESH_FOR = timedelta(seconds=100)
"""Under twice the minute after which a score that is not shown is written again: the third and last write knows."""
FAILED_FOR = timedelta(seconds=30)
"""For how long scores are written without configs after these could not be had."""

log = structlog.get_logger(__name__)


class ScoreConfigs:
    """The configs of the scores we write: looked up, remembered for a while, created where they are missing."""

    def __init__(
        self, client: LangfuseClient, specs: Sequence[ScoreSpec], locks: Locks | None = None, *, clock: Clock
    ) -> None:
        self._client = client
        self._locks = locks
        self._clock = clock
        self._specs = {spec.name: spec for spec in specs}
        self._known: Mapping[str, Any] = {}
        self._stale_at: datetime | None = None
        self._written: set[str] = set()
        self._refused: set[str] = set()
        self._lock = asyncio.Lock()

    async def config_id(self, score: Score | SessionScore) -> str | None:
        """The id of the config a score may name; None where there is none or the score would not fit it."""
        if score.name not in self._specs:
            return None
        config = (await self._load(score.id)).get(score.name)
        if config is None:
            return None
        self._written.add(score.id)
        if not fits(score, config):
            log.warning("langfuse.score_config_does_not_fit", score=score.name, config=config.id)
            return None
        return str(config.id)

    async def _load(self, score_id: str) -> Mapping[str, Any]:
        """The configs as they were not long ago, and since this score was written before."""
        async with self._lock:
            is_stale = self._stale_at is None or self._clock.now() >= self._stale_at
            if not is_stale and score_id not in self._written:
                return self._known
            self._written.clear()
            try:
                self._known = {}  # what is not seen now may be archived by now
                self._known = self._ours(await self._all())
                await self._create_missing()
                fresh_for = FRESH_FOR
            except StoreError as exc:
                # A key without the right to it, no room, an old server: scores are written all the same.
                log.warning("langfuse.score_configs_unavailable", error=str(exc)[:200])
                fresh_for = FAILED_FOR
            self._stale_at = self._clock.now() + fresh_for
            return self._known

    async def _create_missing(self) -> None:
        """Create the configs that are not there. What is known stays known if this fails halfway."""
        if not self._missing():
            return
        async with self._alone():
            self._known = self._ours(await self._all())  # again, now that nobody else makes any
            missing = self._missing()
            for spec in missing:
                await self._create_or_skip(spec)
            if missing:
                self._known = self._ours(await self._all())

    def _missing(self) -> list[ScoreSpec]:
        return [spec for name, spec in self._specs.items() if name not in self._known and name not in self._refused]

    async def _create_or_skip(self, spec: ScoreSpec) -> None:
        """Create one. What the server does not take of this one says nothing of the others, and is said once."""
        try:
            await self._create(spec)
        except StoreRejected as exc:
            self._refused.add(spec.name)
            log.warning("langfuse.score_config_refused", score=spec.name, error=str(exc)[:200])

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One process at a time; after half a minute of waiting two of a name are better than no scores."""
        owner = uuid.uuid4().hex
        for _ in range(4 * LOCK_TTL_S):
            if self._locks is None or await self._locks.acquire(LOCK, owner=owner, ttl_s=LOCK_TTL_S):
                break
            await asyncio.sleep(0.25)
        try:
            yield
        finally:
            if self._locks is not None:
                await self._locks.release(LOCK, owner=owner)

    def _ours(self, configs: Sequence[Any]) -> dict[str, Any]:
        ours: dict[str, Any] = {}
        for config in sorted(configs, key=lambda config: (config.created_at, config.id), reverse=True):
            spec = self._specs.get(config.name)
            if spec is not None and not config.is_archived and config.data_type.value == spec.data_type:
                ours[config.name] = config
        return ours

    async def _all(self) -> list[Any]:
        return [config async for page in sdk.pages(self._client, "score_configs", "get") for config in page]

    async def _create(self, spec: ScoreSpec) -> None:
        from langfuse.api import ConfigCategory, ScoreConfigDataType

        options: dict[str, Any] = {"description": spec.description}
        if spec.data_type == "NUMERIC":
            options |= {"min_value": spec.minimum, "max_value": spec.maximum}
        else:
            options["categories"] = [ConfigCategory(label=c, value=float(n)) for n, c in enumerate(spec.categories)]
        await sdk.call(
            self._client,
            "score_configs",
            "create",
            name=spec.name,
            data_type=ScoreConfigDataType(spec.data_type),
            **options,
        )


def fits(score: Score | SessionScore, config: Any) -> bool:
    """Whether the server will keep this score if it names this config; its boundary values are allowed."""
    if config.data_type.value != score.data_type:
        return False
    if isinstance(score.value, str):
        return score.value in {category.label for category in config.categories or ()}
    low, high = config.min_value, config.max_value
    return (low is None or score.value >= low) and (high is None or score.value <= high)
