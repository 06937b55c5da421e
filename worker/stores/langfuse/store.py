"""Langfuse as a `worker.ports.TraceStore`: finds out once which server it is, then hands each call on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from worker.clock import SystemClock
from worker.ports import Clock, Fetched, StoreRejected
from worker.schema import Score, ScoreSpec, TraceKey, TraceRoot
from worker.stores.langfuse import legacy, scores
from worker.stores.langfuse.client import LangfuseClient
from worker.stores.langfuse.configs import Locks, ScoreConfigs
from worker.stores.langfuse.content import ContentReader
from worker.stores.langfuse.reviews import LangfuseReviewQueues
from worker.stores.langfuse.roots import RootLister
from worker.stores.langfuse.server import Server, detect
from worker.stores.limits import FETCH_LIMIT, READ_LIMIT, distinct


class LangfuseStore:
    """Traces and scores of one Langfuse project. Nothing is asked before the first call."""

    def __init__(
        self,
        client: LangfuseClient,
        *,
        specs: Sequence[ScoreSpec] = (),
        root_metadata: Iterable[str] = (),
        content_metadata: Iterable[str] = (),
        locks: Locks | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.client = client
        keys = tuple(root_metadata)
        self._roots = RootLister(client, metadata_keys=keys)
        self._matches_metadata = bool(keys)
        self._content = ContentReader(client, metadata_keys=content_metadata)
        self._writer = scores.ScoreWriter(client, ScoreConfigs(client, specs, locks), clock or SystemClock())
        self.review_queues = LangfuseReviewQueues(client, self.server)
        self._server: Server | None = None
        self._project: str | None = None
        self._asking = asyncio.Lock()

    async def server(self) -> Server:
        """What this server is; asked once.

        Raises:
            ConfigurationError, StoreUnavailable
        """
        async with self._asking:
            if self._server is None:
                self._server = await detect(self.client)
            return self._server

    async def project_id(self) -> str:
        """The id of the project the key belongs to."""
        if self._project is None:
            answer = await self.client.get("/api/public/projects")
            projects = answer.get("data") if isinstance(answer, dict) else None
            if not projects:
                raise StoreRejected(f"{self.client.base_url}: the key belongs to no project; make one in its settings")
            self._project = str(projects[0]["id"])
        return self._project

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`."""
        if start >= end:
            return
        is_v4 = (await self.server()).generation == "v4"
        older = legacy.list_roots(self.client, start, end, with_metadata=self._matches_metadata)
        async for page in self._roots.pages(start, end) if is_v4 else older:
            yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have steps in a range, but no root; the older generation always makes a trace."""
        if start >= end or (await self.server()).generation != "v4":
            return 0
        return await self._roots.count_rootless(start, end)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, or why one could not be read."""
        distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        if not keys:
            return {}
        if (await self.server()).generation == "v4":
            return await self._content.fetch(keys)
        return await legacy.fetch(self.client, keys)

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id."""
        if scores:
            await self._writer.write(scores, await self.server())

    async def read_scores(self, ids: Iterable[str]) -> Mapping[str, Score]:
        """The scores that the store shows under these ids."""
        wanted = distinct(ids, limit=READ_LIMIT)
        return await scores.read(self.client, wanted, await self.server()) if wanted else {}

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()
