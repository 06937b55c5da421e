"""One experiment of an MLflow server as a trace store. Nothing is asked before the first call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from assay.judges.errors import ConfigurationError
from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.stores.mlflow import fetching, listing
from assay.worker.stores.mlflow.assessments import scores_in
from assay.worker.stores.mlflow.client import MlflowClient, NotThere
from assay.worker.stores.mlflow.examine import examine
from assay.worker.stores.mlflow.writing import ScoreWriter, read_infos

EXPERIMENT = "/api/2.0/mlflow/experiments/get"
GRACE_S = 20.0
"""A write that has begun is ended before its caller is cancelled, for so long at most: half of it would be seen."""


class MlflowStore:
    """Traces of one experiment, and scores on them as assessments."""

    def __init__(self, client: MlflowClient, *, experiment: str) -> None:
        self.client = client
        self.named = experiment
        self._experiment: str | None = None
        self._asking = asyncio.Lock()
        self._writer = ScoreWriter(client)

    async def project_id(self) -> str:
        """The experiment's id. It stays when the experiment is renamed.

        Raises:
            StoreUnavailable, StoreRejected
            ConfigurationError: there is no such experiment.
        """
        async with self._asking:
            if self._experiment is None:
                self._experiment = await self._find()
            return self._experiment

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, in order of time. MLflow tells no root span's id here."""
        if start >= end:
            return
        async for page in listing.pages_of_roots(self.client, await self.project_id(), start, end):
            yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces in a range are unfinished: their root span has not come."""
        if start >= end:
            return 0
        return await listing.count_unfinished(self.client, await self.project_id(), start, end)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, at most 200 at once."""
        return await fetching.fetch(self.client, distinct((key.trace_id for key in keys), limit=FETCH_LIMIT))

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id. What has begun is ended, also where the caller is cancelled.

        Raises:
            StoreUnavailable, StoreRejected
        """
        if not scores:
            return
        writing = asyncio.ensure_future(self._writer.write(scores))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=GRACE_S)
            if writing.done() and not writing.cancelled():
                writing.exception()  # looked at: the caller is gone, and writes again
            raise

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores under these keys, at most 100 at once."""
        wanted = list(keys)
        ids = set(distinct((key.id for key in wanted), limit=READ_LIMIT))
        infos = await read_infos(self.client, (key.trace_id for key in wanted))
        return {score.id: score for score in scores_in(infos.values()) if score.id in ids}

    async def scored_traces(self, keys: Sequence[TraceKey], names: Sequence[str] | None) -> Mapping[str, list[Score]]:
        """Scores of rubrics, of these names and on these traces, by trace; None for names: of any."""
        ids = distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        scored: dict[str, list[Score]] = {}
        for score in scores_in((await read_infos(self.client, ids)).values()):
            is_of_rubric = {"rubric", "rubric_hash"} <= set(score.metadata)
            if is_of_rubric and (names is None or score.name in names):
                scored.setdefault(score.trace_id, []).append(score)
        return scored

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        """The address of a trace's page. MLflow has no address for a span of it."""
        page = f"{self.client.base_url}/#/experiments/{quote(await self.project_id(), safe='')}/traces"
        return f"{page}?selectedEvaluationId={quote(trace_id, safe='', errors='replace')}"

    async def request_budget(self) -> RequestBudget:
        """What one minute allows. Each score is a request, so most of the requests are for writing."""
        quota = self.client.quota
        return RequestBudget(
            reads_per_minute=quota.share(0.3),
            writes_per_minute=quota.share(0.7),
            roots_per_request=listing.PAGE,
            traces_per_request=fetching.PER_REQUEST,
            scores_per_request=1,
        )

    async def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Everything that `assay doctor` asks of an experiment."""
        async for check in examine(self, examination):
            yield check

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _find(self) -> str:
        """The experiment by its name, or else by its id."""
        for path, query in (
            (f"{EXPERIMENT}-by-name", [("experiment_name", self.named)]),
            *([(EXPERIMENT, [("experiment_id", self.named)])] if self.named.isdecimal() else []),
        ):
            try:
                answer = await self.client.get(path, query)
                return str(answer["experiment"]["experiment_id"])
            except NotThere:
                continue
            except (KeyError, TypeError) as exc:
                words = f"{self.client.base_url}{path}: no experiment in the answer; is this an MLflow server?"
                raise StoreUnavailable(words) from exc
        raise ConfigurationError(
            f"{self.client.base_url}: no experiment {self.named!a}; mend store.experiment in assay.yaml, or "
            "MLFLOW_EXPERIMENT_NAME"
        )
