"""Vectors of an embedding model beside the judging of a batch. Whatever fails there, hashed vectors stay.

A batch's texts are sent while its traces are judged, in one request for each use case. After a failure nothing is sent
for a while, so that an endpoint that is away costs one time-out a minute and no trace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from assay.judges.models.call_context import calling_for
from assay.worker.flow.preparing import Prepared
from assay.worker.ports.embedder import Embedder
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import Transition

REST_S = 60.0
"""After a failure."""

MOST_TRACES = 32
"""Traces of one request: two texts each."""

log = structlog.get_logger(__name__)

Vectors = Mapping[str, TraceFacts]
"""Facts with a model's vectors, by trace id."""


class Embedding:
    """Has texts embedded. One for a process.

    Args:
        embedder: who makes the vectors.
        allowed: whether a use case's text may go there.
    """

    def __init__(self, embedder: Embedder, allowed: Callable[[str], bool]) -> None:
        self._embedder, self._allowed = embedder, allowed
        self._rests_until = 0.0
        self._under_way: set[asyncio.Task[Vectors]] = set()

    def begin(self, traces: Sequence[Prepared]) -> asyncio.Task[Vectors] | None:
        """Begin to embed what may be. None: nothing is, or it is not the time."""
        own = [trace for trace in traces if trace.facts.vectors_from and self._allowed(trace.entry.promise.use_case)]
        if not own or time.monotonic() < self._rests_until:
            return None
        task = asyncio.create_task(self._embedded(own))
        # Judgements that are cut off do not end it, and nobody else holds it.
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _embedded(self, traces: Sequence[Prepared]) -> Vectors:
        by_use_case: dict[str, list[Prepared]] = {}
        for trace in traces:
            by_use_case.setdefault(trace.entry.promise.use_case, []).append(trace)
        facts: dict[str, TraceFacts] = {}
        try:
            for use_case, own in by_use_case.items():
                for at in range(0, len(own), MOST_TRACES):
                    with calling_for(use_case=use_case):
                        facts |= await self._of(own[at : at + MOST_TRACES])
        except Exception as exc:  # noqa: BLE001  # vectors are worth no trace
            self._rests_until = time.monotonic() + REST_S
            log.warning("embedding.failed", error=f"{type(exc).__name__}: {exc}"[:200], rest_s=REST_S)
        return facts

    async def _of(self, traces: Sequence[Prepared]) -> Vectors:
        parts = [
            (trace, name, text)
            for trace in traces
            for name, text in (
                ("question_vector", trace.shown.sample.question),
                ("answer_vector", trace.shown.sample.response),
            )
            if text.strip()
        ]
        vectors = await self._embedder.vectors([text for *_, text in parts])
        own: dict[str, dict[str, str | None]] = {}
        for (trace, name, _), vector in zip(parts, vectors, strict=True):
            none = {"question_vector": None, "answer_vector": None, "vectors_from": self._embedder.name}
            own.setdefault(trace.entry.trace_id, dict(none))[name] = vector
        return {
            trace.entry.trace_id: trace.facts.model_copy(update=own[trace.entry.trace_id])
            for trace in traces
            if trace.entry.trace_id in own
        }


async def with_vectors(change: Transition, task: asyncio.Task[Vectors] | None) -> Transition:
    """A judged trace with its model's vectors, as soon as they are there."""
    if task is None or change.particulars is None:
        return change
    await asyncio.wait({task})  # to wait for the task itself would end it for all, where one is cut off
    facts = task.result().get(change.trace_id)
    if facts is None:
        return change
    return change.model_copy(update={"particulars": change.particulars.model_copy(update={"facts": facts})})
