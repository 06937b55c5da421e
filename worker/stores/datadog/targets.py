"""The spans that scores hang on: the root of a trace, or the step that a score names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey
from assay.worker.stores.datadog.evaluations import scores_in
from assay.worker.stores.datadog.quotas import SPANS_PER_PAGE, TRACES_PER_SEARCH
from assay.worker.stores.datadog.spans import Span, SpanSearch, Wanted, is_root

BEFORE, AFTER = timedelta(minutes=10), timedelta(days=1)
"""Around a trace's start. Which moment of a span a search goes by is told nowhere."""


class Place(NamedTuple):
    """Where a score hangs: a trace, perhaps a step of it, and when the trace began."""

    trace_id: str
    start: datetime
    observation_id: str | None = None


def places_of(scores: Iterable[Score | ScoreKey | TraceKey]) -> list[Place]:
    """The places of scores, of their keys, or of whole traces."""
    places = []
    for scored in scores:
        start = scored.timestamp if isinstance(scored, Score) else scored.start
        places.append(Place(scored.trace_id, start, None if isinstance(scored, TraceKey) else scored.observation_id))
    return places


class Targets:
    """Finds spans, with the evaluations that they show."""

    def __init__(self, search: SpanSearch) -> None:
        self._search = search

    async def find(self, places: Iterable[Place]) -> Mapping[tuple[str, str | None], Span]:
        """Spans by trace and step; without a step it is the root. Those that are not shown are absent.

        Raises:
            StoreUnavailable, StoreRejected
        """
        spans: dict[tuple[str, str | None], Span] = {}
        for group in _groups(places):
            steps = sorted({place.observation_id for place in group if place.observation_id})
            start, end = min(place.start for place in group) - BEFORE, max(place.start for place in group) + AFTER
            ids = list(dict.fromkeys(place.trace_id for place in group))
            async for page in self._search.of_traces(ids, Wanted(start, end, SPANS_PER_PAGE), only=steps):
                for span in page:
                    spans[str(span["trace_id"]), str(span.get("span_id"))] = span
                    if is_root(span):
                        spans[str(span["trace_id"]), None] = span
        return spans

    async def scores(self, places: Iterable[Place]) -> dict[str, Score]:
        """The scores that are shown on spans, by id.

        Raises:
            StoreUnavailable, StoreRejected
        """
        spans = (await self.find(places)).values()
        return {score.id: score for span in spans for score in scores_in(span)}


def _groups(places: Iterable[Place]) -> Iterator[Sequence[Place]]:
    """Places of so many traces, near each other in time."""
    group: list[Place] = []
    traces: set[str] = set()
    for place in sorted(set(places), key=lambda place: (place.start, place.trace_id)):
        if place.trace_id not in traces and len(traces) == TRACES_PER_SEARCH:
            yield group
            group, traces = [], set()
        group.append(place)
        traces.add(place.trace_id)
    if group:
        yield group
