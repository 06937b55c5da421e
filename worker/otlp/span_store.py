"""What stores that keep spans, and nothing but spans, have in common: whole traces, and scores as back-dated spans.

Such a store only appends. A rewritten score is another span beside the older one, and the last written counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.evaluations import same_trace, scores_in
from assay.worker.otlp.sending import ResultSender
from assay.worker.otlp.targets import span_bytes, trace_bytes
from assay.worker.otlp.traces import trace_of
from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreBusy,
    StoreError,
    StoreRejected,
    StoreUnavailable,
    TraceTooLarge,
)
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.store_clients.rows import fetched

AT_ONCE = 8
"""Requests for traces that are under way together."""
FETCH_S = 60.0
"""No trace of a batch is asked for later than this. A batch has 120 s, and is to be judged in them, too."""
MOST_ROOTS = 10_000
"""Root spans that are remembered, for scores that do not name theirs."""


class SpanSource(Protocol):
    """Where spans are read."""

    async def spans_of(self, trace_id: str) -> list[Span]:
        """All spans of a trace, in any order; none where it is not there.

        Raises:
            TraceTooLarge: it is there, but not given whole.
            StoreUnavailable, StoreRejected
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class SpanStore:
    """Whole traces from their spans; scores written as spans and found among them again."""

    def __init__(self, source: SpanSource, sender: ResultSender, *, project: str) -> None:
        """Keep the parts.

        Args:
            source: where spans are read.
            sender: where spans are sent.
            project: the store's stable id.
        """
        self._source = source
        self._sender = sender
        self._project = project
        self._roots: dict[str, str] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def project_id(self) -> str:
        """Where the store is, and whose part of it this is."""
        return self._project

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, at most 200 at once; those unknown, and those without a root, are absent.

        Raises:
            StoreUnavailable, StoreRejected: nothing could be read.
            ValueError: more than 200 ids.
        """
        ids = distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        until = time.monotonic() + FETCH_S
        read = dict(zip(ids, await asyncio.gather(*(self._fetched(trace_id, until) for trace_id in ids)), strict=True))
        errors = [error for error in read.values() if isinstance(error, StoreError)]
        if errors and len(errors) == len(read) and not any(isinstance(error, TraceTooLarge) for error in errors):
            raise errors[0]
        return {trace_id: trace for trace_id, trace in read.items() if trace is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write scores as spans; the last one wins where an id comes twice, in one call or in several.

        Raises:
            StoreUnavailable
            StoreRejected: a score that is none, or whose trace has no root here; the message names the trace.
        """
        last = list({score.id: score for score in scores}.values())
        roots = await self._roots_of({score.trace_id for score in last if not _has_parent(score)})
        await self._sender.send_spans(
            [
                score if _has_parent(score) else score.model_copy(update={"root_id": roots[score.trace_id]})
                for score in last
            ]
        )

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores under these keys, at most 100 at once; unknown ones are absent.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: more than 100 ids.
        """
        wanted = {key.id: key for key in keys}
        distinct(wanted, limit=READ_LIMIT)
        scores = await self._scores_of({key.trace_id for key in wanted.values()})
        shown = {score.id: (trace_id, score) for trace_id, of in scores.items() for score in of}
        return {
            score_id: shown[score_id][1].model_copy(update={"trace_id": key.trace_id})
            for score_id, key in wanted.items()
            if score_id in shown and same_trace(key.trace_id, shown[score_id][0])
        }

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]]:
        """Scores of rubrics, of these names and on these traces, by trace; None for names: of any.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: more than 100 traces.
        """
        wanted = distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        kept = {
            trace_id: [score for score in scores if _is_of_a_rubric(score) and (names is None or score.name in names)]
            for trace_id, scores in (await self._scores_of(wanted)).items()
        }
        return {trace_id: scores for trace_id, scores in kept.items() if scores}

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(self._source.close(), self._sender.close())

    async def _fetched(self, trace_id: str, until: float) -> Trace | StoreError | None:
        async with self._slots:
            if time.monotonic() > until:
                return StoreBusy("no time was left to fetch this with the rest", retry_after_s=1.0)
            try:
                spans = await self._source.spans_of(trace_id)
            except StoreAccessDenied:
                raise
            except (StoreUnavailable, StoreRejected) as exc:
                return exc
        trace = await in_thread(fetched, lambda: trace_of(spans), trace_id) if spans else None
        if isinstance(trace, Trace):
            self._remember(trace_id, trace.root.observation_id)
        return trace

    async def _scores_of(self, trace_ids: Iterable[str]) -> Mapping[str, list[Score]]:
        """The scores on each trace."""

        async def one_of(trace_id: str) -> list[Score]:
            async with self._slots:
                spans = await self._source.spans_of(trace_id)
            return await in_thread(scores_in, spans)

        ids = list(trace_ids)
        return dict(zip(ids, await asyncio.gather(*(one_of(trace_id) for trace_id in ids)), strict=True))

    async def _roots_of(self, trace_ids: Collection[str]) -> Mapping[str, str]:
        """The root span of each trace.

        Raises:
            StoreRejected: a trace has none here.
            StoreUnavailable
        """
        known = {trace_id: self._roots[trace_id] for trace_id in trace_ids if trace_id in self._roots}
        lost = sorted(set(trace_ids) - known.keys())
        until = time.monotonic() + FETCH_S
        for trace_id, trace in zip(
            lost, await asyncio.gather(*(self._fetched(trace_id, until) for trace_id in lost)), strict=True
        ):
            if isinstance(trace, StoreError):
                raise trace
            if trace is None:
                raise StoreRejected(f"trace {trace_id[:100]!a}: this store has no root span of it to hang scores on")
            known[trace_id] = trace.root.observation_id
        return known

    def _remember(self, trace_id: str, root_id: str) -> None:
        if len(self._roots) >= MOST_ROOTS:
            self._roots.pop(next(iter(self._roots)))
        self._roots[trace_id] = root_id


def hex_id(trace_id: str) -> str | None:
    """A trace id as stores of spans ask for it, 32 hex digits; None where it has no such form."""
    number = trace_bytes(trace_id)
    return None if number is None else number.hex()


def _has_parent(score: Score) -> bool:
    return bool(span_bytes(score.observation_id) or span_bytes(score.root_id))


def _is_of_a_rubric(score: Score) -> bool:
    return bool(score.metadata.get("rubric")) and bool(score.metadata.get("rubric_hash"))
