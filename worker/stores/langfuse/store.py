"""Langfuse as an `assay.worker.ports.store.Store`: finds out which server it is, then hands each call on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.clock import Clock, SystemClock
from assay.worker.ports.health import Check
from assay.worker.ports.locks import Locks
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey, ScoreSpec, SessionScore
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.stores.langfuse import metrics, score_reads, scored_traces, scores
from assay.worker.stores.langfuse.client import LangfuseClient, RouteMissing
from assay.worker.stores.langfuse.configs import ScoreConfigs
from assay.worker.stores.langfuse.datasets import LangfuseDatasets
from assay.worker.stores.langfuse.examine import examine, is_migrating
from assay.worker.stores.langfuse.experiments import LangfuseExperiments
from assay.worker.stores.langfuse.links import trace_page
from assay.worker.stores.langfuse.quotas import HEADROOM
from assay.worker.stores.langfuse.reviews import LangfuseReviewQueues
from assay.worker.stores.langfuse.server import Server, detect
from assay.worker.stores.langfuse.v3 import roots as v3_roots
from assay.worker.stores.langfuse.v3 import traces as v3_traces
from assay.worker.stores.langfuse.v4 import roots as v4_roots
from assay.worker.stores.langfuse.v4.roots import RootLister
from assay.worker.stores.langfuse.v4.traces import ContentReader

log = structlog.get_logger(__name__)


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
        self._clock = clock = clock or SystemClock()
        keys = tuple(root_metadata)
        self._roots = RootLister(client, metadata_keys=keys)
        self._older_roots = v3_roots.OlderRootLister(client, with_metadata=bool(keys))
        self._content = ContentReader(client, metadata_keys=content_metadata)
        self._whole_content = ContentReader(client, every_key=True)
        self._writer = scores.ScoreWriter(client, ScoreConfigs(client, specs, locks, clock=clock), clock)
        self.review_queues = LangfuseReviewQueues(client, self.server)
        self.datasets = LangfuseDatasets(client)
        self.experiments = LangfuseExperiments(self)
        self._server: Server | None = None
        self._was_known = False
        self._project: str | None = None
        self._asking = asyncio.Lock()

    async def server(self) -> Server:
        """What this server is; asked once, and again after a route turned out to be gone.

        Raises:
            ConfigurationError, StoreUnavailable
        """
        async with self._asking:
            if self._server is None:
                self._server = await self._detect()
                self._was_known = True
            return self._server

    async def _detect(self) -> Server:
        try:
            return await detect(self.client)
        except ConfigurationError as exc:
            if not self._was_known:
                raise
            # It worked before with these settings: it is being upgraded, and work waits for it.
            raise StoreUnavailable(str(exc)) from exc

    @contextmanager
    def _routes_may_go(self) -> Iterator[None]:
        """A server may be upgraded under a running process: where a route is gone, everything is found out anew."""
        try:
            yield
        except RouteMissing as exc:
            self._forget(exc)
            raise

    def _forget(self, error: RouteMissing) -> None:
        log.warning("langfuse.route_missing", error=str(error)[:200])
        self._server = None
        self._writer.forget()

    async def project_id(self) -> str:
        """The id of the project the key belongs to."""
        if self._project is None:
            answer = await self.client.get("/api/public/projects")
            projects = answer.get("data") if isinstance(answer, dict) else None
            if not projects:
                raise StoreRejected(f"{self.client.base_url}: the key belongs to no project; make one in its settings")
            self._project = str(projects[0]["id"])
        return self._project

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        """The address of a trace's page."""
        return trace_page(self.client.base_url, await self.project_id(), trace_id, observation_id)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`."""
        if start >= end:
            return
        lister = self._roots if (await self.server()).generation == "v4" else self._older_roots
        with self._routes_may_go():
            async for page in lister.pages(start, end):
                yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have steps in a range, but no root; the older generation always makes a trace."""
        if start >= end or (await self.server()).generation != "v4":
            return 0
        with self._routes_may_go():
            return await self._roots.count_rootless(start, end)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, or why one could not be read."""
        return await self._fetch(keys, self._content)

    async def fetch_whole(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """The same with every value of the metadata whole, at the cost of more requests."""
        return await self._fetch(keys, self._whole_content)

    async def _fetch(self, keys: Sequence[TraceKey], reader: ContentReader) -> Mapping[str, Fetched]:
        distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        if not keys:
            return {}
        is_v4 = (await self.server()).generation == "v4"
        with self._routes_may_go():
            fetched = await (reader.fetch(keys) if is_v4 else v3_traces.fetch(self.client, keys))
        # What could not be read is told for each trace, and does not come as an exception.
        gone = next((error for error in fetched.values() if isinstance(error, RouteMissing)), None)
        if gone is not None:
            self._forget(gone)
        return fetched

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id."""
        if scores:
            server = await self.server()
            with self._routes_may_go():
                await self._writer.write(scores, server)

    async def write_session_scores(self, scores: Sequence[SessionScore]) -> None:
        """Write or overwrite scores of sessions by id."""
        if scores:
            server = await self.server()
            with self._routes_may_go():
                await self._writer.write(scores, server)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that the store shows under these ids."""
        wanted = distinct((key.id for key in keys), limit=READ_LIMIT)
        if not wanted:
            return {}
        server = await self.server()
        with self._routes_may_go():
            return await score_reads.read(self.client, wanted, server)

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, list[Score]] | None:
        """Scores of rubrics, of these names and on these traces; None where this server cannot tell."""
        distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        if not keys or (names is not None and not names):
            return {}
        server = await self.server()
        with self._routes_may_go():
            return await scored_traces.read(self.client, keys, names, server, self._clock.now())

    async def count_roots(self, start: datetime, end: datetime) -> int | None:
        """Roots by the metrics API, which the older generation does not have."""
        if (await self.server()).generation != "v4":
            return None
        return await metrics.count_roots(self.client, start, end)

    async def request_budget(self) -> RequestBudget:
        """What the plan allows in a minute. The older generation is asked in smaller pages, and trace by trace."""
        plan, is_v4 = self.client.plan, (await self.server()).generation == "v4"
        return RequestBudget(
            reads_per_minute=max(1, math.floor(HEADROOM * (plan.general if is_v4 else plan.legacy))),
            writes_per_minute=max(1, math.floor(HEADROOM * plan.ingestion)),
            roots_per_request=v4_roots.PAGE if is_v4 else v3_roots.PAGE,
            traces_per_request=10 if is_v4 else 1,
            scores_per_request=READ_LIMIT,
        )

    async def why_late(self) -> str:
        """A server in migration shows traces of older SDKs late."""
        return "a server in migration shows older SDKs' traces" if await is_migrating(self) else ""

    async def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Everything that `assay doctor` asks of a project."""
        async for check in examine(self, examination):
            yield check

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()
