"""Datadog as an `assay.worker.ports.store.Store`: spans of one application, and evaluations of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, RequestBudget
from assay.worker.ports.clock import Clock, SystemClock
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceKey, TraceRoot
from assay.worker.store_clients.rows import listed
from assay.worker.stores.datadog import quotas, traces
from assay.worker.stores.datadog.codec import bare, root_of
from assay.worker.stores.datadog.connection import DatadogConnection
from assay.worker.stores.datadog.evaluation_writer import EvaluationWriter
from assay.worker.stores.datadog.examine import examine
from assay.worker.stores.datadog.spans import SpanSearch, Wanted, is_root
from assay.worker.stores.datadog.targets import Targets, places_of

_ROOTLESS_ROWS = 1000
"""Spans that are looked at for roots that never came. "About how many" is asked."""
_EARLIER = timedelta(hours=1)
"""How long before a step its root may have begun."""


class DatadogStore:
    """Traces and scores of one application. Nothing is asked before the first call."""

    def __init__(
        self,
        search: DatadogConnection,
        intake: DatadogConnection,
        *,
        site: str,
        ml_app: str,
        clock: Clock | None = None,
    ) -> None:
        self.address, self.site, self.ml_app = search.address, site, ml_app
        self.spans = SpanSearch(search, ml_app)
        self._search, self._intake = search, intake
        self._targets = Targets(self.spans)
        self._writer = EvaluationWriter(intake, self._targets, ml_app, clock or SystemClock())

    async def project_id(self) -> str:
        """Site and application. Datadog tells these keys no id of their organization."""
        return f"{self.site}/{self.ml_app}"

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`."""
        if start >= end:
            return
        async for spans in self.spans.roots(Wanted(start, end, quotas.ROOTS_PER_PAGE)):
            page = [root for root in listed(spans, root_of, bare) if start <= root.start < end]
            if kept := [root for root in page if root.environment != OWN_ENVIRONMENT]:
                yield kept

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces have steps in a range, but no root: 1,000 spans are looked at.

        Raises:
            StoreUnavailable, StoreRejected
        """
        if start >= end:
            return 0
        rooted: set[str] = set()
        seen: set[str] = set()
        async for spans in self.spans.all_spans(Wanted(start, end, _ROOTLESS_ROWS)):
            seen = {str(span.get("trace_id")) for span in spans}
            rooted = {str(span.get("trace_id")) for span in spans if is_root(span)}
            break
        unknown = sorted(seen - rooted)
        for at in range(0, len(unknown), quotas.TRACES_PER_SEARCH):
            some = unknown[at : at + quotas.TRACES_PER_SEARCH]
            async for spans in self.spans.of_traces(some, Wanted(start - _EARLIER, end, _ROOTLESS_ROWS), only=()):
                rooted |= {str(span.get("trace_id")) for span in spans}
        return len(seen - rooted)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, or why one could not be read."""
        distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        return await traces.fetch(self.spans, keys) if keys else {}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write scores. Of those with one id the one written last is shown."""
        if scores:
            await self._writer.write(scores)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that Datadog shows under these ids."""
        wanted = list(keys)
        ids = set(distinct((key.id for key in wanted), limit=READ_LIMIT))
        if not wanted:
            return {}
        await self._writer.settled()
        shown = await self._targets.scores(places_of(wanted))
        return {score_id: score for score_id, score in shown.items() if score_id in ids}

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, list[Score]] | None:
        """Scores of rubrics, of these names and on the roots of these traces, by trace."""
        distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        if not keys or (names is not None and not names):
            return {}
        scored: dict[str, list[Score]] = {}
        for score in (await self._targets.scores(places_of(keys))).values():
            is_wanted = names is None or score.name in names
            if is_wanted and {"rubric", "rubric_hash"} <= score.metadata.keys():
                scored.setdefault(score.trace_id, []).append(score)
        return scored

    async def request_budget(self) -> RequestBudget:
        """What one minute allows. Scores of up to 25 traces are read in one search."""
        return RequestBudget(
            reads_per_minute=round(self._search.limit.amount),
            writes_per_minute=round(self._intake.limit.amount),
            roots_per_request=quotas.ROOTS_PER_PAGE,
            traces_per_request=quotas.TRACES_PER_SEARCH,
            scores_per_request=quotas.METRICS_PER_REQUEST,
        )

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """What `assay doctor` wants to know."""
        return examine(self, examination)

    async def close(self) -> None:
        """Finish what is being written, and close the connections."""
        await self._writer.ended()
        await self._search.close()
        await self._intake.close()
