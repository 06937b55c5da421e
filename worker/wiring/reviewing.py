"""What brings answers to people and people's word into the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.flow.batching import only_store
from assay.worker.flow.review_draws import ReviewDraws
from assay.worker.flow.review_record import AskedReviews, ReviewLabels
from assay.worker.flow.reviews import Reviewer, ReviewReport
from assay.worker.ports.history import History
from assay.worker.wiring.stores import review_queues_of

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


async def review(runtime: Runtime) -> ReviewReport:
    """Put what waits into the queues people review, and read what they said; nothing where no use case has a queue.

    Raises:
        StateUnavailable
    """
    names = runtime.deployment.review_queues
    if not names:
        return ReviewReport()
    queues, state, stores = review_queues_of(runtime.store), runtime.state, runtime.stores
    draws, history = review_draws(runtime), _history(runtime)
    reviews = history.reviews if history and draws else None

    async def place_of(trace_id: str) -> tuple[str, str]:
        part = stores.part_of(trace_id)
        return part.origin, await part.store.project_id()

    reviewer = Reviewer(
        queues=queues,
        waiting=state.reviews,
        clock=runtime.clock,
        store_of=stores.mark_of if len(stores.parts) > 1 else only_store,
        asked=AskedReviews(reviews, place_of) if reviews else None,
    )
    report = await reviewer.review()
    if draws is None or reviews is None:
        return report
    now, drawn = runtime.clock.now(), {names[case] for case in await draws.known()}
    await draws.renew(now)
    read = await ReviewLabels(queues, reviews, state.key_values).read(sorted(drawn), now)
    return report + ReviewReport(read=read)


def review_draws(runtime: Runtime) -> ReviewDraws | None:
    """Which answers beside the flagged ones go to people. None: no use case draws any."""
    if not any(case.review_per_day and case.review_queue for case in runtime.deployment.use_cases):
        return None
    history = _history(runtime)
    return ReviewDraws(
        deployment=runtime.deployment,
        key_values=runtime.state.key_values,
        cuts={rubric.name: rubric.risk_labels.high for rubric in runtime.rubrics.values()},
        history=history.reader if history else None,
    )


def _history(runtime: Runtime) -> History | None:
    """The record. None where it cannot be opened: who writes rows tells of it."""
    try:
        return runtime.history
    except ConfigurationError:
        return None
