"""Grafana Tempo as a trace store: roots by its search, traces by id, results as back-dated spans."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from assay.worker.otlp.sending import ResultSender
from assay.worker.otlp.span_store import SpanStore
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.records.traces import TraceRoot
from assay.worker.stores.tempo.client import TempoClient
from assay.worker.stores.tempo.examine import examine
from assay.worker.stores.tempo.roots import LIMIT, Listing


class TempoStore(SpanStore):
    """One tenant of one Tempo."""

    def __init__(
        self,
        client: TempoClient,
        sender: ResultSender,
        *,
        project: str,
        root_metadata: Collection[str] = (),
        limit: int = LIMIT,
    ) -> None:
        """Keep the parts. Nobody is asked yet.

        Args:
            client: reads.
            sender: sends results.
            project: address and tenant.
            root_metadata: keys that selection looks at.
            limit: traces in one answer of the search.
        """
        super().__init__(client, sender, project=project)
        self.client = client
        self.sender = sender
        self._limit = limit
        self._listing = Listing(client, root_metadata, limit=limit)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of the roots with `start <= root.start < end`, all of them or an error.

        Raises:
            StoreUnavailable
            StoreRejected: more traces run in one second than the server gives at once.
        """
        async for page in self._listing.roots(start, end):
            yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces ran in a range whose root did not come.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return await self._listing.count_rootless(start, end)

    async def request_budget(self) -> RequestBudget:
        """What one minute allows. A trace takes a request."""
        amount = int(self.client.connection.limit.amount)
        return RequestBudget(
            reads_per_minute=amount,
            writes_per_minute=amount,
            roots_per_request=self._limit,
            traces_per_request=1,
            scores_per_request=1,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn."""
        return examine(self, examination)
