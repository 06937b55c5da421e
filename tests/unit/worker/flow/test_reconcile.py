"""Reconcile and release: what is overdue comes back, once."""

from __future__ import annotations

from assay.worker.records.messages import AssessMessage, RecordMessage
from tests.unit.worker.flow.pipeline import Line, traces


def test_lost_message_is_published_again_once_per_deadline() -> None:
    line = Line(traces(20))
    assert line.reconcile(after_s=60) == []
    again = line.reconcile(after_s=61)
    assert [len(m.items) for m in again if isinstance(m, AssessMessage)] == [16, 4]
    assert line.reconcile(after_s=5) == []


def test_judged_traces_whose_recording_was_lost_are_published_again() -> None:
    line = Line(traces(3))
    line.assess()
    line.published.clear()
    again = line.reconcile(after_s=61)
    assert [len(m.trace_ids) for m in again if isinstance(m, RecordMessage)] == [3]
