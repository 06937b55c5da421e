"""What users say of answers, where the trace store has it: which complaints a sweep adds, and what the record keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.opinion_record import OpinionRecord
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.wiring.state_of_store import key_values_of
from assay.worker.wiring.stores import Part

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def feedback_sweep(runtime: Runtime, part: Part, deployment: Deployment) -> FeedbackSweep | None:
    """Adds what users complained about in one store. None where it has no such scores.

    Args:
        runtime: the deployment's.
        part: the store.
        deployment: the deployment with the use cases of this store alone.
    """
    store, state = part.store, runtime.state
    if not isinstance(store, WithReviewQueues):
        return None
    record, key_values = _opinion_record(runtime, part, deployment), key_values_of(state, part.mark)
    return FeedbackSweep(store.review_queues, store, state.windows.of(part.mark), key_values, deployment, record)


def _opinion_record(runtime: Runtime, part: Part, deployment: Deployment) -> OpinionRecord | None:
    """Takes opinions. None where the record cannot be opened: who writes rows tells of it."""
    try:
        writer = runtime.history.writer
    except ConfigurationError:
        return None
    key_values = key_values_of(runtime.state, part.mark)
    return OpinionRecord(writer, part.store, part.origin, deployment.use_cases, key_values)
