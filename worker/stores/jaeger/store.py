"""Jaeger as a trace store: roots by its search, service by service, traces by id, results as back-dated spans."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from assay.worker.otlp.sending import ResultSender
from assay.worker.otlp.span_store import SpanStore
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.health import Check
from assay.worker.records.traces import TraceRoot
from assay.worker.stores.jaeger.client import JaegerClient
from assay.worker.stores.jaeger.examine import examine
from assay.worker.stores.jaeger.roots import DEPTH, Listing


class JaegerStore(SpanStore):
    """One Jaeger."""

    def __init__(self, client: JaegerClient, sender: ResultSender, *, project: str, depth: int = DEPTH) -> None:
        """Keep the parts. Nobody is asked yet.

        Args:
            client: reads.
            sender: sends results.
            project: its address.
            depth: traces in one answer of the search.
        """
        super().__init__(client, sender, project=project)
        self.client = client
        self.sender = sender
        self._depth = depth
        self._listing = Listing(client, depth=depth)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of the roots with `start <= root.start < end`, all of them or an error.

        Raises:
            StoreUnavailable
            StoreRejected: a service has more traces in one millisecond than the server gives.
        """
        async for page in self._listing.roots(start, end):
            yield page

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """How many traces have steps in a range, but no root.

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
            roots_per_request=self._depth,
            traces_per_request=1,
            scores_per_request=1,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn."""
        return examine(self, examination)
