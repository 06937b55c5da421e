"""What users say of answers, where the trace store has it: which complaints a sweep adds, and what the record keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.opinion_record import OpinionRecord
from assay.worker.ports.reviews import WithReviewQueues

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def feedback_sweep(runtime: Runtime) -> FeedbackSweep | None:
    """Adds what users complained about. None where the store has no such scores."""
    store, state = runtime.store, runtime.state
    if not isinstance(store, WithReviewQueues):
        return None
    record = _opinion_record(runtime)
    return FeedbackSweep(store.review_queues, store, state.windows, state.key_values, runtime.deployment, record)


def _opinion_record(runtime: Runtime) -> OpinionRecord | None:
    """Takes opinions. None where the record cannot be opened: who writes rows tells of it."""
    try:
        writer = runtime.history.writer
    except ConfigurationError:
        return None
    deployment = runtime.deployment
    return OpinionRecord(writer, runtime.store, deployment.store.kind, deployment.use_cases, runtime.state.key_values)
