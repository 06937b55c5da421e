"""Writing evaluations. Datadog adds each one to those that are there, so what is shown already is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from assay.worker.ports.clock import Clock
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.stores.datadog.connection import DatadogConnection
from assay.worker.stores.datadog.evaluations import checked, is_shown_as, metric_of, scores_in
from assay.worker.stores.datadog.quotas import METRICS_PER_REQUEST
from assay.worker.stores.datadog.targets import Targets, places_of

INTAKE = "/api/intake/llm-obs/v2/eval-metric"


class EvaluationWriter:
    """Writes scores. What has begun is ended, even if nobody waits for it: half a verdict would be shown else."""

    def __init__(self, connection: DatadogConnection, targets: Targets, ml_app: str, clock: Clock) -> None:
        self._connection = connection
        self._targets = targets
        self._ml_app = ml_app
        self._clock = clock
        self._open: set[asyncio.Task[None]] = set()
        self._left: set[asyncio.Task[None]] = set()

    async def write(self, scores: Sequence[Score]) -> None:
        """Write scores; of an id that comes twice, the last. To write them once more adds nothing that is shown.

        Raises:
            StoreUnavailable: a trace is not shown yet, or the server took a part. The others are written.
            StoreRejected
        """
        latest = list(checked(scores).values())
        spans = await self._targets.find(places_of(latest))
        shown = {score.id: score for span in spans.values() for score in scores_in(span)}
        now = self._clock.now()
        metrics, absent = [], []
        for score in latest:
            span = spans.get((score.trace_id, score.observation_id))
            if span is None:
                absent.append(score.trace_id)
            elif not is_shown_as(shown.get(score.id), score):
                metrics.append(metric_of(score, span, self._ml_app, now))
        await self._to_the_end(metrics)
        if absent:
            raise StoreUnavailable(f"Datadog: traces not shown: {len(set(absent))}, the first is {absent[0]!a}")

    async def settled(self) -> None:
        """Wait for what is written although nobody waits for it any more."""
        if self._left:
            await asyncio.wait(tuple(self._left))

    async def ended(self) -> None:
        """Wait for all that is being written."""
        if self._open:
            await asyncio.wait(tuple(self._open))

    async def _to_the_end(self, metrics: Sequence[dict[str, Any]]) -> None:
        writing = asyncio.create_task(self._send(metrics))
        self._open.add(writing)
        writing.add_done_callback(self._ended)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            if not writing.done():
                self._left.add(writing)
            raise

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: whoever asked may have gone

    async def _send(self, metrics: Sequence[dict[str, Any]]) -> None:
        for at in range(0, len(metrics), METRICS_PER_REQUEST):
            chunk = metrics[at : at + METRICS_PER_REQUEST]
            body = {"data": {"type": "evaluation_metric", "attributes": {"metrics": chunk}}}
            answer = await self._connection.ask(INTAKE, body, content_type="application/json")
            taken = _taken(answer)
            if taken is not None and taken < len(chunk):
                raise StoreUnavailable(f"{self._connection.address}{INTAKE}: {taken} of {len(chunk)} scores were taken")


def _taken(answer: Any) -> int | None:
    """How many evaluations an answer names; None where it names none at all."""
    attributes = ((answer.get("data") or {}).get("attributes") or {}) if isinstance(answer, dict) else {}
    metrics = attributes.get("metrics")
    return len(metrics) if isinstance(metrics, list) else None
