"""LangSmith as an `assay.worker.ports.store.Store`: one tracing project, its runs, and feedback on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.clock import Clock, SystemClock
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceKey, TraceRoot
from assay.worker.store_clients.rows import listed
from assay.worker.stores.langsmith import quotas
from assay.worker.stores.langsmith.codec import bare, root_of, uuid_of
from assay.worker.stores.langsmith.connection import MISSING, LangSmithConnection, json_of
from assay.worker.stores.langsmith.examine import examine
from assay.worker.stores.langsmith.feedback_reads import FeedbackReader
from assay.worker.stores.langsmith.feedback_writer import FeedbackWriter
from assay.worker.stores.langsmith.runs import ROOT_FIELDS, RunQueries, Wanted
from assay.worker.stores.langsmith.traces import TraceFetcher

_ROOTLESS_ROWS = 1000
"""Steps that are looked at for roots that never came. "About how many" is asked."""


class LangSmithStore:
    """Traces and scores of one tracing project. Nothing is asked before the first call."""

    def __init__(
        self,
        queries: LangSmithConnection,
        feedback: LangSmithConnection,
        *,
        project: str,
        clock: Clock | None = None,
    ) -> None:
        self.address, self.project = queries.address, project
        self.runs = RunQueries(queries)
        self._queries, self._feedback = queries, feedback
        self._traces = TraceFetcher(self.runs)
        self._writer = FeedbackWriter(feedback, clock or SystemClock())
        self._reader = FeedbackReader(feedback)
        self._project_id: str | None = None

    async def project_id(self) -> str:
        """The id of the tracing project; LangSmith calls it a session.

        Raises:
            StoreUnavailable
            StoreRejected: there is no such project.
        """
        if self._project_id is None:
            self._project_id = await self._find_project()
        return self._project_id

    async def _find_project(self) -> str:
        by_id = uuid_of(self.project)
        if by_id is not None:
            answer = await self._feedback.get(f"/api/v1/sessions/{by_id}")
            sessions = [] if answer.status in MISSING else [json_of(answer)]
        else:
            query = (("name", self.project), ("limit", "1"), ("include_stats", "false"))
            sessions = json_of(await self._feedback.get("/api/v1/sessions", query)) or []
        if not isinstance(sessions, list) or not all(isinstance(s, dict) and s.get("id") for s in sessions):
            raise StoreUnavailable(f"{self.address}/api/v1/sessions: a project without an id; is this LangSmith?")
        for session in sessions:
            if isinstance(session, dict) and (by_id or session.get("name") == self.project):
                return str(session["id"])
        raise StoreRejected(
            f"{self.address}: there is no tracing project {self.project!a}; it is made by the first trace. Name "
            "another one by LANGSMITH_PROJECT, or by store.project in assay.yaml"
        )

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`."""
        if start >= end:
            return
        wanted = Wanted(start, end, ROOT_FIELDS, is_root=True, size=quotas.ROOTS_PER_QUERY)
        async for rows in self.runs.pages(await self.project_id(), wanted):
            # Whether a server takes its bounds as within or without is told nowhere.
            page = [root for root in listed(rows, root_of, bare) if start <= root.start < end]
            if kept := [root for root in page if root.environment != OWN_ENVIRONMENT]:
                yield kept

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have steps in a range, but no root: the newest 1,000 steps are looked at.

        Raises:
            StoreUnavailable, StoreRejected
        """
        if start >= end:
            return 0
        project, fields = await self.project_id(), ("ID", "TRACE_ID")
        steps = Wanted(start, end, fields, is_root=False, size=_ROOTLESS_ROWS)
        async for rows in self.runs.pages(project, steps):
            ids = {str(row["trace_id"]) for row in rows if row.get("trace_id")}
            break
        else:
            return 0
        rooted: set[str] = set()
        for at in range(0, len(ids), quotas.RUNS_PER_QUERY):
            some = tuple(sorted(ids)[at : at + quotas.RUNS_PER_QUERY])
            roots = Wanted(start - self._traces.before, end, fields, is_root=True, run_ids=some)
            async for rows in self.runs.pages(project, roots):
                rooted |= {str(row.get("id")) for row in rows}
        return len(ids - rooted)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, or why one could not be read."""
        distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        return await self._traces.fetch(await self.project_id(), keys) if keys else {}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id."""
        if scores:
            await self._writer.write(scores, self.project_id)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that LangSmith shows under these ids."""
        wanted = list(keys)
        ids = set(distinct((key.id for key in wanted), limit=READ_LIMIT))
        if not wanted:
            return {}
        await self._writer.settled(ids)
        runs = (uuid_of(key.observation_id or key.trace_id) for key in wanted)
        shown = await self._reader.read(await self.project_id(), [run for run in runs if run], wanted=ids)
        return {score_id: score for score_id, score in shown.items() if score_id in ids}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, list[Score]] | None:
        """Scores of rubrics, of these names and on the roots of these traces, by trace."""
        given = {uuid_of(key.trace_id): key.trace_id for key in keys}
        distinct(given.values(), limit=READ_LIMIT)
        runs = [run for run in given if run]
        if not runs or (names is not None and not names):
            return {}
        shown = await self._reader.read(await self.project_id(), runs, names=names)
        scored: dict[str, list[Score]] = {}
        for score in shown.values():
            trace_id = given.get(score.trace_id)
            if trace_id is not None and {"rubric", "rubric_hash"} <= score.metadata.keys():
                scored.setdefault(trace_id, []).append(score)
        return scored

    async def request_budget(self) -> RequestBudget:
        """What one minute allows. Each score is a request of its own."""
        queries, feedback = (
            round(limit.amount * 60 / limit.period_s) for limit in (self._queries.limit, self._feedback.limit)
        )
        return RequestBudget(
            reads_per_minute=queries,
            writes_per_minute=feedback,
            roots_per_request=quotas.ROOTS_PER_QUERY,
            traces_per_request=quotas.TRACES_PER_QUERY,
            scores_per_request=1,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """What `assay doctor` wants to know."""
        return examine(self, examination)

    async def close(self) -> None:
        """Finish what is being written, and close the connections."""
        await self._writer.ended()
        await self._queries.close()
        await self._feedback.close()
