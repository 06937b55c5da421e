"""What users say of answers, where the trace store has it: which of their complaints a sweep adds."""

from __future__ import annotations

from assay.worker.config.deployment import Deployment
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.state import FleetState
from assay.worker.ports.store import Store


def feedback_sweep(store: Store, state: FleetState, deployment: Deployment) -> FeedbackSweep | None:
    """Adds what users complained about. None where the store has no such scores."""
    if not isinstance(store, WithReviewQueues):
        return None
    return FeedbackSweep(store.review_queues, store, state.windows, state.key_values, deployment)
