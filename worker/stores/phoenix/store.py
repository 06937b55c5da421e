"""Phoenix as an `assay.worker.ports.store.Store`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey, SessionScore
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.stores.phoenix.client import PhoenixClient
from assay.worker.stores.phoenix.examine import examine
from assay.worker.stores.phoenix.reading import ROOT_PAGE, TRACES_AT_ONCE, SpanReader
from assay.worker.stores.phoenix.scores import Annotations


class PhoenixStore:
    """Traces and annotations of one Phoenix project. Nothing is asked before the first call."""

    def __init__(self, client: PhoenixClient) -> None:
        self.client = client
        self.annotations = Annotations(client)
        self._spans = SpanReader(client)
        self._project: str | None = None

    async def project_id(self) -> str:
        """The server's id of the project, which stays when the project is renamed.

        Raises:
            StoreUnavailable: also where there is no such project yet.
            StoreRejected
        """
        if self._project is None:
            answer = await self.client.get(self.client.project_path)
            project = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(project, dict) or not isinstance(project.get("id"), str):
                words = f"{self.client.base_url}{self.client.project_path}: no project in the answer; is this Phoenix?"
                raise StoreUnavailable(words)
            self._project = project["id"]
        return self._project

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        """The address of a trace's page, with a step of it chosen where one is named."""
        # Phoenix's pages have ids of its own; these two lead there from OpenTelemetry's.
        page = f"spans/{_quoted(observation_id)}" if observation_id else f"traces/{_quoted(trace_id)}"
        return f"{self.client.base_url}/redirects/{page}"

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, latest arrival first."""
        if start >= end:
            return
        async for page in self._spans.roots(start, end):
            yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces that began in a range have no span without a parent."""
        return 0 if start >= end else await self._spans.count_rootless(start, end)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, or why one could not be read."""
        ids = distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        return await self._spans.traces(ids) if ids else {}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id."""
        if scores:
            await self.annotations.write(scores)

    async def write_session_scores(self, scores: Sequence[SessionScore]) -> None:
        """Write or overwrite scores of sessions by id."""
        if scores:
            await self.annotations.write_sessions(scores)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that the store shows under these keys."""
        by_id = {key.id: key for key in keys}
        wanted = distinct(by_id, limit=READ_LIMIT)
        return await self.annotations.read([by_id[score_id] for score_id in wanted]) if wanted else {}

    async def scored_traces(self, keys: Sequence[TraceKey], names: Sequence[str] | None) -> Mapping[str, list[Score]]:
        """Scores of rubrics, of these names or of any, on these traces and on their root spans."""
        ids = distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        if not ids or (names is not None and not names):
            return {}
        return await self.annotations.of_traces(ids, await self._spans.root_spans(ids), names)

    async def request_budget(self) -> RequestBudget:
        """What assay.yaml allows; Phoenix itself tells no limit."""
        return RequestBudget(
            reads_per_minute=self.client.requests_per_minute,
            writes_per_minute=self.client.requests_per_minute,
            roots_per_request=ROOT_PAGE,
            traces_per_request=TRACES_AT_ONCE,
            scores_per_request=READ_LIMIT,
        )

    async def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Everything that `assay doctor` asks of a project."""
        async for check in examine(self, examination):
            yield check

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
