"""Reconcile: what is overdue is published again, once, and not into a full queue."""

from __future__ import annotations

from assay.worker.flow.reconcile import FULL_QUEUE
from assay.worker.records.messages import AssessMessage
from tests.unit.worker.flow.pipeline import Line, traces


def test_lost_message_is_published_again_once_per_deadline() -> None:
    line = Line(traces(20))
    assert line.reconcile(after_s=60) == []
    again = line.reconcile(after_s=61)
    assert [len(m.items) for m in again if isinstance(m, AssessMessage)] == [16, 4]
    assert line.reconcile(after_s=5) == []


def test_reconciler_waits_while_the_queue_is_full() -> None:
    line = Line(traces(1))

    async def depth(queue: str) -> int:
        return FULL_QUEUE

    line.state.deliveries.queue_depth = depth  # type: ignore[method-assign]
    assert line.reconcile(after_s=500) == []
